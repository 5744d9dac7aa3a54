package debug

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// Ran is a command that was run in a container, or in a copy of one.
type Ran struct {
	Container string   `json:"container"`
	Copy      bool     `json:"copy"` // of its file system: it does not run itself
	User      string   `json:"user"`
	Folder    string   `json:"folder"`
	Command   string   `json:"command,omitempty"`
	Output    string   `json:"output"`
	Cut       bool     `json:"cut"` // it said more
	Exit      int      `json:"exit"`
	Notes     []string `json:"notes"` // in what the copy differs
}

// Write is the form for people: what the command said.
func (r *Ran) Write(to io.Writer) {
	for line := range strings.Lines(r.Output) {
		_, _ = fmt.Fprintln(to, report.Clean(strings.TrimRight(line, "\n")))
	}
}

// outputKept is how much of a command's output is kept.
const outputKept = 4 << 20

// The shell scripts that run inside. The folder may be one that is not there.
const (
	runLine  = `exec 2>&1; cd -- "$1" 2>/dev/null; eval "$2"`
	runShell = `cd -- "$1" 2>/dev/null; for s in bash zsh; do command -v $s >/dev/null && exec $s -l; done; exec sh -l`
)

// Command runs a line of the shell in the container, or in a copy of it where it
// does not run, as the one who works there.
func (d *Desk) Command(ctx context.Context, s *scene.Scene, c *scene.Container, line string, limit time.Duration) (*Ran, error) {
	p := client.Works(s, c)
	ran := &Ran{Container: c.Name, User: p.User, Folder: p.Folder, Command: line, Notes: []string{}}
	words := []string{"-c", runLine, "debug", cmp.Or(p.Folder, "."), line}
	if running(c) {
		args := append(execArgs(p, false), c.ID, "sh")
		err := d.output(ctx, ran, limit, append(args, words...)...)
		if userMissing(err) {
			ran.Notes = append(ran.Notes, fmt.Sprintf("it does not know the user %s: this is the one that it runs as", p.User))
			p.User, ran.Output = "", ""
			err = d.output(ctx, ran, limit, append([]string{"exec", c.ID, "sh"}, words...)...)
		}
		ran.User = cmp.Or(p.User, c.Config.User)
		if !shellMissing(err) {
			return ran, err
		}
		ran.Output, ran.Exit = "", 0
	}
	h, err := newHelper(ctx, d, c, p, local(s))
	if err != nil {
		return nil, err
	}
	ran.Copy = true
	err = h.started(ctx, false, words, func(id string) error {
		return d.output(ctx, ran, limit, "start", "--attach", id)
	})
	ran.User, ran.Notes = cmp.Or(h.person.User, c.Config.User), append(ran.Notes, h.said...)
	return ran, d.instead(c, err)
}

// Shell gives a person at a terminal a shell in the container, or in a copy.
func (d *Desk) Shell(ctx context.Context, s *scene.Scene, c *scene.Container, in, out *os.File) (*Ran, error) {
	p := client.Works(s, c)
	ran := &Ran{Container: c.Name, User: p.User, Folder: p.Folder, Notes: []string{}}
	words := []string{"-c", runShell, "debug", cmp.Or(p.Folder, ".")}
	sit := func(args ...string) error {
		ask := d.Changes(args...)
		ask.Timeout = 0
		return d.Say.Aside(func() error { return d.Door.Interact(ctx, ask, in, out) })
	}
	if running(c) {
		d.Say.Info("a shell in %s; exit leaves it", c.Name)
		err := sit(append(append(execArgs(p, true), c.ID, "sh"), words...)...)
		return ran, ended(err, ran)
	}
	h, err := newHelper(ctx, d, c, p, local(s))
	if err != nil {
		return nil, err
	}
	ran.Copy = true
	d.Say.Info("%s does not run: this is a copy of its file system, with its mounts; exit leaves and removes it", c.Name)
	err = h.started(ctx, true, words, func(id string) error { return ended(sit("start", "--attach", "--interactive", id), ran) })
	ran.Notes = append(ran.Notes, h.said...)
	return ran, d.instead(c, err)
}

