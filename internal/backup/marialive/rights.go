package marialive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// rights refuses a login that could begin a restore and not finish it.
func (m *Server) rights(ctx context.Context, live string) error {
	has, err := rows[string](ctx, m, "SELECT DISTINCT JSON_QUOTE(PRIVILEGE_TYPE) FROM information_schema.USER_PRIVILEGES WHERE "+mine)
	if err != nil {
		return err
	}
	lacks := func(has []string, needed ...string) []string {
		return slices.DeleteFunc(needed, func(right string) bool { return slices.Contains(has, right) })
	}
	var why []string
	hint := "let an administrator restore, or grant it: GRANT ALL ON *.* TO "
	if lacking := lacks(has, "SELECT", "INSERT", "CREATE", "DROP", "ALTER", "INDEX", "REFERENCES", "LOCK TABLES", "TRIGGER", "CREATE VIEW", "SHOW VIEW", "CREATE ROUTINE", "ALTER ROUTINE", "EVENT"); len(lacking) > 0 {
		why = append(why, fmt.Sprintf("it lacks %s on *.*, and a restore makes databases", strings.Join(lacking, ", ")))
	}
	again, err := m.toGiveAgain(ctx, live)
	if err != nil {
		return err
	}
	option := ""
	if len(again) > 0 {
		more, err := m.grantable(ctx, live)
		if err != nil {
			return err
		}
		needed := []string{grantOption}
		for _, g := range again {
			needed = append(needed, g.rights()...)
		}
		slices.Sort(needed)
		if lacking := lacks(append(has, more...), slices.Compact(needed)...); len(lacking) > 0 {
			why = append(why, fmt.Sprintf("it lacks %s, by which it could give again what goes with a routine: %s", strings.Join(lacking, ", "), some(again, live)))
			option = " WITH " + grantOption
		}
	}
	if len(why) == 0 {
		return nil
	}
	who, err := row[string](ctx, m, "SELECT JSON_QUOTE(CURRENT_USER())")
	if err != nil {
		return err
	}
	return fault.New(fault.Missing, hint+account(who)+option, fmt.Errorf("check rights of %s: %w", who, errors.New(strings.Join(why, "; "))))
}

// mine is the condition that a row of information_schema is of this login.
const mine = "(GRANTEE = CONCAT('''', REPLACE(CURRENT_USER(), '@', '''@'''), '''') OR GRANTEE = CONCAT('''', CURRENT_ROLE(), ''''))"

// toGiveAgain are the rights on the routines of a database. A restore drops
// these, and their rights go with them.
func (m *Server) toGiveAgain(ctx context.Context, live string) ([]grant, error) {
	all, err := m.grants(ctx, live)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	now, err := m.Objects(ctx, live)
	return of(all, now.Routines), err
}

// grantable are the rights that the login has on one database alone, and the
// right to pass on what it has, there or everywhere.
func (m *Server) grantable(ctx context.Context, live string) ([]string, error) {
	// The name in a grant is a pattern, and a backslash escapes in it.
	there := "IF(@@lower_case_table_names = 0, CAST(" + quoteText(live) + " AS BINARY), LOWER(" + quoteText(live) + ")) LIKE TABLE_SCHEMA ESCAPE '\\'"
	return rows[string](ctx, m, "SELECT JSON_QUOTE(PRIVILEGE_TYPE) FROM information_schema.SCHEMA_PRIVILEGES WHERE "+mine+" AND "+there+
		" UNION SELECT '\""+grantOption+"\"' FROM information_schema.SCHEMA_PRIVILEGES WHERE "+mine+" AND IS_GRANTABLE = 'YES' AND "+there+
		" UNION SELECT '\""+grantOption+"\"' FROM information_schema.USER_PRIVILEGES WHERE "+mine+" AND IS_GRANTABLE = 'YES'")
}

// some are a few grants as a person reads them.
func some(all []grant, database string) string {
	const most = 3
	var shown []string
	for _, g := range all[:min(most, len(all))] {
		shown = append(shown, g.statement(database))
	}
	text := strings.Join(shown, "; ")
	if len(all) > most {
		text += fmt.Sprintf("; and %d more", len(all)-most)
	}
	return text
}

// account quotes user@host for SQL.
func account(who string) string {
	at := strings.LastIndexByte(who, '@')
	if at < 0 {
		return quoteText(who)
	}
	return quoteText(who[:at]) + "@" + quoteText(who[at+1:])
}
