package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devjson"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/devcontainer"
	"iact-infra/internal/procedure"
)

// settledKey is where step 8 notes what it is about to make.
const settledKey = "devcontainer"

// settled is what a run has made, and where.
type settled struct {
	On         string   `json:"on,omitempty"`
	User       string   `json:"user,omitempty"`
	Repository string   `json:"repository"`
	Dir        string   `json:"dir"`
	Token      string   `json:"token,omitempty"`  // of the clone that it has made
	CLI        string   `json:"cli,omitempty"`    // the version that npm has installed
	Started    bool     `json:"started"`          // a container was to be started
	Before     []string `json:"before,omitempty"` // what Docker had then
}

// devbox is the project on the selected machine, and what is known about it.
type devbox struct {
	devcontainer.CLI
	mode    string // none, installed or npm
	command string // of the shell, inside
	program string // the CLI; "" when it is not there, or not wanted
	made    settled
	seen    devseen
}

// devbox is the one that the configuration describes.
func (r *Room) devbox(ctx context.Context, w *procedure.Work) (*devbox, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, err
	}
	m, err := r.machine(ctx, w)
	if err != nil {
		return nil, err
	}
	user, err := r.member(m)
	if err != nil {
		return nil, err
	}
	own := c.Host.Devcontainer
	b := newDevbox(m, settled{On: m.on, User: user, Repository: own.Repository, Dir: own.Dir})
	if b.Group, err = m.joinedLately(ctx, user); err != nil {
		return nil, err
	}
	b.seen.Did, b.seen.Findings = "nothing", []devjson.Finding{}
	b.Ref, b.Version, b.mode, b.command = own.Ref, own.Version, own.CLI, own.Command
	return b, nil
}

func newDevbox(m *machine, s settled) *devbox {
	return &devbox{made: s, CLI: devcontainer.CLI{Version: s.CLI, Project: &devcontainer.Project{
		Door: m.Door, As: s.User, Env: m.env, Repository: s.Repository, Dir: s.Dir,
	}}}
}

// joinedLately is the group of Docker, when the one who is logged in has it and the
// session, being older, does not.
func (m *machine) joinedLately(ctx context.Context, user string) (string, error) {
	if m.uid == "0" || user != m.user {
		return "", nil
	}
	said, err := m.Text(ctx, command.Read("sh", "-c", `id -nG; id -nG -- "$1"`, "sh", user)).String()
	if err != nil {
		return "", fmt.Errorf("ask for the groups of %s: %w", user, err)
	}
	session, now, _ := strings.Cut(said, "\n")
	if slices.Contains(strings.Fields(session), group) || !slices.Contains(strings.Fields(now), group) {
		return "", nil
	}
	return group, nil
}

// present proves that there is nothing left to do: the clone is there and as new
// as its repository, or not ours to touch, its devcontainer.json is right, and the
// container runs where there is a CLI to start it.
func (r *Room) present(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	b, err := r.devbox(ctx, w)
	if err != nil {
		return "", err
	}
	err = b.look(ctx, true)
	switch {
	case err != nil: // Run tells it, and takes nothing back for it
		return "", fmt.Errorf("%w: %w", procedure.ErrNotDone, err)
	case b.seen.Absent:
		return "", fmt.Errorf("%w: %s is not there", procedure.ErrNotDone, b.seen.Dir)
	case b.seen.Behind:
		return "", fmt.Errorf("%w: the repository has something newer", procedure.ErrNotDone)
	case b.seen.failed():
		return "", fmt.Errorf("%w: its devcontainer.json has faults", procedure.ErrNotDone)
	case b.starts() && !b.seen.Running:
		return "", fmt.Errorf("%w: the devcontainer does not run", procedure.ErrNotDone)
	}
	b.warn(w)
	return b.seen.evidence(), nil
}

// settle is step 8. What fails is told at the end: it is no reason to take back
// what the steps before have done, or a clone that is good.
func (r *Room) settle(ctx context.Context, w *procedure.Work) error {
	b, err := r.devbox(ctx, w)
	if err != nil {
		return err
	}
	// A run that goes on with another goes on with what that had made.
	if _, err := w.Recall(settledKey, &b.made); err != nil {
		return err
	}
	defer func() {
		w.Publish(b.seen, func(out io.Writer) { b.seen.write(out, w.Lang) })
	}()
	for _, part := range []func(context.Context, *procedure.Work) error{b.fetch, b.judge, b.start, b.try} {
		if err := part(ctx, w); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil {
			w.Defer(err)
			return nil
		}
	}
	b.warn(w)
	return nil
}

// fetch clones, or updates what is there.
func (b *devbox) fetch(ctx context.Context, w *procedure.Work) error {
	clone, err := b.Look(ctx, true)
	b.seen.Clone = clone
	switch {
	case err != nil:
		return err
	case clone.Absent:
		b.made.Token = w.Run
		if err := w.Record(settledKey, b.made); err != nil {
			return err
		}
		w.Say.Info("cloning %s into %s", b.Repository, clone.Dir)
		if err := b.Make(ctx, b.made.Token); err != nil {
			return err
		}
		b.seen.Did = "cloned"
	case clone.Behind:
		if err := b.Update(ctx, clone); err != nil {
			if clone, looked := b.Look(ctx, false); looked != nil || clone.Left == "" {
				return err
			}
		}
		b.seen.Did = "updated"
	}
	b.seen.Clone, err = b.Look(ctx, false)
	b.seen.Unasked = clone.Unasked
	return err
}