// Planned are the lines that amount to a shell or a command.
func (d *Desk) Planned(s *scene.Scene, c *scene.Container, line string) []string {
	p := client.Works(s, c)
	words, terminal := []string{"-c", runLine, "debug", cmp.Or(p.Folder, "."), line}, line == ""
	if terminal {
		words = []string{"-c", runShell, "debug", cmp.Or(p.Folder, ".")}
	}
	if running(c) {
		return []string{d.Docker.Show(append(append(execArgs(p, terminal), c.Name, "sh"), words...)...)}
	}
	h := &helper{desk: d, of: c, person: p, local: local(s), image: "iact-debug:" + strings.ToLower(d.Run), mounts: true, network: c.HostConfig.NetworkMode}
	return []string{
		d.Docker.Show(h.commit()[0]...), d.Docker.Show(h.create(terminal, words...)...),
		d.Docker.Show("start", "--attach", d.name()), d.Docker.Show("rm", "--force", "--volumes", d.name()), d.Docker.Show("image", "rm", h.image),
	}
}

func execArgs(p client.Person, terminal bool) []string {
	args := []string{"exec"}
	if terminal {
		args = append(args, "--interactive", "--tty")
	}
	if p.User != "" {
		args = append(args, "--user", p.User)
	}
	return args
}

func running(c *scene.Container) bool {
	return c.State.Running && !c.State.Paused && !c.State.Restarting
}

func local(s *scene.Scene) bool {
	e, err := s.Engine()
	return err == nil && e.Local
}

// output runs a docker command that passes on what a command inside says, and
// its exit code.
func (d *Desk) output(ctx context.Context, ran *Ran, limit time.Duration, args ...string) error {
	ask := d.Changes(args...)
	ask.Timeout, ask.Live = limit, true
	stream, err := d.Door.Stream(ctx, ask)
	if err != nil {
		return err
	}
	defer stream.Abort()
	kept, err := io.ReadAll(io.LimitReader(stream, outputKept))
	ran.Output = string(kept)
	if err == nil {
		n, err := io.Copy(io.Discard, stream)
		ran.Cut = n > 0
		if err != nil {
			return ended(err, ran)
		}
		err = stream.Close()
		return ended(err, ran)
	}
	return ended(err, ran)
}

// ended takes the exit code of what ran inside for a result. The docker client
// has codes of its own, from 125, and then says why.
func ended(err error, ran *Ran) error {
	var failed *command.Error
	if !errors.As(err, &failed) || failed.Err != nil || failed.Exit < 1 {
		return err
	}
	if said := strings.TrimSpace(ran.Output + failed.Stderr); failed.Exit >= 125 && failed.Exit <= 127 &&
		(strings.Contains(said, "OCI runtime") || failed.Stderr != "" && ran.Output == "") {
		return errors.New(said) // older clients write it to standard output
	}
	if failed.Exit == 1 && strings.Contains(failed.Stderr, "Error response from daemon") {
		return err
	}
	ran.Exit = failed.Exit
	return nil
}

// userMissing says whether a command failed since a container has no such user.
func userMissing(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "unable to find user") || strings.Contains(err.Error(), "no matching entries in passwd"))
}

// shellMissing says whether a command failed since a container has no shell.
func shellMissing(err error) bool {
	return err != nil && strings.Contains(err.Error(), `exec: "sh"`)
}

// instead is what there is where no shell can be had: what the container has
// changed, and how its files are got out.
func (d *Desk) instead(c *scene.Container, err error) error {
	if !errors.Is(err, errNoShell) {
		return err
	}
	return fault.New(fault.Missing, fmt.Sprintf("docker diff %[1]s names what it has changed, docker export %[1]s | tar -tv all of its files, docker cp %[1]s:/PATH . gets one out", c.Name), err)
}

// Clean removes what this run has made, also after the end of its context.
func (d *Desk) Clean(ctx context.Context) error {
	if !d.noted {
		return nil
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), client.Work)
	defer cancel()
	_, err := Remove(late, d.Docker, d.Run)
	return err
}
