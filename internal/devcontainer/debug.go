package devcontainer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/debug"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// debugTarget is step 9.
const debugTarget = "devcontainer:debug"

// Debugging is what a command line asks of step 9. With nothing it is a time line.
type Debugging struct {
	Shell   bool
	Command string // of the shell
	Trace   string // strace or tcpdump
	Seconds int
	Since   time.Duration
	Lines   int
}

// lookKey is where step 9 notes that it is about to make something.
const lookKey = "look"

// looked is what an undo needs.
type looked struct {
	Run string   `json:"run"`
	Env []string `json:"env,omitempty"` // which engine it was
}

// debug is step 9.
func (r *Room) debug(ctx context.Context, w *procedure.Work) (err error) {
	s, pick, err := r.scene(ctx, w)
	if err != nil {
		return err
	}
	if err := pick.Debug.check(pick.To); err != nil {
		return err
	}
	_, refused := s.Engine()
	if refused != nil && !pick.Debug.logs() { // its own log can be had without it
		return fault.New(fault.Missing, "devcontainer:doctor says why", refused)
	}
	desk, err := r.desk(s, w)
	if err != nil {
		return err
	}
	if err := sweep(ctx, desk); err != nil && refused == nil {
		w.Say.Warn("what an earlier look has left could not be removed: %v", err)
	}
	defer func() { err = errors.Join(err, desk.Clean(ctx)) }()
	if pick.Debug.logs() {
		return r.timeline(ctx, w, s, desk, pick)
	}
	c, err := s.Main()
	if err != nil {
		return err
	}
	if c == nil {
		return fault.New(fault.Missing, "devcontainer up --workspace-folder "+s.Workspace+" makes one; devcontainer:doctor says more", fmt.Errorf("look into the devcontainer of %s: it has no container", s.Workspace))
	}
	if pick.Debug.Trace != "" {
		traced, err := desk.Trace(ctx, s, c, pick.tracing())
		if err != nil {
			return err
		}
		w.Publish(traced, traced.Write)
		return nil
	}
	return r.enter(ctx, w, s, desk, c, pick.Debug)
}

// enter runs a command or a shell.
func (r *Room) enter(ctx context.Context, w *procedure.Work, s *scene.Scene, desk *debug.Desk, c *scene.Container, d Debugging) error {
	var ran *debug.Ran
	var err error
	switch {
	case d.Command != "":
		ran, err = desk.Command(ctx, s, c, d.Command, 0)
	case r.o.In == nil || r.o.Out == nil:
		return fault.New(fault.Usage, "go tool mage devcontainer:debug -c='ls -la' runs one command without a terminal; or by hand: "+desk.Planned(s, c, "")[0],
			fmt.Errorf("open a shell in %s: nobody is at a terminal", c.Name))
	default:
		ran, err = desk.Shell(ctx, s, c, r.o.In, r.o.Out)
	}
	if err != nil {
		return err
	}
	for _, note := range ran.Notes {
		w.Say.Info("%s", note)
	}
	w.Publish(ran, ran.Write)
	if ran.Exit != 0 && d.Command != "" {
		w.Defer(fault.New(fault.Failed, "its output is the result above", fmt.Errorf("run %q in %s: it ended with %d", d.Command, c.Name, ran.Exit)))
	}
	return nil
}

// timeline merges the logs.
func (r *Room) timeline(ctx context.Context, w *procedure.Work, s *scene.Scene, desk *debug.Desk, pick Selection) error {
	asked := debug.Asked{Since: pick.Debug.Since, Lines: pick.Debug.Lines, Lang: w.Lang, Now: r.o.Now()}
	if r.o.Catalogue != nil {
		catalogue, err := r.o.Catalogue()
		if err != nil {
			return err
		}
		asked.Catalogue = catalogue
	}
	if pick.To != "" {
		file, err := os.OpenFile(pick.To, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // logs may hold secrets
		if err != nil {
			return fault.New(fault.Usage, "-to=FILE names a file that can be written", err)
		}
		defer file.Close()
		asked.To = file
	}
	line, err := desk.Timeline(ctx, s, asked)
	if err != nil {
		return err
	}
	w.Publish(json.Marshaler(line), func(to io.Writer) { line.Write(to) })
	return nil
}

// desk is where this run looks from.
func (r *Room) desk(s *scene.Scene, w *procedure.Work) (*debug.Desk, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, err
	}
	host, _ := os.Hostname() // "" is one, too
	run := w.Run
	if run == "" {
		run = "plan"
	}
	docker := client.Of(s)
	return &debug.Desk{
		Docker: docker, Say: w.Say, Run: run, Host: host, Image: c.Devcontainer.DebugImage,
		Note: func() error {
			r.mu.Lock()
			r.made = true
			r.mu.Unlock()
			return w.Record(lookKey, looked{Run: run, Env: docker.Env})
		},
	}, nil
}

