package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/host/daemon"
	"iact-infra/internal/procedure"
)

// appliedKey is where step 6 notes what it does, before it does it.
const appliedKey = "daemon"

// applied is what step 6 has done, and where.
type applied struct {
	On string `json:"on,omitempty"`
	daemon.Applied
}

// Files are where the daemon of a machine keeps its own. A test has them
// elsewhere.
type Files struct {
	Config  string // daemon.json
	Pid     string // of a daemon that no systemd watches over
	Log     string // of the same
	Program string // dockerd
	Dir     string // that it works in
	Command []string
}

func usual() Files {
	return Files{Config: "/etc/docker/daemon.json", Pid: "/var/run/docker.pid", Log: "/var/log/docker.log", Program: "dockerd"}
}

// docker is the daemon of a machine.
func (r *Room) docker(ctx context.Context, w *procedure.Work, m *machine) (*daemon.Daemon, error) {
	files := r.o.Files
	if files.Config == "" {
		files = usual()
	}
	as := m.root()
	d := &daemon.Daemon{
		Door: m.Door, As: as, File: files.Config, Client: []string{"docker"}, Env: m.env, Program: files.Program, Now: r.o.Now, Say: w.Say.Info,
		Record: func(a daemon.Applied) error { return w.Record(appliedKey, applied{On: m.on, Applied: a}) },
	}
	init, err := m.Text(ctx, command.Read("cat", "/proc/1/comm")).String()
	if err != nil {
		return nil, fmt.Errorf("ask what starts services on %s: %w", m.name(), err)
	}
	if strings.TrimSpace(init) == "systemd" && r.o.Files.Config == "" {
		d.Control = &daemon.Systemd{Door: m.Door, As: as, Unit: "docker.service"}
	} else {
		d.Control = &daemon.Process{Door: m.Door, As: as, PidFile: files.Pid, Log: files.Log, Dir: files.Dir, Command: files.Command}
	}
	return d, nil
}

// settings are those of the configuration. Address pools must not take networks
// that the machine reaches otherwise.
func settings(c config.Daemon) daemon.Settings {
	live, size := c.LiveRestore, c.LogSize
	if size == "none" {
		size = ""
	}
	return daemon.Settings{
		LogDriver: c.LogDriver, LogSize: size, LogFiles: c.LogFiles, LiveRestore: &live, Pools: c.Pools, PoolSize: c.PoolSize,
		Storage: c.Storage, DataRoot: c.DataRoot, DNS: some(c.DNS), Mirrors: some(c.Mirrors),
		Insecure: some(c.Insecure), BuildKit: c.BuildKit, ICC: c.ICC, Debug: c.Debug, UserlandProxy: c.UserlandProxy,
	}
}

// some is nil for a list without anything: that leaves alone what is there.
func some(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

// daemon is the daemon of the selected machine, and what it is to have.
func (r *Room) daemon(ctx context.Context, w *procedure.Work) (*daemon.Daemon, daemon.Settings, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, daemon.Settings{}, err
	}
	m, err := r.machine(ctx, w)
	if err != nil {
		return nil, daemon.Settings{}, err
	}
	d, err := r.docker(ctx, w, m)
	return d, settings(c.Host.Daemon), err
}

// inEffect proves that each value is the daemon's own.
func (r *Room) inEffect(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	d, want, err := r.daemon(ctx, w)
	if err != nil {
		return "", err
	}
	plan, err := d.Plan(ctx, want)
	if err != nil {
		return "", err
	}
	if !plan.Done() {
		return "", fmt.Errorf("%w: %d keys of %s are to change, and the daemon has to %s", procedure.ErrNotDone, len(plan.Changes), d.File, plan.Needs)
	}
	proven := 0
	for _, proof := range plan.Proofs {
		if proof.State == daemon.Proven {
			proven++
		}
	}
	return procedure.Evidence(fmt.Sprintf("%d of %d settings are seen in effect", proven, len(plan.Proofs))), nil
}

// configure is step 6.
func (r *Room) configure(ctx context.Context, w *procedure.Work) error {
	d, want, err := r.daemon(ctx, w)
	if err != nil {
		return err
	}
	done, err := d.Apply(ctx, want)
	if err != nil {
		return err
	}
	for _, note := range done.Notes {
		w.Say.Info("%s", note)
	}
	if len(done.Lost) > 0 {
		w.Say.Warn("these containers do not run as before: %s", strings.Join(done.Lost, ", "))
	}
	w.Publish(done, func(out io.Writer) {
		for _, change := range done.Changes {
			fmt.Fprintf(out, "%s: %s → %s\n", change.Key, orNone(change.Old), change.New)
		}
		for _, proof := range done.Proofs {
			fmt.Fprintf(out, "%s is %s, %s by %s\n", proof.Key, proof.Want, proof.State, proof.By)
		}
		if len(done.Spared) > 0 {
			fmt.Fprintf(out, "containers that ran on: %s\n", strings.Join(done.Spared, ", "))
		}
	})
	return nil
}

func orNone(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

func (r *Room) planConfigure(ctx context.Context, w *procedure.Work) ([]string, error) {
	d, want, err := r.daemon(ctx, w)
	if err != nil {
		return nil, err
	}
	plan, err := d.Plan(ctx, want)
	if err != nil || plan.Done() {
		return nil, err
	}
	var lines []string
	for _, change := range plan.Changes {
		lines = append(lines, fmt.Sprintf("# %s: %s: %s → %s", d.File, change.Key, orNone(change.Old), change.New))
	}
	return append(lines, "# then the daemon has to "+string(plan.Needs)), nil
}

// takeBack gives the daemon the file that it had.
func (r *Room) takeBack(ctx context.Context, w *procedure.Work) error {
	note, d, err := r.noted(ctx, w)
	if err != nil {
		return err
	}
	if d == nil {
		return procedure.ErrNothingToUndo
	}
	return d.Back(ctx, note.Applied)
}

// noted is what the run has done to a daemon; nil when it came to nothing.
func (r *Room) noted(ctx context.Context, w *procedure.Work) (note applied, d *daemon.Daemon, err error) {
	m, err := r.recalled(ctx, w, appliedKey, &note, &note.On)
	if err != nil || m == nil {
		return note, nil, err
	}
	d, err = r.docker(ctx, w, m)
	return note, d, err
}

// takenBack proves that the file is the one of before.
func (r *Room) takenBack(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	note, d, err := r.noted(ctx, w)
	if err != nil {
		return "", err
	}
	if d == nil {
		return "the daemon was left as it was", nil
	}
	is, err := d.Is(ctx, note.Applied)
	if err != nil {
		return "", err
	}
	if !is {
		return "", errors.New(note.File + " is not what it was")
	}
	return procedure.Evidence(note.File + " is what it was"), nil
}
