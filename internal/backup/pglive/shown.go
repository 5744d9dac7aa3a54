package pglive

import (
	"strings"
	"time"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
)

// Commands are lines to paste: one drops the old database, one goes back to it.
func (s *Server) Commands(p *Place, at time.Time) (drop, back string) {
	line := func(sql ...string) string {
		c := s.Client("psql", "-d", maintenance)
		for _, one := range sql {
			c.Args = append(c.Args, "-c", one)
		}
		return s.Door.Show(c)
	}
	moves := []move{{p.OID, p.Target, Beside(p.Target, "undone", at)}, {p.OldOID, p.Old, p.Target}}
	leave := "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (" + Literal(p.Target) + ", " + Literal(p.Old) + ")"
	return line("DROP DATABASE " + Ident(p.Old)), line(leave, strings.Join(exchange(moves), "; "))
}

// Plan is what a restore amounts to, as commands. A list that cannot be read is
// told by the restore itself.
func (s *Server) Plan(p *Place, f *Facts, detail map[string]string, at time.Time) []command.Command {
	shown := *s
	shown.Session = ""
	moves := []move{{from: p.Name, to: p.Target}}
	those := Literal(p.Name)
	if f.There != nil {
		moves = []move{{from: p.Target, to: Beside(p.Target, "before", at)}, moves[0]}
		those += ", " + Literal(p.Target)
	}
	all := []command.Command{
		shown.statement(maintenance, creation(p.Name, f.Version, detail)),
		shown.client("pg_restore", "--exit-on-error", "-d", source.Connection(p.Name)),
		shown.statement(p.Name, "ANALYZE"),
	}
	give, _ := rights(p.Name, detail)
	set, _ := settings(p.Name, detail)
	for _, sql := range append(give, set...) {
		all = append(all, shown.statement(maintenance, sql))
	}
	return append(all,
		shown.statement(maintenance, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ("+those+")"),
		shown.statement(maintenance, strings.Join(append(exchange(moves), comment(p.Target, detail["comment"])), "; ")))
}
