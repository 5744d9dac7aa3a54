package pglive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/fault"
)

// Place says where a database comes back, as far as it is known: before each
// change, what is about to change; after it, what it has become.
type Place struct {
	Target string `json:"target"` // the name that the restored database is to have
	Name   string `json:"name"`   // which it has until then
	// Session is the name of the sessions that work on it.
	Session string `json:"session"`
	OID     int64  `json:"oid"` // 0 before it is there
	// Old is the name that the database under the target's name gets, "" where
	// there is none.
	Old    string `json:"old,omitempty"`
	OldOID int64  `json:"old_oid,omitempty"`
	// Roles and Tablespaces that the server lacked, with their number once they
	// were made.
	Roles       []Made `json:"roles,omitempty"`
	Tablespaces []Made `json:"tablespaces,omitempty"`
}

// Made is a role or tablespace.
type Made struct {
	Name string `json:"name"`
	OID  int64  `json:"oid,omitempty"`
}

// Back undoes what was done at a place, however far it came: what had the
// target's name has it again, a database that never had it goes, and so do
// roles and tablespaces that were made and are not used. It may be repeated.
// The names of what stays come back as lines to say.
func (s *Server) Back(ctx context.Context, p *Place, at time.Time) (said []string, err error) {
	if err := s.Quiet(ctx); err != nil {
		return nil, err
	}
	made, err := s.made(ctx, p)
	if err != nil {
		return nil, err
	}
	switch {
	case made == nil:
	case made.Name == p.Name:
		if err := s.Drop(ctx, made.Name); err != nil {
			return nil, err
		}
	case made.Name == p.Target:
		kept, err := s.Free(ctx, p.Target, "undone", at)
		if err != nil {
			return nil, err
		}
		if err := s.giveBack(ctx, p, made, kept); err != nil {
			return nil, err
		}
		said = append(said, fmt.Sprintf("the restored database stays as %s; drop it with: DROP DATABASE %s", kept, Ident(kept)))
	}
	more, err := s.unmake(ctx, p)
	return append(said, more...), err
}

// Holds proves that the restored database has the target's name.
func (s *Server) Holds(ctx context.Context, p *Place) (evidence string, err error) {
	found, err := s.Named(ctx, p.Target)
	if err != nil {
		return "", err
	}
	if found == nil || found.OID != p.OID {
		return "", fmt.Errorf("database %s at %s is not the restored one", p.Target, s.Origin())
	}
	evidence = "database " + p.Target + " is the restored one"
	if p.OldOID != 0 {
		evidence += ", what was there is " + p.Old
	}
	return evidence, nil
}

// made is the database of a place, whatever its name is now.
func (s *Server) made(ctx context.Context, p *Place) (*Database, error) {
	switch {
	case p.OID != 0:
		return s.Numbered(ctx, p.OID)
	case p.Name != "":
		return s.Named(ctx, p.Name)
	}
	return nil, nil //nolint:nilnil // there is none
}

// giveBack takes the target's name from the restored database.
func (s *Server) giveBack(ctx context.Context, p *Place, made *Database, kept string) error {
	moves := []move{{made.OID, p.Target, kept}}
	if p.OldOID != 0 {
		old, err := s.Numbered(ctx, p.OldOID)
		if err != nil {
			return err
		}
		if old == nil {
			return fault.New(fault.Missing, "take what you need from "+p.Target+", or restore another set",
				fmt.Errorf("go back to the old database %s: it was dropped since", p.Old))
		}
		moves = append(moves, move{old.OID, old.Name, p.Target})
	}
	return s.rename(ctx, moves, "")
}

// Is tells how a place stands after Back: nil when all is as it was.
func (s *Server) Is(ctx context.Context, p *Place) (evidence string, err error) {
	made, err := s.made(ctx, p)
	if err != nil {
		return "", err
	}
	if made != nil && (made.Name == p.Name || made.Name == p.Target) {
		return "", fmt.Errorf("database %s is still there as %s", p.Name, made.Name)
	}
	if p.OldOID == 0 {
		return "nothing restored has the name " + p.Target, nil
	}
	old, err := s.Named(ctx, p.Target)
	if err != nil {
		return "", err
	}
	if old == nil || old.OID != p.OldOID {
		return "", fmt.Errorf("database %s is not the one that it was", p.Target)
	}
	return fmt.Sprintf("%s is the database that it was (number %d)", p.Target, p.OldOID), nil
}

// unmake drops roles and tablespaces that were made. One that is used since
// stays: it belongs to somebody.
func (s *Server) unmake(ctx context.Context, p *Place) (said []string, err error) {
	drop := func(kind, catalogue, column, key string, all []Made) {
		for _, one := range slices.Backward(all) {
			var number int64
			ask := fmt.Sprintf("SELECT to_json(%s::bigint) FROM %s WHERE %s = %s", key, catalogue, column, Literal(one.Name))
			if bad := s.Query(ctx, s.Door, maintenance, ask, &number); bad != nil {
				err = errors.Join(err, bad)
				continue
			}
			if number == 0 || one.OID != 0 && one.OID != number {
				continue // gone, or somebody else's
			}
			if bad := s.execute(ctx, maintenance, "DROP "+kind+" "+Ident(one.Name)); bad != nil {
				said = append(said, fmt.Sprintf("%s %s stays, it is in use: %v", strings.ToLower(kind), one.Name, bad))
			}
		}
	}
	drop("TABLESPACE", "pg_tablespace", "spcname", "oid", p.Tablespaces)
	drop("ROLE", "pg_roles", "rolname", "oid", p.Roles)
	return said, err
}
