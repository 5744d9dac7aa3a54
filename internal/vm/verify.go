package vm

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"regexp"
	"slices"
	"sync"

	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/guest"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/vagrantfile"
)

// verify is step 5: is each machine what it was asked to be?
func (r *Room) verify(ctx context.Context, w *procedure.Work) error {
	return r.judged(ctx, w, func(ctx context.Context, s *scene, m machine, door *command.Door) ([]guest.Finding, error) {
		seen, err := m.provider.Look(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		facts, err := guest.Ask(ctx, door, guest.Asked{SystemOnly: true})
		if err != nil {
			return nil, err
		}
		want := guest.Machine{Name: m.Name, State: string(m.state), CPUs: seen.CPUs, Memory: seen.Memory, Timezone: s.config.VM.Timezone}
		file := vagrantfile.Read(s.project.Text())
		asked := block(file, m.Name)
		want.Wanted, want.WantedCPU, want.Addresses = asked.Memory, asked.CPUs, asked.Addresses
		if file.Ours {
			want.Wanted, want.WantedCPU = s.config.VM.Memory, s.config.VM.CPUs
		}
		want.Shared = !regexp.MustCompile(`\.synced_folder\b.*["']/vagrant["'].*\bdisabled\b`).MatchString(uncommented(s.project.Text()))
		return guest.System(want, facts), nil
	})
}

// services is step 6: are the databases there, with the user and its rights?
func (r *Room) services(ctx context.Context, w *procedure.Work) error {
	return r.judged(ctx, w, r.judgeServices)
}

func (r *Room) judgeServices(ctx context.Context, s *scene, m machine, door *command.Door) ([]guest.Finding, error) {
	want, err := s.service(ctx, m.Name)
	if err != nil {
		return nil, err
	}
	facts, err := guest.Ask(ctx, door, want.Asked)
	if err != nil {
		return nil, err
	}
	return guest.Services(m.Name, want, facts), nil
}

// test is step 8: the machine's own tests where it has some, and the databases
// from this host.
func (r *Room) test(ctx context.Context, w *procedure.Work) error {
	return r.judged(ctx, w, func(ctx context.Context, s *scene, m machine, door *command.Door) ([]guest.Finding, error) {
		want, err := s.service(ctx, m.Name)
		if err != nil {
			return nil, err
		}
		inside := sync.OnceValues(func() (*guest.Facts, error) { return guest.Ask(ctx, door, want.Asked) })
		if want.Role == (guest.Role{}) { // its name tells nothing
			facts, err := inside()
			if err != nil {
				return nil, err
			}
			want.Role = facts.Role()
		}
		ways, err := s.ways(ctx, m, want)
		if err != nil {
			return nil, err
		}
		found, err := guest.Suite(ctx, door, m.Name)
		if err != nil {
			return nil, err
		}
		for _, way := range ways {
			found = append(found, guest.Outside(ctx, s.Door, inside, way)...)
		}
		if len(found) == 0 {
			found = append(found, guest.Nothing(m.Name))
		}
		return found, nil
	})
}

// judged looks at all machines at once, publishes one table and fails with what
// has failed.
func (r *Room) judged(ctx context.Context, w *procedure.Work, look func(context.Context, *scene, machine, *command.Door) ([]guest.Finding, error)) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return err
	}
	table, err := r.table(ctx, s, all, look)
	if err != nil {
		return err
	}
	w.Publish(table, func(out io.Writer) { table.Write(out, w.Lang) })
	return table.Err(w.Lang)
}

func (r *Room) table(ctx context.Context, s *scene, all []machine, look func(context.Context, *scene, machine, *command.Door) ([]guest.Finding, error)) (*guest.Table, error) {
	found := make(map[string][]guest.Finding, len(all))
	for _, m := range all {
		found[m.Name] = nil
	}
	type answer struct {
		name  string
		found []guest.Finding
	}
	answers := make(chan answer, len(all))
	err := each(ctx, all, func(ctx context.Context, m machine) error {
		if !m.on() {
			answers <- answer{m.Name, []guest.Finding{guest.Down(m.Name, m.is())}}
			return nil
		}
		door, err := r.inside(s.Door, m.Name)
		if err != nil {
			return err
		}
		seen, err := look(ctx, s, m, door)
		var away *command.Unreachable
		var failed *command.Error
		switch {
		case ctx.Err() != nil:
		case errors.As(err, &away):
			seen, err = []guest.Finding{guest.Silent(m.Name, away)}, nil
		case errors.As(err, &failed), command.IsAway(err):
			seen, err = []guest.Finding{guest.Mute(m.Name, err)}, nil
		}
		answers <- answer{m.Name, seen}
		return err
	})
	close(answers)
	for a := range answers {
		found[a.name] = a.found
	}
	if err != nil {
		return nil, err
	}
	var rows []guest.Finding
	for _, m := range all {
		rows = append(rows, found[m.Name]...)
	}
	return guest.NewTable(rows), nil
}

// service is what a machine is there for.
func (s *scene) service(ctx context.Context, name string) (guest.Service, error) {
	narrow := *s
	narrow.pick.Machine = ""
	names, err := narrow.names(ctx)
	if err != nil {
		return guest.Service{}, err
	}
	c := s.config.VM
	known, err := readPasswords(c.Logins)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return guest.Service{}, err
	}
	return guest.Service{
		Role: guest.RoleOf(name, len(names) <= 1),
		Asked: guest.Asked{
			Analytics: c.Analytics, Legacy: c.Legacy, User: c.User,
			PostgreSQLPassword: known[postgreSQLPassword], MariaDBPassword: known[mariaDBPassword],
		},
		PostgreSQLVersion: c.PostgreSQL, MariaDBVersion: c.MariaDB, Timezone: c.Timezone, Remote: true, Staged: s.ours(),
	}, nil
}

// ways are how this host gets to the databases of a machine: by a forwarded port
// where there is one, else at the machine's own address.
func (s *scene) ways(ctx context.Context, m machine, want guest.Service) ([]guest.Way, error) {
	seen, err := m.provider.Look(ctx, m.ID)
	if err != nil {
		return nil, err
	}
	forwards := slices.Concat(seen.Forwards, s.project.Forwards(m.Made))
	private := slices.Concat(block(vagrantfile.Read(s.project.Text()), m.Name).Addresses, seen.Addresses)
	way := func(kind string, port, configured int, database, password string) guest.Way {
		w := guest.Way{Machine: m.Name, Kind: kind, Address: "127.0.0.1", Port: configured, Database: database, User: want.User, Password: password}
		for _, f := range forwards {
			if f.GuestPort == port {
				w.Port = f.HostPort
				if ip := net.ParseIP(f.HostIP); ip != nil && !ip.IsUnspecified() {
					w.Address = f.HostIP
				}
				return w
			}
		}
		if !s.ours() && len(private) > 0 {
			w.Address, w.Port = private[0], port
		}
		return w
	}
	var all []guest.Way
	if want.PostgreSQL {
		all = append(all, way("PostgreSQL", 5432, s.config.VM.PostgreSQLPort, want.Analytics, want.PostgreSQLPassword))
	}
	if want.MariaDB {
		all = append(all, way("MariaDB", 3306, s.config.VM.MariaDBPort, want.Legacy, want.MariaDBPassword))
	}
	if want.Web && (len(private) > 0 || slices.ContainsFunc(forwards, func(f provider.Forward) bool { return f.GuestPort == 80 })) {
		all = append(all, way("web", 80, 80, "", ""))
	}
	return all, nil
}
