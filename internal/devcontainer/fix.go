package devcontainer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/procedure"
)

// fixTarget looks, repairs what it may, and looks again.
const fixTarget = "devcontainer:fix"

// repairLimit is for one line of a repair: a daemon may have to start.
const repairLimit = 2 * time.Minute

// mended is what the journal keeps of a repair, before its first line runs.
type mended struct {
	Code  string   `json:"code"`
	Where string   `json:"where,omitempty"`
	Do    []string `json:"do"`
	Undo  []string `json:"undo"`
	Was   string   `json:"was,omitempty"`    // the line that shows what it changes
	Shown string   `json:"before,omitempty"` // and what that said before
}

// mendedKey holds all repairs of a run, in order.
const mendedKey = "mended"

// fix repairs root causes, the first one first: those that are safe at once, the
// others when the person at the terminal agrees. Then everything is looked at
// again, and that is the result.
func (r *Room) fix(ctx context.Context, w *procedure.Work) error {
	report, pick, err := r.examine(ctx, w, doctorTarget, checks(""))
	if err != nil {
		return err
	}
	done, err := r.mend(ctx, w, pick, report)
	if err != nil || w.Planning {
		return err
	}
	if len(done) > 0 {
		if report, pick, err = r.examine(ctx, w, doctorTarget, checks("")); err != nil {
			return err
		}
	}
	for _, one := range done {
		now := stands(report, one)
		switch {
		case now == doctor.Unknown:
			w.Say.Warn("%s: nobody could see whether its repair has helped; it stays", one.Code)
		case now != doctor.OK:
			w.Say.Warn("%s is still there after its repair", one.Code)
			if err := r.takeBack(ctx, w, one); err != nil {
				return err
			}
		}
		report.Repaired = append(report.Repaired, doctor.Repaired{Code: one.Code, Where: one.Where, Do: one.Do, Undo: one.Undo, Gone: now == doctor.OK})
	}
	return r.publish(w, report, pick)
}

// mend repairs what may be repaired, one after the other. One that does not work
// is taken back, and the next one is tried: it may not need the first.
func (r *Room) mend(ctx context.Context, w *procedure.Work, pick Selection, report doctor.Report) (done []mended, err error) {
	var noted []mended
	for _, f := range report.Findings {
		if !f.Bad() || f.By != "" || f.Repair == nil {
			continue
		}
		agreed, err := r.agreed(ctx, w, pick, f)
		if err != nil {
			return nil, err
		}
		if !agreed {
			continue
		}
		one := mended{Code: f.Code, Where: f.Where, Do: f.Repair.Do, Undo: f.Repair.Undo, Was: f.Repair.Was}
		one.Shown = r.shows(ctx, w, one.Was)
		noted = append(noted, one)
		if err := w.Record(mendedKey, noted); err != nil {
			return nil, err
		}
		if err := r.lines(ctx, w, one.Do); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			w.Say.Warn("%s is not repaired: %v", f.Code, err)
			if err := r.takeBack(ctx, w, one); err != nil {
				return nil, err
			}
			continue
		}
		done = append(done, one)
	}
	return done, nil
}

// stands is how what was repaired came out when it was looked at again.
func stands(report doctor.Report, one mended) doctor.State {
	state := doctor.OK
	for _, f := range report.Findings {
		if f.Code != one.Code {
			continue
		}
		if f.Bad() && f.Where == one.Where {
			return f.State
		}
		if f.State == doctor.Unknown {
			state = doctor.Unknown
		}
	}
	return state
}

// agreed says whether a repair may be done.
func (r *Room) agreed(ctx context.Context, w *procedure.Work, pick Selection, f doctor.Finding) (bool, error) {
	if f.Repair.Safe || pick.Yes {
		return true, nil
	}
	loses := f.Repair.Loses.In(w.Lang)
	if w.Planning || r.answers() == nil {
		w.Say.Warn("%s is not repaired: %s; a terminal asks, -yes=true agrees", f.Code, loses)
		return false, nil
	}
	return r.confirm(ctx, w, fmt.Sprintf("%s %s\n  %s\n%s [y/N]", f.Code, f.Evidence, strings.Join(f.Repair.Do, "\n  "), loses))
}

// lines runs shell lines in order, and stops at the first that fails.
func (r *Room) lines(ctx context.Context, w *procedure.Work, all []string) error {
	for _, line := range all {
		c := command.Change("sh", "-c", line)
		c.Env, c.Timeout = r.o.Docker, repairLimit
		if err := w.Door.Run(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// shows is what a reading line says now, or the code with which it ends; "" where
// its program is missing.
func (r *Room) shows(ctx context.Context, w *procedure.Work, line string) string {
	if line == "" {
		return ""
	}
	c := command.Read("sh", "-c", line)
	c.Env, c.Timeout = r.o.Docker, repairLimit
	said, err := w.Door.Text(ctx, c).String()
	var failed *command.Error
	if errors.As(err, &failed) {
		if failed.Exit == 126 || failed.Exit == 127 {
			return ""
		}
		return fmt.Sprintf("exit %d", failed.Exit)
	}
	return strings.TrimSpace(said)
}

// fixed proves the effect: everything was looked at again, and a repair after
// which its finding was still there is taken back.
func (r *Room) fixed(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	result := w.Published()
	report, is := result.Value.(doctor.Report)
	if !is {
		return "", errors.New("nothing was looked at again")
	}
	gone := 0
	for _, one := range report.Repaired {
		if one.Gone {
			gone++
		}
	}
	return procedure.Evidence(fmt.Sprintf("%d repaired, and looked at again", gone)), nil
}

// unfix takes repairs back, the last one first.
func (r *Room) unfix(ctx context.Context, w *procedure.Work) error {
	var done []mended
	found, err := w.Recall(mendedKey, &done)
	if err != nil {
		return err
	}
	if !found || len(done) == 0 {
		return procedure.ErrNothingToUndo
	}
	for i := len(done) - 1; i >= 0; i-- {
		if err := r.takeBack(ctx, w, done[i]); err != nil {
			return err
		}
	}
	return nil
}

// takeBack undoes a repair, unless what it changes is as it was: the repair was
// cut off before it changed anything, or it is back already.
func (r *Room) takeBack(ctx context.Context, w *procedure.Work, one mended) error {
	if one.Shown != "" && r.shows(ctx, w, one.Was) == one.Shown {
		return nil
	}
	if len(one.Undo) == 0 {
		w.Say.Warn("the repair of %s cannot be taken back", one.Code)
		return nil
	}
	if err := r.lines(ctx, w, one.Undo); err != nil {
		return fmt.Errorf("take back the repair of %s: %w", one.Code, err)
	}
	return nil
}

// unfixed proves that what the repairs changed is as it was.
func (r *Room) unfixed(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var done []mended
	if _, err := w.Recall(mendedKey, &done); err != nil {
		return "", err
	}
	for _, one := range done {
		if now := r.shows(ctx, w, one.Was); now != one.Shown {
			return "", fmt.Errorf("%s says %q, and said %q before the repair", one.Was, now, one.Shown)
		}
	}
	return procedure.Evidence(fmt.Sprintf("%d repairs taken back", len(done))), nil
}
