package devcontainer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/reset"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// recoverTarget is step 10.
const recoverTarget = "devcontainer:recover"

// Recovering is what a command line asks of step 10.
type Recovering struct {
	Level string // restart where it is left out
}

// Recovered is the result of step 10.
type Recovered struct {
	Level     string      `json:"level"`
	By        string      `json:"by"` // who made the container
	Container string      `json:"container"`
	ID        string      `json:"id"`
	Lost      *reset.Loss `json:"lost"`
	Set       string      `json:"set,omitempty"` // in which removed volumes stand
	Run       string      `json:"run"`
	Seconds   float64     `json:"duration_seconds"`
}

// write is the form for people.
func (r Recovered) write(to io.Writer) {
	_, _ = fmt.Fprintf(to, "%s runs and answers (%s, by %s)\n", r.Container, r.Level, r.By)
	if r.Set != "" {
		_, _ = fmt.Fprintf(to, "  the old volumes: backup:restoreVolume -set=%s -source=NAME\n", r.Set)
	}
	if r.Lost.Kept != "" {
		_, _ = fmt.Fprintf(to, "  the old files:   docker run --rm -it --entrypoint sh %[1]s; docker image rm %[1]s gives its space back\n", r.Lost.Kept)
		_, _ = fmt.Fprintf(to, "  back:            procedure:rollback -run=%s\n", r.Run)
	}
	_, _ = fmt.Fprintf(to, "  next:            devcontainer:doctor\n")
}

// keptKey is where step 10 notes what is needed to go back.
const keptKey = "kept"

// waitLimit is how long a container may take to become healthy.
const waitLimit = 2 * time.Minute

// recovery is step 10.
func (r *Room) recovery(ctx context.Context, w *procedure.Work) error {
	began := r.o.Now()
	d, pick, err := r.resetDesk(ctx, w)
	if err == nil {
		err = d.Open(ctx)
	}
	if err != nil {
		return err
	}
	loss, err := d.Loss(ctx)
	if err != nil {
		return err
	}
	for _, line := range loss.Lines(w.Lang) {
		w.Say.Warn("%s", line)
	}
	if err := r.consent(ctx, w, d, pick.Yes); err != nil {
		return err
	}
	if err := d.Do(ctx, w, reset.Store{Save: r.o.SaveVolumes}); err != nil {
		return fmt.Errorf("recover by %s: %w", d.Level, err)
	}
	now, err := d.Prove(ctx)
	if err != nil {
		return err
	}
	if err := d.Settle(ctx); err != nil {
		w.Defer(err) // the new container works
	}
	loss.Kept = d.Image()
	done := Recovered{Level: d.Level, By: d.By(), Container: now.Name, ID: now.ID, Lost: loss, Set: d.Set(), Run: w.Run, Seconds: r.o.Now().Sub(began).Seconds()}
	w.Publish(done, done.write)
	return nil
}

// consent asks the person at the terminal. No is the default.
func (r *Room) consent(ctx context.Context, w *procedure.Work, d *reset.Desk, yes bool) error {
	switch {
	case yes:
		return nil
	case r.answers() == nil:
		return fault.New(fault.Usage, "add -yes=true", fmt.Errorf("recover by %s: the above would be lost, and nobody is at a terminal to be asked", d.Level))
	}
	question := fmt.Sprintf("%s of %s, with what is lost above. Go on? [y/N]", d.Level, d.Main.Name)
	if w.Lang == "es" {
		question = fmt.Sprintf("%s de %s, con lo que se pierde arriba. ¿Seguir? [s/N]", d.Level, d.Main.Name)
	}
	agreed, err := r.confirm(ctx, w, question)
	if err != nil || agreed {
		return err
	}
	return fault.New(fault.Failed, "IACT_PLAN=1 shows what it would do", errors.New("not confirmed: nothing was changed"))
}

// resetDesk is where this run works from.
func (r *Room) resetDesk(ctx context.Context, w *procedure.Work) (*reset.Desk, Selection, error) {
	s, pick, err := r.scene(ctx, w)
	if err != nil {
		return nil, pick, err
	}
	if _, err := s.Engine(); err != nil {
		return nil, pick, fault.New(fault.Missing, "devcontainer:doctor says why", err)
	}
	main, err := s.Main()
	if err != nil {
		return nil, pick, err
	}
	if main == nil {
		return nil, pick, fault.New(fault.Missing, "devcontainer up --workspace-folder "+s.Workspace+" makes one; devcontainer:doctor says more", fmt.Errorf("recover the devcontainer of %s: it has no container", s.Workspace))
	}
	run := w.Run
	if run == "" {
		run = "RUN"
	}
	d := &reset.Desk{
		Docker: client.Of(s), Say: w.Say, Run: run, Scene: s, Main: main, Level: pick.Recover.Level, Wait: waitLimit,
		Record: func(k reset.Kept) error { return w.Record(keptKey, k) },
	}
	if d.Level == reset.Volumes && r.o.SaveVolumes == nil {
		return nil, pick, fault.New(fault.Missing, "go tool mage backup:volumes backup:verify, then docker volume rm", errors.New("recover by volumes: there is nobody to back them up"))
	}
	return d, pick, nil
}

// recoveredNow proves that somebody answers in the container.
func (r *Room) recoveredNow(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	d, _, err := r.resetDesk(ctx, w)
	if err != nil {
		return "", err
	}
	now, err := d.Prove(ctx)
	if err != nil {
		return "", err
	}
	return procedure.Evidence(now.Name + " runs and answers; next: devcontainer:doctor"), nil
}

// unrecover goes back.
func (r *Room) unrecover(ctx context.Context, w *procedure.Work) error {
	var k reset.Kept
	known, err := w.Recall(keptKey, &k)
	if err != nil {
		return err
	}
	if !known {
		return procedure.ErrNothingToUndo
	}
	return k.Back(ctx, w, reset.Store{Restore: r.o.RestoreVolumes})
}

func (r *Room) unrecovered(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var k reset.Kept
	if known, err := w.Recall(keptKey, &k); err != nil || !known {
		return "nothing had been changed", err
	}
	return k.IsBack(ctx, w)
}

func (r *Room) planRecover(ctx context.Context, w *procedure.Work) ([]string, error) {
	d, _, err := r.resetDesk(ctx, w)
	if err == nil {
		err = d.Open(ctx)
	}
	if err != nil {
		return nil, err
	}
	loss, err := d.Loss(ctx)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, line := range loss.Lines(w.Lang) {
		lines = append(lines, "# "+strings.ReplaceAll(line, "\n", " "))
	}
	return append(lines, d.Lines()...), nil
}
