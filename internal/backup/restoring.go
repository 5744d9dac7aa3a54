package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// livening is what a run has that brings something live back, a database or a
// volume: until its last phase whatever is live stays as it is.
type livening struct {
	room   *Room
	w      *procedure.Work
	kind   string // what it is called while its name is not known
	asked  string // the source, as it was typed
	pick   choice
	config *config.Config
	store  *store.Store
	set    *store.Set
	held   *manifest.Source
	parts  []manifest.Part
	locked func() // gives the store's lock back
}

// phase is one part of such a run.
type phase struct {
	name string
	do   func(context.Context) error
}

// through goes through the phases and writes down what each took, in seconds,
// under NAME_seconds. skip leaves one out; what failed is cleaned up after.
func (t *livening) through(ctx context.Context, phases []phase, took map[string]float64, skip func(name string) bool, cleanUp func(context.Context, error) error) error {
	defer func() {
		if t.locked != nil {
			t.locked()
		}
	}()
	for _, one := range phases {
		if skip(one.name) {
			continue
		}
		began := time.Now()
		err := one.do(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return cleanUp(ctx, restoring(t.name(), err))
		}
		took[one.name+"_seconds"] = time.Since(began).Seconds()
	}
	return nil
}

// name is the source for messages.
func (t *livening) name() string {
	switch {
	case t.held != nil:
		return t.held.Name
	case t.asked != "":
		return t.asked
	}
	return t.kind
}

// choose applies what was asked for, now or by the run that this one continues,
// and keeps the set from being rotated away.
func (t *livening) choose(pickOne func(Selection) error) (err error) {
	if t.config, t.store, err = t.room.opened(); err != nil {
		return err
	}
	pick := t.room.selection()
	var before choice
	if resumed, err := t.w.Recall(choiceKey, &before); err != nil {
		return err
	} else if resumed {
		pick = Selection{Set: before.Set, Source: before.Source, To: before.To, Yes: before.Yes, Globals: before.Globals, Dir: before.Dir, Drill: before.Drill}
	}
	if err := pickOne(pick); err != nil {
		return err
	}
	if t.locked, err = t.room.lockStore(); err != nil {
		return err
	}
	return t.w.Record(choiceKey, t.pick)
}

// ask gets consent for what the live name goes through; what is restored beside
// it needs none.
func (t *livening) ask(ctx context.Context, question func() string) error {
	if t.pick.To == "" && !t.pick.Yes {
		yes, err := t.confirm(ctx, question())
		if err != nil {
			return err
		}
		if !yes {
			return fault.New(fault.Failed, "-to=NAME restores beside it", errors.New("not confirmed: nothing was changed"))
		}
		t.pick.Yes = true
	}
	return t.w.Record(choiceKey, t.pick)
}

// nobodyToAsk refuses to take a live name where there is no way to consent.
func (t *livening) nobodyToAsk(name string) error {
	if t.pick.To != "" || t.pick.Yes || t.room.o.Answers != nil {
		return nil
	}
	return fault.New(fault.Usage, "add -yes=true, or -to=NAME to restore beside it",
		fmt.Errorf("%s would take the live name, and nobody is at a terminal to be asked", name))
}

// from is the set for a question.
func (t *livening) from() string {
	m := t.set.Manifest
	return fmt.Sprintf("set %s of %s, %s old", m.ID, m.Time.Format(moment), report.Age(t.room.o.Now(), t.held.Snapshot))
}

func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return counted(n, noun) + " are"
}

// confirm asks the person at the terminal.
func (t *livening) confirm(ctx context.Context, question string) (bool, error) {
	return t.w.Say.Confirm(ctx, t.room.o.Answers, question)
}

// fed lets somebody read what the set holds, and shows how far it is.
func (t *livening) fed(ctx context.Context, label string, use func(io.Reader) error) error {
	stream := archive.Reader(ctx, filepath.Join(t.set.Dir, t.held.Dir), t.parts)
	defer stream.Close()
	bar := t.w.Say.Progress(label, t.held.Size)
	defer bar.Done()
	return use(&meter{r: stream, add: bar.Add})
}

// damaged says that a set cannot be restored; otherwise says what it is not when
// no part of it is to blame. A program that is missing is no fault of the set.
func (t *livening) damaged(err error, otherwise string) error {
	var bad *archive.PartError
	switch {
	case fault.Code(err) == fault.Missing:
		return err
	case errors.As(err, &bad):
		err = fmt.Errorf("part %s/%w", t.held.Dir, bad)
	default:
		err = fmt.Errorf("%s: %w", otherwise, err)
	}
	id := t.set.Manifest.ID
	return fault.New(fault.Invalid, "nothing live was changed; take another set (backup:list shows them); backup:verify -set="+id+" says what is damaged",
		fmt.Errorf("set %s is damaged: %w", id, err))
}

// abandoned removes what a run that failed or was cancelled has made, and
// returns why it did.
func (t *livening) abandoned(ctx context.Context, why error, remove func(context.Context) error) error {
	if keep, _ := strconv.ParseBool(t.room.o.Getenv("IACT_KEEP")); keep && ctx.Err() == nil {
		t.w.Say.Warn("what was restored so far stays as it is; procedure:rollback or the next restore removes it")
		return why
	}
	late, cancel := late(ctx)
	defer cancel()
	if err := remove(late); err != nil {
		t.w.Say.Warn("what this run has made could not be removed, the next one does it: %v", err)
	}
	return why
}