// judge looks at devcontainer.json, and at the CLI.
func (b *devbox) judge(ctx context.Context, _ *procedure.Work) error {
	if err := b.look(ctx, false); err != nil {
		return err
	}
	return b.seen.err()
}

// start brings the container up, if that is wanted and there is a CLI.
func (b *devbox) start(ctx context.Context, w *procedure.Work) error {
	if !b.starts() || b.seen.Config == "" {
		return nil
	}
	if b.program == "" {
		b.made.CLI = b.Version
		if err := w.Record(settledKey, b.made); err != nil {
			return err
		}
		w.Say.Info("npm installs @devcontainers/cli %s", b.Version)
		if err := b.Install(ctx); err != nil {
			return err
		}
		if err := b.findCLI(ctx); err != nil {
			return err
		}
	}
	if !b.seen.Running {
		before, err := b.Before(ctx)
		if err != nil {
			return fault.New(fault.Missing, "host:docker installs and starts it, host:group lets the user ask it", err)
		}
		if !b.made.Started {
			b.made.Started, b.made.Before = true, before
		}
		if err := w.Record(settledKey, b.made); err != nil {
			return err
		}
		w.Say.Info("starting the devcontainer; what it is made of may have to be fetched and built")
	}
	id, err := b.Up(ctx, b.program, b.seen.Dir, b.seen.Config)
	if err != nil {
		return err
	}
	running, err := b.Running(ctx, b.seen.Dir)
	if err == nil && !slices.Contains(running, id) {
		err = fmt.Errorf("start the devcontainer of %s: docker does not have the container %.12s running", b.seen.Dir, id)
	}
	b.seen.Running, b.seen.Container = err == nil, id
	return err
}

// try runs the configured command inside.
func (b *devbox) try(ctx context.Context, _ *procedure.Work) (err error) {
	if b.seen.Container == "" {
		return nil
	}
	b.seen.Command = b.command
	b.seen.Said, err = b.Exec(ctx, b.program, b.seen.Dir, b.seen.Config, b.command)
	return err
}

// look is everything that can be seen without a change.
func (b *devbox) look(ctx context.Context, ask bool) (err error) {
	if err := b.findCLI(ctx); err != nil {
		return err
	}
	if ask || b.seen.Dir == "" {
		if b.seen.Clone, err = b.Look(ctx, ask); err != nil || b.seen.Absent {
			return err
		}
	}
	if b.seen.Config, b.seen.Findings, err = b.Check(ctx, b.seen.Dir); err != nil {
		return err
	}
	if b.starts() && b.program != "" {
		running, err := b.Running(ctx, b.seen.Dir)
		b.seen.Running = err == nil && len(running) > 0 // docker that does not answer is told by what starts one
	}
	return nil
}

// findCLI looks for the program, where one is wanted.
func (b *devbox) findCLI(ctx context.Context) (err error) {
	if b.mode == "none" {
		return nil
	}
	b.program, b.seen.CLI, err = b.Find(ctx)
	return err
}

// starts says whether a container is to be started.
func (b *devbox) starts() bool {
	return b.mode == "npm" || b.mode == "installed" && b.program != ""
}

// settledNow proves what step 8 has come to: what it did not come to has been told.
func (r *Room) settledNow(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	b, err := r.devbox(ctx, w)
	if err != nil {
		return "", err
	}
	told := len(w.Deferred()) > 0
	if err := b.look(ctx, false); err != nil && !told {
		return "", err
	}
	if !told && (b.seen.Absent || b.seen.failed() || b.starts() && !b.seen.Running && b.seen.Config != "") {
		return "", errors.New(string(b.seen.evidence()))
	}
	return b.seen.evidence(), nil
}

func (r *Room) planSettle(ctx context.Context, w *procedure.Work) ([]string, error) {
	b, err := r.devbox(ctx, w)
	if err != nil {
		return nil, err
	}
	if err := b.look(ctx, true); err != nil {
		return nil, err
	}
	var lines []string
	switch dir := b.seen.Dir; {
	case b.seen.Absent:
		lines = append(lines, "git clone "+b.Repository+" "+dir)
		if b.Ref != "" {
			lines = append(lines, "git -C "+dir+" checkout "+b.Ref)
		}
	case b.seen.Behind:
		lines = append(lines, "git -C "+dir+" pull --ff-only")
	}
	if b.starts() && !b.seen.Running {
		if b.program == "" {
			lines = append(lines, "npm install @devcontainers/cli@"+b.Version)
		}
		lines = append(lines, "devcontainer up --workspace-folder "+b.seen.Dir, "devcontainer exec --workspace-folder "+b.seen.Dir+" sh -c '"+b.command+"'")
	}
	return lines, nil
}
