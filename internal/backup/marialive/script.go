package marialive

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// script is an exchange as SQL. The server takes the first part as one
// statement, which a client that is killed does not tear apart.
func (m *Server) script(ctx context.Context, e *Exchange, to side) ([]byte, error) {
	live, err := m.Objects(ctx, e.Live)
	if err != nil {
		return nil, err
	}
	var incoming, moves []string
	if to.from != "" {
		for _, t := range live.Tables {
			moves = append(moves, qualified(e.Live, t)+" TO "+qualified(to.aside, t))
		}
		arriving, err := m.Objects(ctx, to.from)
		if err != nil {
			return nil, err
		}
		incoming = arriving.Tables
		for _, t := range incoming {
			moves = append(moves, qualified(to.from, t)+" TO "+qualified(e.Live, t))
		}
	}
	var b strings.Builder
	b.WriteString(mode)
	b.WriteString("SET SESSION lock_wait_timeout = 5;\nDELIMITER ;;\nBEGIN NOT ATOMIC\n")
	fmt.Fprintf(&b, " IF GET_LOCK(%s, 60) IS NOT TRUE THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'another restore of this database is under way'; END IF;\n", quoteText(lockName(e.Live)))
	if len(moves) > 0 {
		b.WriteString(" BEGIN\n  DECLARE CONTINUE HANDLER FOR 1094, 1095, 1227 BEGIN END;\n")
		fmt.Fprintf(&b, "  FOR s IN (SELECT ID FROM information_schema.PROCESSLIST WHERE %s AND ID <> CONNECTION_ID() AND COMMAND NOT IN ('Daemon', 'Binlog Dump')) DO KILL s.ID; END FOR;\n END;\n", same("DB", e.Live))
	}
	for _, t := range live.Triggers {
		fmt.Fprintf(&b, " DROP TRIGGER IF EXISTS %s;\n", qualified(e.Live, t))
	}
	for _, v := range live.Views {
		if slices.Contains(incoming, v) {
			fmt.Fprintf(&b, " DROP VIEW IF EXISTS %s;\n", qualified(e.Live, v))
		}
	}
	if len(moves) > 0 {
		b.WriteString(" RENAME TABLE " + strings.Join(moves, ",\n  ") + ";\n")
	}
	b.WriteString("END;;\nDELIMITER ;\n")
	for _, one := range live.Events {
		fmt.Fprintf(&b, "DROP EVENT IF EXISTS %s;\n", qualified(e.Live, one))
	}
	for _, one := range live.Routines {
		kind, name := routine(one)
		b.WriteString(spoken(kind, fmt.Sprintf("DROP %s IF EXISTS %s;\n", kind, qualified(e.Live, name))))
	}
	for _, one := range live.Views {
		fmt.Fprintf(&b, "DROP VIEW IF EXISTS %s;\n", qualified(e.Live, one))
	}
	fmt.Fprintf(&b, "ALTER DATABASE %s%s;\nUSE %[1]s;\n", quoteName(e.Live), to.becomes.clause())
	b.Write(to.text)
	b.WriteString("\n" + mode)
	return []byte(b.String()), nil
}

// spoken puts a statement about a package into the only mode that knows them.
func spoken(kind, statement string) string {
	if !strings.HasPrefix(kind, "PACKAGE") {
		return statement
	}
	return "SET SESSION sql_mode = 'ORACLE';\n" + statement + mode
}

// routine splits what Objects says about one; a kind may have two words.
func routine(one string) (kind, name string) {
	if rest, ok := strings.CutPrefix(one, "PACKAGE BODY "); ok {
		return "PACKAGE BODY", rest
	}
	kind, name, _ = strings.Cut(one, " ")
	return kind, name
}

func qualified(database, name string) string { return quoteName(database) + "." + quoteName(name) }