// sweep removes what killed runs have left.
func sweep(ctx context.Context, desk *debug.Desk) error {
	runs, err := debug.Left(ctx, desk.Docker, desk.Host)
	for _, run := range runs {
		n, failed := debug.Remove(ctx, desk.Docker, run)
		if err = errors.Join(err, failed); n > 0 {
			desk.Say.Info("removed what run %s had left", run)
		}
	}
	return err
}

// cleared proves that nothing of a look is left.
func (r *Room) cleared(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	docker, run, err := r.lookedBy(w)
	if err != nil {
		return "", err
	}
	r.mu.Lock()
	made := r.made
	r.mu.Unlock()
	if run == "" && !made {
		return "it only looked", nil
	}
	if run == "" {
		s, _, err := r.scene(ctx, w)
		if err != nil {
			return "", err
		}
		docker, run = client.Of(s), w.Run
	}
	for _, list := range [][]string{{"ps", "--all"}, {"image", "ls"}} {
		left, err := docker.Ask(ctx, append(list, "--quiet", "--filter", "label="+debug.LabelRun+"="+run)...)
		if err != nil {
			return "", err
		}
		if left != "" {
			return "", fmt.Errorf("it has left %q", left)
		}
	}
	return "nothing of it is left in Docker", nil
}

// clearUp removes what a look has left that was cut off.
func (r *Room) clearUp(ctx context.Context, w *procedure.Work) error {
	docker, run, err := r.lookedBy(w)
	if err != nil {
		return err
	}
	if run == "" {
		return procedure.ErrNothingToUndo
	}
	_, err = debug.Remove(ctx, docker, run)
	return err
}

// lookedBy is what the run that is undone has noted; no run when it came to
// nothing.
func (r *Room) lookedBy(w *procedure.Work) (client.Docker, string, error) {
	var note looked
	found, err := w.Recall(lookKey, &note)
	if err != nil || !found {
		return client.Docker{}, "", err
	}
	return client.Docker{Door: w.Door, Env: note.Env}, note.Run, nil
}

func (r *Room) planDebug(ctx context.Context, w *procedure.Work) ([]string, error) {
	s, pick, err := r.scene(ctx, w)
	if err != nil {
		return nil, err
	}
	if err := pick.Debug.check(pick.To); err != nil {
		return nil, err
	}
	desk, err := r.desk(s, w)
	if err != nil {
		return nil, err
	}
	c, err := s.Main()
	if err != nil || c == nil || pick.Debug.logs() {
		return nil, err // logs are read, and nothing is changed
	}
	if pick.Debug.Trace != "" {
		return desk.PlannedTrace(ctx, s, c, pick.tracing())
	}
	return desk.Planned(s, c, pick.Debug.Command), nil
}

// filled has what a command line leaves out.
func (d Debugging) filled() Debugging {
	d.Since, d.Lines, d.Seconds = cmp.Or(d.Since, time.Hour), cmp.Or(d.Lines, 500), cmp.Or(d.Seconds, 10)
	return d
}

func (d Debugging) logs() bool { return !d.Shell && d.Command == "" && d.Trace == "" }

// check refuses a command line that asks for two things.
func (d Debugging) check(to string) error {
	asked := 0
	for _, one := range []bool{d.Shell, d.Command != "", d.Trace != ""} {
		if one {
			asked++
		}
	}
	if asked > 1 {
		return fault.New(fault.Usage, "type them one after the other", errors.New("debug: -shell, -c and -trace are each a look of their own"))
	}
	if d.Since <= 0 || d.Lines < 1 {
		return fault.New(fault.Usage, "-since=1h -lines=500 is what is taken without them", errors.New("debug: -since and -lines are more than nothing"))
	}
	if d.Trace == "" {
		return nil
	}
	return debug.Tracing{By: d.Trace, Seconds: d.Seconds, To: to}.Check()
}

func (s Selection) tracing() debug.Tracing {
	return debug.Tracing{By: s.Debug.Trace, Seconds: s.Debug.Seconds, To: s.To}
}
