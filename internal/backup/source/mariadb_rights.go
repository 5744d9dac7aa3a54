package source

import (
	"regexp"
	"slices"
	"strings"
)

// granted reads SHOW GRANTS, which names the rights of roles, too.
func (d *MariaDBDatabase) granted(grants [][]string, database string) {
	form := regexp.MustCompile("^GRANT (.+) ON (\\*|`(?:[^`]|``)*`)\\.(\\*|`(?:[^`]|``)*`) TO ")
	for _, row := range grants {
		found := form.FindStringSubmatch(row[0])
		if found == nil {
			continue
		}
		rights, schema, table := strings.Split(found[1], ", "), unquoted(found[2]), unquoted(found[3])
		if table == "*" && (found[2] == "*" || like(schema, database)) {
			d.rights = append(d.rights, rights...)
		}
		reads := slices.Contains(rights, "SELECT") || slices.Contains(rights, "ALL PRIVILEGES")
		if reads && (found[2] == "*" || schema == "mysql" && (table == "*" || table == "proc")) {
			d.Routines = true
		}
	}
	for _, one := range []string{"ALL PRIVILEGES", "EXECUTE", "CREATE ROUTINE", "ALTER ROUTINE", "SHOW CREATE ROUTINE"} {
		d.Routines = d.Routines || slices.Contains(d.rights, one) // it sees them all, and the dump fails when it may not read one
	}
}

// lacks lists the rights without which a dump fails, or leaves out what it
// cannot see.
func (d *MariaDBDatabase) lacks(lock bool) []string {
	need := []string{"SELECT", "TRIGGER", "EVENT"}
	if d.Views {
		need = append(need, "SHOW VIEW")
	}
	if lock {
		need = append(need, "LOCK TABLES")
	}
	if slices.Contains(d.rights, "ALL PRIVILEGES") {
		return nil
	}
	return slices.DeleteFunc(need, func(right string) bool { return slices.Contains(d.rights, right) })
}

// like matches the pattern of a GRANT: % and _ as in LIKE.
func like(pattern, name string) bool {
	var form strings.Builder
	escaped := false
	for _, c := range pattern {
		switch {
		case escaped:
			form.WriteString(regexp.QuoteMeta(string(c)))
		case c == '%':
			form.WriteString(".*")
		case c == '_':
			form.WriteString(".")
		case c != '\\':
			form.WriteString(regexp.QuoteMeta(string(c)))
		}
		escaped = c == '\\' && !escaped
	}
	match, err := regexp.MatchString("(?s)^"+form.String()+"$", name)
	return err == nil && match
}

func unquoted(name string) string {
	return strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(name, "`"), "`"), "``", "`")
}

func backticks(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// account is name@host as a statement writes it.
func account(user string) string {
	at := strings.LastIndex(user, "@")
	if at < 0 {
		return backticks(user)
	}
	return backticks(user[:at]) + "@" + backticks(user[at+1:])
}
