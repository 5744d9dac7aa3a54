package pglive

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// move is one database that changes its name.
type move struct {
	oid      int64
	from, to string
}

// Take lets the restored database have the target's name, and the one that has
// it now the old name. remark is the comment that the restored one keeps.
func (s *Server) Take(ctx context.Context, p *Place, remark string) error {
	moves := []move{{p.OID, p.Name, p.Target}}
	if p.OldOID != 0 {
		moves = []move{{p.OldOID, p.Target, p.Old}, moves[0]}
	}
	return s.rename(ctx, moves, comment(p.Target, remark))
}

// rename changes names in one transaction, while another session ends those
// that are in the way. It takes as long as the slowest of them needs to end.
func (s *Server) rename(ctx context.Context, moves []move, also string) error {
	const tries = 3 // a session may be slow to end, the server takes 5 s for the wait
	var err error
	for range tries {
		if err = s.tryRename(ctx, moves, also); err == nil || ctx.Err() != nil {
			break
		}
		// The answer may have been lost, not the work.
		if last := moves[len(moves)-1]; s.holds(ctx, last.oid, last.to) {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("rename database %s to %s: %w", moves[0].from, moves[0].to, err)
	}
	return nil
}

func (s *Server) holds(ctx context.Context, oid int64, name string) bool {
	found, err := s.Numbered(ctx, oid)
	return err == nil && found != nil && found.Name == name
}

// exchange is the SQL by which databases change their names.
func exchange(moves []move) []string {
	var all []string
	for _, m := range moves {
		all = append(all, "ALTER DATABASE "+Ident(m.from)+" RENAME TO "+Ident(m.to))
	}
	return all
}

func (s *Server) tryRename(ctx context.Context, moves []move, also string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := s.clear(ctx, moves); err != nil {
			cancel(err)
		}
	}()
	steps := append([]string{"SET lock_timeout = '5s'"}, exchange(moves)...)
	if also != "" {
		steps = append(steps, also)
	}
	err := s.execute(ctx, maintenance, strings.Join(steps, "; "))
	cause := context.Cause(ctx)
	cancel(nil)
	<-ended
	if err != nil && cause != nil {
		return cause
	}
	return err
}

// clear ends the sessions of databases from the moment on at which a rename
// holds the first of them: from then on no new one gets in.
func (s *Server) clear(ctx context.Context, moves []move) error {
	var oids []string
	for _, m := range moves {
		oids = append(oids, fmt.Sprint(m.oid))
	}
	list := strings.Join(oids, ", ")
	ending := "SELECT to_json(count(pg_terminate_backend(a.pid))) FROM pg_stat_activity a WHERE a.pid <> pg_backend_pid() AND a.datid IN (" + list + ")" +
		" AND EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'object' AND l.classid = 'pg_database'::regclass AND l.objid = a.datid" +
		" AND l.mode = 'AccessExclusiveLock' AND l.granted)"
	for {
		var n int
		if err := s.Query(ctx, s.Door, maintenance, ending, &n); err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the rename is over
			}
			return fmt.Errorf("end the sessions of a database: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Quiet ends the sessions of a run that was killed or stopped, since what they
// had begun would go on without it.
func (s *Server) Quiet(ctx context.Context) error {
	if s.Session == "" {
		return nil
	}
	return s.end(ctx, "application_name = "+Literal(s.Session))
}
