package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/daemon"
	"iact-infra/internal/host/hello"
	"iact-infra/internal/host/packages"
	"iact-infra/internal/procedure"
)

// dockerKey is where step 3 notes what it is about to change.
const dockerKey = "docker"

// keyFile is what older daemons make beside daemon.json when they start.
const keyFile = "/etc/docker/key.json"

// installed is what step 3 has found and changed.
type installed struct {
	packaged
	Ran     bool     `json:"ran"`               // a daemon ran before
	Command []string `json:"command,omitempty"` // with this, where nothing but us starts it
	Enabled bool     `json:"enabled,omitempty"` // for the next boot, which it was not
	Fresh   []string `json:"fresh,omitempty"`   // what a daemon makes and was not there
}

// engine is the daemon of the selected machine.
func (r *Room) engine(ctx context.Context, w *procedure.Work) (*machine, *daemon.Daemon, config.Docker, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, nil, config.Docker{}, err
	}
	m, err := r.machine(ctx, w)
	if err != nil {
		return nil, nil, c.Host.Docker, err
	}
	d, err := r.docker(ctx, w, m)
	return m, d, c.Host.Docker, err
}

// answer asks the daemon as we are, and as root: a user who is not in the group
// yet gets no answer.
func (m *machine) answer(ctx context.Context, d *daemon.Daemon) (daemon.Info, error) {
	own := *d
	own.As = ""
	info, err := own.Info(ctx)
	if err != nil && d.As != "" && ctx.Err() == nil {
		return d.Info(ctx)
	}
	return info, err
}

// misses says why a version is not the pinned one; "" when it is. A pin may be a
// whole version of a package, of which the daemon only tells the first part.
func misses(version string, pin string) string {
	_, upstream, epoch := strings.Cut(pin, ":")
	if epoch {
		pin, _, _ = strings.Cut(upstream, "-")
	}
	if packages.Within(version, pin) {
		return ""
	}
	return fmt.Sprintf("docker is %s, and host.docker.version is %s", version, pin)
}

// dockerAnswers is Done of step 3. Whoever brought a Docker that answers, it
// stays, unless a pin says otherwise.
func (r *Room) dockerAnswers(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	m, d, c, err := r.engine(ctx, w)
	if err != nil {
		return "", err
	}
	info, err := m.answer(ctx, d)
	if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", procedure.ErrNotDone, err)
	}
	if wrong := misses(info.ServerVersion, c.Version); wrong != "" {
		return "", fmt.Errorf("%w: %s", procedure.ErrNotDone, wrong)
	}
	return procedure.Evidence(fmt.Sprintf("docker %s answers", info.ServerVersion)), nil
}

// dockerWorks is Validate of step 3: a container has run.
func (r *Room) dockerWorks(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	m, d, c, err := r.engine(ctx, w)
	if err != nil {
		return "", err
	}
	all, err := r.o.Config()
	if err != nil {
		return "", err
	}
	proof, err := (&hello.Hello{Door: m.Door, As: d.As, Env: m.env, Image: all.Host.Hello}).Run(ctx)
	if err != nil {
		return "", err
	}
	if wrong := misses(proof.Version, c.Version); wrong != "" {
		return "", fault.New(fault.Invalid, "which one is it? docker info", errors.New(wrong))
	}
	return procedure.Evidence(fmt.Sprintf("docker %s ran a container of %s", proof.Version, proof.Image)), nil
}

