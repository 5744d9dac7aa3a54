package pglive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/backup/compare"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
)

// Mark is the comment by which a database that is being restored is known. It
// names the store: whoever holds its lock knows that no other run is at work.
func Mark(set, store string, at time.Time) string {
	return markOf(store) + " from set " + set + ", begun at " + at.UTC().Format(time.RFC3339)
}

func markOf(store string) string { return "being restored by iact of the store " + store }

// Create makes the new database of a place, and marks it.
func (s *Server) Create(ctx context.Context, p *Place, f *Facts, detail map[string]string, mark string) error {
	if err := s.execute(ctx, maintenance, creation(p.Name, f.Version, detail)); err != nil {
		return fmt.Errorf("create database %s: %w", p.Name, err)
	}
	if err := s.execute(ctx, maintenance, comment(p.Name, mark)); err != nil {
		return fmt.Errorf("mark database %s: %w", p.Name, err)
	}
	made, err := s.Named(ctx, p.Name)
	if err == nil && made == nil {
		err = errors.New("it is not there")
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", p.Name, err)
	}
	p.OID = made.OID
	return nil
}

func comment(database, text string) string {
	if text == "" {
		return "COMMENT ON DATABASE " + Ident(database) + " IS NULL"
	}
	return "COMMENT ON DATABASE " + Ident(database) + " IS " + Literal(text)
}

// Leftovers are databases that killed restores under a target's name have left:
// those with the mark of this store, and empty ones, whose maker was killed
// before it could mark them.
func (s *Server) Leftovers(ctx context.Context, target, store string) ([]Database, error) {
	all, err := s.databases(ctx, fmt.Sprintf("datname ~ ('^' || %s || '[0-9]{%d}$')", Literal(pattern(besides(target, "restoring"))), len(stamp)))
	var left []Database
	for _, d := range all {
		ours := strings.HasPrefix(d.Comment, markOf(store)+" ")
		if !ours && d.Comment == "" && d.Sessions == 0 {
			ours, _ = s.Empty(ctx, s.Door, d.Name) // one that cannot be asked is left alone
		}
		if ours {
			left = append(left, d)
		}
	}
	return left, err
}

// pattern is a text as a regular expression.
func pattern(text string) string {
	var b strings.Builder
	for _, c := range text {
		if c < 0x80 && !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ", c) {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// Drop removes a database, whoever is in it.
func (s *Server) Drop(ctx context.Context, name string) error {
	if err := s.end(ctx, "datname = "+Literal(name)); err != nil {
		return fmt.Errorf("end the sessions of %s: %w", name, err)
	}
	if err := s.execute(ctx, maintenance, "DROP DATABASE IF EXISTS "+Ident(name)); err != nil {
		return fmt.Errorf("drop database %s: %w", name, err)
	}
	return nil
}

// end ends the sessions for which a condition holds, and waits until they have
// gone.
func (s *Server) end(ctx context.Context, where string) error {
	ending := "SELECT to_json(count(pg_terminate_backend(pid))) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND " + where
	for {
		var n int
		if err := s.Query(ctx, s.Door, maintenance, ending, &n); err != nil || n == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Load lets pg_restore fill a database.
func (s *Server) Load(ctx context.Context, name string, dump io.Reader) error {
	return s.Door.Feed(ctx, s.loader(name), dump)
}

// LoadFile lets several sessions fill a database side by side. Each of them
// opens the file anew, which needs no name for that.
func (s *Server) LoadFile(ctx context.Context, name string, dump *os.File, jobs int) error {
	c := s.loader(name, "-j", strconv.Itoa(jobs), "/dev/stdin")
	c.Stdin = dump
	return s.Door.Run(ctx, c)
}

func (s *Server) loader(name string, more ...string) command.Command {
	c := s.client("pg_restore", append([]string{"--exit-on-error", "-d", source.Connection(name)}, more...)...)
	c.Changes = true
	return c
}

// Analyze gathers what the planner wants to know. A dump does not carry it, and
// queries of a database without it can be slow for hours.
func (s *Server) Analyze(ctx context.Context, name string) error {
	return s.execute(ctx, name, "ANALYZE")
}

// Read reads a dump to its end as text: what it holds and what it needs.
func (s *Server) Read(ctx context.Context, dump io.Reader) (compare.Digest, *Needs, error) {
	c := command.Read("pg_restore", "-f", "-")
	c.Stdin = dump
	needs := &Needs{}
	digest, err := s.digest(ctx, c, needs.See)
	return digest, needs, err
}

// Digest dumps a database and tells what it holds. Moments are written in a
// time zone, so it must be that of the dump it is compared with; "" is the
// server's.
func (s *Server) Digest(ctx context.Context, name, zone string) (compare.Digest, error) {
	c := s.client("pg_dump", "-d", source.Connection(name))
	if zone != "" {
		c.Env = append(c.Env, "PGTZ="+zone)
	}
	return s.digest(ctx, c, nil)
}

func (s *Server) digest(ctx context.Context, c command.Command, each func([]byte) error) (compare.Digest, error) {
	out, err := s.Door.Stream(ctx, source.Buffered(ctx, s.Door, c))
	if err != nil {
		return nil, err
	}
	defer out.Abort()
	digest, err := compare.Postgres(out, each)
	if err == nil {
		err = out.Close()
	}
	var ended *command.Error
	if errors.As(err, &ended) {
		ended.Program = c.Program // which stdbuf has become
		err = ended
	}
	return digest, err
}
