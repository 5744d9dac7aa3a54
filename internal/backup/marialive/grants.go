package marialive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// grant is a right on one routine, which goes when the routine is dropped.
type grant struct {
	Routine string `json:"r"` // kind and name as Objects has them, in the case that the grant was typed in
	Rights  string `json:"p"`
	User    string `json:"u"`
	Host    string `json:"h"`
}

// grants reads the rights on single routines. A login that may not read them
// has none to give back.
func (m *Server) grants(ctx context.Context, database string) ([]grant, error) {
	all, err := rows[grant](ctx, m, "SELECT JSON_OBJECT('r', CONCAT(Routine_type, ' ', Routine_name), 'p', Proc_priv, 'u', User, 'h', Host)"+
		" FROM mysql.procs_priv WHERE "+same("Db", database)+" ORDER BY Routine_type, Routine_name, User, Host")
	if err != nil && strings.Contains(err.Error(), "ERROR 1142 ") {
		return nil, nil
	}
	return all, err
}

// granting is the mode in which rights are given: it knows packages, and a user
// who is gone does not come back without a password.
const granting = "SET SESSION sql_mode = 'ORACLE,NO_BACKSLASH_ESCAPES,NO_AUTO_CREATE_USER';\n"

// giveBack gives the rights again that went when an exchange dropped routines.
// It never fails: the tables have changed places by then, and no right is worth
// to leave that half done. What is lacking in the end is told in e.Lost.
func (m *Server) giveBack(ctx context.Context, e *Exchange, routines []string) {
	e.Lost = ""
	wanted := of(e.Grants, routines)
	lacking, err := m.lacking(ctx, e.Live, wanted)
	if err == nil && len(lacking) > 0 {
		var text strings.Builder
		text.WriteString(granting)
		for _, g := range lacking {
			text.WriteString(g.statement(e.Live) + ";\n")
		}
		if err = m.change(ctx, "", strings.NewReader(text.String())); err == nil {
			return
		}
		// One that is refused is in the way of none behind it.
		all := m.client("")
		all.Args, all.Changes = append(all.Args, "--force"), true
		_ = m.Door.Feed(ctx, all, after(all.Stdin, strings.NewReader(text.String())))
		if left, unknown := m.lacking(ctx, e.Live, wanted); unknown == nil {
			lacking = left
		}
	}
	if len(lacking) > 0 {
		e.Lost = lost(e.Live, lacking, err)
	}
}

// lacking are those of some rights that nobody has now, all of them if the
// server does not say.
func (m *Server) lacking(ctx context.Context, database string, wanted []grant) ([]grant, error) {
	if len(wanted) == 0 {
		return nil, nil
	}
	now, err := m.grants(ctx, database)
	if err != nil {
		return wanted, err
	}
	return slices.DeleteFunc(slices.Clone(wanted), func(g grant) bool { return slices.ContainsFunc(now, g.within) }), nil
}

// within says whether another grant gives all that this one gives.
func (g grant) within(other grant) bool {
	if g.User != other.User || g.Host != other.Host || !strings.EqualFold(g.Routine, other.Routine) {
		return false
	}
	has := strings.Split(other.Rights, ",")
	return !slices.ContainsFunc(strings.Split(g.Rights, ","), func(right string) bool { return !slices.Contains(has, right) })
}

// of keeps the rights on some routines, whose names know no case.
func of(all []grant, routines []string) []grant {
	var kept []grant
	for _, g := range all {
		if slices.ContainsFunc(routines, func(one string) bool { return strings.EqualFold(one, g.Routine) }) {
			kept = append(kept, g)
		}
	}
	return kept
}

// lost says which rights are gone, and how a person gives them again.
func lost(database string, lacking []grant, why error) string {
	statements := make([]string, len(lacking))
	for i, g := range lacking {
		statements[i] = g.statement(database) + ";"
		if kind, _ := routine(g.Routine); strings.HasPrefix(kind, "PACKAGE") {
			statements[i] = "SET sql_mode = 'ORACLE'; " + statements[i]
		}
	}
	return fmt.Sprintf("rights on routines of %s are lost, which this login could not give again (%s). Let an administrator type: %s", database, reason(why), strings.Join(statements, " "))
}

// reason is what the server said, without the client's name and exit code.
func reason(err error) string {
	var ended *command.Error
	if !errors.As(err, &ended) {
		return err.Error()
	}
	said := ended.Error()
	if at := strings.Index(said, "ERROR "); at >= 0 {
		return said[at:]
	}
	return said
}

func (g grant) statement(database string) string {
	kind, name := routine(g.Routine)
	rights, option := g.rights(), ""
	if i := slices.Index(rights, grantOption); i >= 0 {
		rights, option = slices.Delete(rights, i, i+1), " WITH GRANT OPTION"
	}
	if len(rights) == 0 {
		rights = []string{"USAGE"}
	}
	who := quoteText(g.User) + "@" + quoteText(g.Host)
	if g.Host == "" {
		who = quoteText(g.User)
	}
	return fmt.Sprintf("GRANT %s ON %s %s TO %s%s", strings.Join(rights, ", "), kind, qualified(database, name), who, option)
}

const grantOption = "GRANT OPTION"

// rights are what it takes to give the grant, as SHOW GRANTS calls them.
func (g grant) rights() []string {
	var all []string
	for right := range strings.SplitSeq(g.Rights, ",") {
		switch right {
		case "":
		case "Grant":
			all = append(all, grantOption)
		default:
			all = append(all, strings.ToUpper(right))
		}
	}
	return all
}
