package pglive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"iact-infra/internal/backup/pgtext"
)

// Globals are what a server has besides its databases, as far as another one
// lacks it: roles with their memberships, and tablespaces.
type Globals struct {
	Roles       []string
	Tablespaces []string

	roles   []string // statements
	places  []string
	secrets []string // passwords in the statements
}

// ReadGlobals reads what pg_dumpall --globals-only wrote, and keeps the roles
// that a server lacks and the tablespaces that it lacks and the dump needs. What
// the server has is never changed; so a role that is there becomes no member of
// one that is not.
func ReadGlobals(text io.Reader, f *Facts, lacking *Needs) (*Globals, error) {
	g := &Globals{}
	err := pgtext.Walk(text, pgtext.Visitor{Statement: func(statement []byte) error {
		g.see(string(statement), pgtext.Words(statement), f, lacking)
		return nil
	}})
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	return g, nil
}

func (g *Globals) see(statement string, words []string, f *Facts, lacking *Needs) {
	at := func(n int) string {
		if n < len(words) {
			return words[n]
		}
		return ""
	}
	object := pgtext.Unquoted(at(2))
	switch start := at(0) + " " + at(1); start {
	case "CREATE ROLE":
		if !slices.Contains(f.Roles, object) {
			add(&g.Roles, object)
			g.roles = append(g.roles, statement)
		}
	case "ALTER ROLE":
		if slices.Contains(g.Roles, object) && at(3) != "IN" {
			g.roles = append(g.roles, statement)
			if i := slices.Index(words, "PASSWORD"); i > 0 && i+1 < len(words) {
				written := words[i+1]
				g.secrets = append(g.secrets, strings.Trim(written, "'"), pgtext.Unquoted(written))
			}
		}
	case "CREATE TABLESPACE", "ALTER TABLESPACE":
		if slices.Contains(lacking.Tablespaces, object) {
			add(&g.Tablespaces, object)
			g.places = append(g.places, statement)
		}
	case "COMMENT ON":
		switch name := pgtext.Unquoted(at(3)); {
		case object == "ROLE" && slices.Contains(g.Roles, name):
			g.roles = append(g.roles, statement)
		case object == "TABLESPACE" && slices.Contains(g.Tablespaces, name):
			g.places = append(g.places, statement)
		}
	default:
		g.granted(statement, words)
	}
}

// granted keeps memberships of new roles and rights of theirs, and rights on
// new tablespaces. Who has granted it may be nobody here: who restores grants.
func (g *Globals) granted(statement string, words []string) {
	if len(words) < 4 || words[0] != "GRANT" && words[0] != "REVOKE" {
		return
	}
	to := slices.IndexFunc(words, func(w string) bool { return w == "TO" || w == "FROM" })
	if to < 0 || to+1 >= len(words) {
		return
	}
	if on := slices.Index(words, "ON"); on > 0 && on+2 < len(words) && words[on+1] == "TABLESPACE" {
		if slices.Contains(g.Tablespaces, pgtext.Unquoted(words[on+2])) {
			g.places = append(g.places, statement)
		}
		return
	}
	if slices.Contains(g.Roles, pgtext.Unquoted(words[to+1])) {
		if by := strings.Index(statement, " GRANTED BY "); by > 0 {
			statement = statement[:by] + ";"
		}
		g.roles = append(g.roles, statement)
	}
}

// Empty says that the server lacks nothing of them.
func (g *Globals) Empty() bool { return len(g.Roles)+len(g.Tablespaces) == 0 }

// Shown are the statements for people, without passwords.
func (g *Globals) Shown() []string {
	hide := []string{}
	for _, secret := range g.secrets {
		hide = append(hide, secret, "***")
	}
	var all []string
	for _, statement := range slices.Concat(g.roles, g.places) {
		all = append(all, strings.NewReplacer(hide...).Replace(statement))
	}
	return all
}

// Missing is what of the needs remains when the globals are there.
func (g *Globals) Missing(lacking *Needs) *Needs {
	left := &Needs{}
	for _, role := range lacking.Roles {
		if !slices.Contains(g.Roles, role) {
			left.Roles = append(left.Roles, role)
		}
	}
	for _, place := range lacking.Tablespaces {
		if !slices.Contains(g.Tablespaces, place) {
			left.Tablespaces = append(left.Tablespaces, place)
		}
	}
	return left
}

// Make makes them: the roles in one transaction, then the tablespaces, which
// know none. The statements go through standard input: they hold passwords.
func (s *Server) Make(ctx context.Context, g *Globals) error {
	c := s.client("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", maintenance, "-f", "-")
	c.Changes = true
	c.Secrets = append(c.Secrets, g.secrets...)
	if len(g.roles) > 0 {
		text := "BEGIN;\n" + strings.Join(g.roles, "\n") + "\nCOMMIT;\n"
		if err := s.Door.Feed(ctx, c, strings.NewReader(text)); err != nil {
			return fmt.Errorf("create roles %s: %w", some(g.Roles), err)
		}
	}
	if len(g.places) > 0 {
		if err := s.Door.Feed(ctx, c, strings.NewReader(strings.Join(g.places, "\n")+"\n")); err != nil {
			return fmt.Errorf("create tablespaces %s: %w", some(g.Tablespaces), err)
		}
	}
	return nil
}

// Numbers gives what was made its numbers.
func (s *Server) Numbers(ctx context.Context, g *Globals) (roles, places []Made, err error) {
	ask := func(names []string, catalogue, column string) (all []Made) {
		for _, name := range names {
			one := Made{Name: name}
			err = errors.Join(err, s.Query(ctx, s.Door, maintenance, fmt.Sprintf("SELECT to_json(oid::bigint) FROM %s WHERE %s = %s", catalogue, column, Literal(name)), &one.OID))
			all = append(all, one)
		}
		return all
	}
	return ask(g.Roles, "pg_roles", "rolname"), ask(g.Tablespaces, "pg_tablespace", "spcname"), err
}

// Names are what is about to be made, which has no numbers yet.
func (g *Globals) Names() (roles, places []Made) {
	for _, name := range g.Roles {
		roles = append(roles, Made{Name: name})
	}
	for _, name := range g.Tablespaces {
		places = append(places, Made{Name: name})
	}
	return roles, places
}