// install is step 3.
func (r *Room) install(ctx context.Context, w *procedure.Work) error {
	m, d, c, err := r.engine(ctx, w)
	if err != nil {
		return err
	}
	note, cut, err := m.before(ctx, w, d)
	if err != nil {
		return err
	}
	keep := func() error { return w.Record(dockerKey, note) }
	if err := keep(); err != nil {
		return err
	}
	there, err := m.has(ctx, "dockerd", "docker")
	if err != nil {
		return err
	}
	var choice packages.Choice
	if there && !cut && c.Version != "" {
		info, err := m.answer(ctx, d)
		there = err == nil && misses(info.ServerVersion, c.Version) == ""
	}
	if !there || cut {
		if choice, err = r.installPackages(ctx, m, w, d, c, &note, keep); err != nil {
			return err
		}
	}
	if err := m.enable(ctx, d, &note, keep); err != nil {
		return err
	}
	info, err := start(ctx, d, note.Command)
	if err != nil {
		return err
	}
	w.Publish(choice, func(out io.Writer) {
		if choice.From != "" {
			fmt.Fprintf(out, "docker %s of %s: %s\n", info.ServerVersion, choice.From, choice.Why)
		} else {
			fmt.Fprintf(out, "docker %s was there, and was started\n", info.ServerVersion)
		}
	})
	return nil
}

func (r *Room) installPackages(ctx context.Context, m *machine, w *procedure.Work, d *daemon.Daemon, c config.Docker, note *installed, keep func() error) (packages.Choice, error) {
	_, supervised := d.Control.(*daemon.Systemd)
	if note.Ran && !supervised {
		// Nobody else stops the old one.
		if err := d.Control.Stop(ctx); err != nil {
			return packages.Choice{}, err
		}
	}
	apt := m.apt(w, &note.Record, keep)
	// Debian's cgroupfs-mount is recommended. Without systemd it unmounts the control groups when it goes, whoever
	// mounted them, and takes them from every container of the machine.
	apt.NoRecommends = !supervised
	choice, _, err := apt.Docker(ctx, dockerOptions(c))
	return choice, err
}

// dockerOptions are what the configuration says about where Docker comes from.
func dockerOptions(c config.Docker) packages.DockerOptions {
	return packages.DockerOptions{From: c.From, Version: c.Version, Repository: c.Repository, Key: c.Key, Fingerprint: c.Fingerprint}
}

// before is how Docker stood before the first change; cut says that an earlier
// run began on the packages and did not end.
func (m *machine) before(ctx context.Context, w *procedure.Work, d *daemon.Daemon) (note installed, cut bool, err error) {
	found, err := w.Recall(dockerKey, &note)
	if err != nil || found {
		return note, !note.Record.Empty() && !note.Record.Finished, err
	}
	note.On = m.on
	fresh, err := m.Text(ctx, command.Read("sh", "-c", `for f; do [ -e "$f" ] || echo "$f"; done`, "sh", keyFile, path.Dir(keyFile))).String()
	if err != nil {
		return note, false, fmt.Errorf("look at %s: %w", path.Dir(keyFile), err)
	}
	note.Fresh = strings.Fields(fresh)
	if note.Ran, err = d.Control.Running(ctx); err != nil || !note.Ran {
		return note, false, err
	}
	if _, supervised := d.Control.(*daemon.Systemd); !supervised {
		note.Command, err = d.Control.CommandLine(ctx)
	}
	return note, false, err
}

// has says whether all of these programs are there, also outside of the PATH of
// a user.
func (m *machine) has(ctx context.Context, programs ...string) (bool, error) {
	const look = `PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin; for p; do command -v "$p" >/dev/null || exit 0; done; echo all`
	said, err := m.Text(ctx, command.Read("sh", append([]string{"-c", look, "sh"}, programs...)...)).String()
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", strings.Join(programs, ", "), err)
	}
	return said != "", nil
}

// start starts a daemon that does not run, where nobody watches over it with a
// command line of its own.
func start(ctx context.Context, d *daemon.Daemon, argv []string) (daemon.Info, error) {
	if p, alone := d.Control.(*daemon.Process); alone && len(p.Command) == 0 {
		if up, err := p.Running(ctx); err != nil {
			return daemon.Info{}, err
		} else if !up {
			p.Command = argv
			if len(argv) == 0 {
				p.Command = []string{d.Program}
			}
		}
	}
	return d.Start(ctx)
}
