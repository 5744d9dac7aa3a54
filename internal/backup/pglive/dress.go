package pglive

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// creation is the statement that makes a database like the one that was dumped.
func creation(name string, version int, detail map[string]string) string {
	sql := fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING %s LC_COLLATE %s LC_CTYPE %s",
		Ident(name), Literal(detail["encoding"]), Literal(detail["collate"]), Literal(detail["ctype"]))
	if version >= 150000 {
		switch detail["provider"] {
		case "i":
			sql += " LOCALE_PROVIDER icu ICU_LOCALE " + Literal(detail["icu_locale"])
		case "b":
			sql += " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + Literal(detail["icu_locale"])
		default:
			sql += " LOCALE_PROVIDER libc"
		}
	}
	if place := detail["tablespace"]; place != "" && place != "pg_default" {
		sql += " TABLESPACE " + Ident(place)
	}
	if owner := detail["owner"]; owner != "" {
		sql += " OWNER " + Ident(owner)
	}
	return sql
}

// rights are the statements for the access list and the limit of a database,
// which its dump does not carry.
func rights(name string, detail map[string]string) ([]string, error) {
	var all []string
	list, err := grants(detail["acl"])
	if err != nil {
		return nil, err
	}
	on := " ON DATABASE " + Ident(name)
	if detail["acl"] != "" { // {} is one, too: nobody but the owner of the server may
		all = append(all, "REVOKE ALL"+on+" FROM PUBLIC", "REVOKE ALL"+on+" FROM "+Ident(detail["owner"]))
	}
	for _, g := range list {
		to := "PUBLIC"
		if g.role != "" {
			to = Ident(g.role)
		}
		if len(g.rights) > 0 {
			all = append(all, "GRANT "+strings.Join(g.rights, ", ")+on+" TO "+to)
		}
		if len(g.grantOption) > 0 {
			all = append(all, "GRANT "+strings.Join(g.grantOption, ", ")+on+" TO "+to+" WITH GRANT OPTION")
		}
	}
	if limit, err := strconv.Atoi(detail["connection_limit"]); err == nil && limit >= 0 {
		all = append(all, "ALTER DATABASE "+Ident(name)+" CONNECTION LIMIT "+strconv.Itoa(limit))
	}
	return all, nil
}

// settings are the statements for the settings of a database, for all roles
// and for single ones.
func settings(name string, detail map[string]string) ([]string, error) {
	var all []string
	list, err := settingsOf(detail)
	for _, s := range list {
		whose := "ALTER DATABASE " + Ident(name)
		if s.Role != "" {
			whose = "ALTER ROLE " + Ident(s.Role) + " IN DATABASE " + Ident(name)
		}
		for _, line := range s.Settings {
			key, value, _ := strings.Cut(line, "=")
			all = append(all, whose+" SET "+Ident(key)+" TO "+settingValue(key, value))
		}
	}
	return all, err
}

// settingValue writes a value. Those that are lists of names are kept with the
// names quoted, and are given as one text a name.
func settingValue(key, value string) string {
	switch strings.ToLower(key) {
	case "search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries", "shared_preload_libraries", "unix_socket_directories":
	default:
		return Literal(value)
	}
	var names []string
	for _, name := range nameList(value) {
		names = append(names, Literal(name))
	}
	return strings.Join(names, ", ")
}

// nameList splits `"$user", public` as the server does.
func nameList(value string) []string {
	var all []string
	var one strings.Builder
	for i, quoted := 0, false; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"' && quoted && strings.HasPrefix(value[i+1:], `"`):
			one.WriteByte(c)
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			all = append(all, one.String())
			one.Reset()
		case c == ' ' && !quoted:
		default:
			one.WriteByte(c)
		}
	}
	return append(all, one.String())
}

// Dress gives a database what its dump does not carry. Settings that this
// server refuses come back as warnings: data without them is better than none.
func (s *Server) Dress(ctx context.Context, name string, detail map[string]string) (warnings []string, err error) {
	give, err := rights(name, detail)
	if err == nil && len(give) > 0 {
		err = s.execute(ctx, maintenance, strings.Join(give, "; "))
	}
	if err != nil {
		return nil, fmt.Errorf("give %s its rights back: %w", name, err)
	}
	set, err := settings(name, detail)
	if err != nil {
		return nil, err
	}
	for _, one := range set {
		if err := s.execute(ctx, maintenance, one); ctx.Err() != nil {
			return warnings, err
		} else if err != nil {
			warnings = append(warnings, fmt.Sprintf("a setting could not be given back (%s): %v", one, err))
		}
	}
	return warnings, nil
}
