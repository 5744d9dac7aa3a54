package pglive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/backup/pgtext"
)

// Needs are the roles and tablespaces that a dump names and does not make.
type Needs struct {
	Roles       []string
	Tablespaces []string
}

func add(to *[]string, name string) {
	if name != "" && !slices.Contains(*to, name) {
		*to = append(*to, name)
	}
}

// See notes what one statement of the dump needs.
func (n *Needs) See(statement []byte) error {
	for _, start := range []string{"ALTER ", "GRANT ", "REVOKE ", "CREATE POLICY ", "CREATE USER MAPPING ", "SET "} {
		if bytes.HasPrefix(statement, []byte(start)) {
			n.look(pgtext.Words(statement))
			return nil
		}
	}
	return nil
}

// look goes through the words of a statement. Keywords are written in capitals,
// names in capitals only within quotes.
func (n *Needs) look(words []string) {
	after := func(keywords ...string) int {
		for i := range words {
			if i+len(keywords) < len(words) && slices.Equal(words[i:i+len(keywords)], keywords) {
				return i + len(keywords)
			}
		}
		return -1
	}
	if len(words) < 4 {
		return
	}
	switch first := words[0]; {
	case first == "SET" && words[1] == "default_tablespace":
		add(&n.Tablespaces, pgtext.Unquoted(words[3]))
	case first == "SET" && words[1] == "SESSION" && words[3] != "DEFAULT":
		add(&n.Roles, pgtext.Unquoted(words[3]))
	case first == "SET":
	case first == "CREATE" && words[1] == "POLICY":
		if at := after("TO"); at > 0 {
			n.list(words[at:])
		}
	case first == "CREATE":
		if at := after("FOR"); at > 0 {
			n.list(words[at:])
		}
	case first == "ALTER" && words[1] != "DEFAULT":
		if at := after("OWNER", "TO"); at > 0 {
			n.list(words[at:])
		}
	default:
		if at := after("FOR", "ROLE"); at > 0 {
			n.list(words[at:])
		}
		n.privileges(words)
	}
}

// privileges takes those whom GRANT and REVOKE are about, also as defaults.
func (n *Needs) privileges(words []string) {
	for i := len(words) - 1; i > 0; i-- {
		if words[i] == "TO" || words[i] == "FROM" {
			n.list(words[i+1:])
			return
		}
	}
}

// list takes names with commas between them.
func (n *Needs) list(words []string) {
	for i := 0; i < len(words); i += 2 {
		if words[i] != "PUBLIC" {
			add(&n.Roles, pgtext.Unquoted(words[i]))
		}
		if i+1 >= len(words) || words[i+1] != "," {
			return
		}
	}
}

// Detail notes what a database as such needs, which its dump does not say.
func (n *Needs) Detail(detail map[string]string) error {
	add(&n.Roles, detail["owner"])
	add(&n.Tablespaces, detail["tablespace"])
	grants, err := grants(detail["acl"])
	if err != nil {
		return err
	}
	for _, g := range grants {
		add(&n.Roles, g.role)
	}
	settings, err := settingsOf(detail)
	for _, s := range settings {
		add(&n.Roles, s.Role)
	}
	return err
}

type roleSettings struct {
	Role     string   `json:"role"` // "" for all
	Settings []string `json:"settings"`
}

func settingsOf(detail map[string]string) ([]roleSettings, error) {
	if detail["settings"] == "" {
		return nil, nil
	}
	var all []roleSettings
	if err := json.Unmarshal([]byte(detail["settings"]), &all); err != nil {
		return nil, fmt.Errorf("read settings of the database in the manifest: %w", err)
	}
	return all, nil
}

// grant is an entry of an access list; role "" is everybody.
type grant struct {
	role        string
	rights      []string
	grantOption []string
}

// grants reads an access list as the server writes it: {=Tc/app,"a b=c*/app"}.
func grants(acl string) ([]grant, error) {
	acl = strings.TrimSuffix(strings.TrimPrefix(acl, "{"), "}")
	if acl == "" {
		return nil, nil
	}
	var all []grant
	for _, item := range elements(acl) {
		role, rest := item, ""
		if strings.HasPrefix(item, `"`) {
			for end := 1; end < len(item); end++ {
				if item[end] != '"' {
					continue
				}
				if end+1 < len(item) && item[end+1] == '"' {
					end++
					continue
				}
				role, rest = strings.ReplaceAll(item[1:end], `""`, `"`), item[end+1:]
				break
			}
		} else if at := strings.IndexByte(item, '='); at >= 0 {
			role, rest = item[:at], item[at:]
		}
		rights, ok := strings.CutPrefix(rest, "=")
		rights, _, made := strings.Cut(rights, "/")
		if !ok || !made {
			return nil, fmt.Errorf("read access list of the database in the manifest: %q is no entry", item)
		}
		g := grant{role: role}
		for i, c := range rights {
			name := map[rune]string{'C': "CREATE", 'T': "TEMPORARY", 'c': "CONNECT"}[c]
			switch {
			case c == '*':
			case name == "":
				return nil, fmt.Errorf("read access list of the database in the manifest: %q holds the unknown right %c", item, c)
			case strings.HasPrefix(rights[i+1:], "*"):
				g.grantOption = append(g.grantOption, name)
			default:
				g.rights = append(g.rights, name)
			}
		}
		all = append(all, g)
	}
	return all, nil
}

// elements splits the text of an array of one dimension.
func elements(text string) []string {
	var all []string
	var one strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text):
			i++
			one.WriteByte(text[i])
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			all = append(all, one.String())
			one.Reset()
		default:
			one.WriteByte(c)
		}
	}
	return append(all, one.String())
}
