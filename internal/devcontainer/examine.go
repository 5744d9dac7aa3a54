package devcontainer

import (
	"context"
	"io"
	"path/filepath"
	"slices"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/procedure"
)

// look is a step that asks the checks of one side, or all with "doctor". What
// fails does not stop the steps after it: the command fails at its end.
func (r *Room) look(target string) procedure.Action {
	return func(ctx context.Context, w *procedure.Work) error {
		side := target
		if target == doctorTarget {
			side = ""
		}
		report, pick, err := r.examine(ctx, w, target, checks(side))
		if err != nil {
			return err
		}
		return r.publish(w, report, pick)
	}
}

// publish hands a report on: to standard output, and to the file that was asked
// for.
func (r *Room) publish(w *procedure.Work, report doctor.Report, pick Selection) error {
	w.Publish(report, func(to io.Writer) { _ = report.Write(to) }) // standard output says what there is to say
	if pick.To != "" {
		if err := report.Save(pick.To); err != nil {
			return err
		}
	}
	w.Defer(report.Err(pick.Strict))
	return nil
}

// examine asks some checks, and finds the root causes.
func (r *Room) examine(ctx context.Context, w *procedure.Work, target string, some []doctor.Check) (doctor.Report, Selection, error) {
	s, pick, err := r.scene(ctx, w)
	if err == nil && pick.To != "" && target != bundleTarget {
		err = doctor.CheckForm(pick.To)
	}
	if err != nil {
		return doctor.Report{}, pick, err
	}
	began := r.o.Now()
	found := doctor.Explain(doctor.Examine(ctx, s, some))
	report := doctor.Report{Target: target, Workspace: s.Workspace, Findings: found, All: pick.All, Lang: w.Lang}
	report.Config, _ = s.ConfigPath()
	all, _ := s.Configs() // it was asked for before, and answered
	report.Others = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name == report.Config })
	if report.Config != "" {
		report.Config = filepath.Join(s.Workspace, report.Config)
	}
	if main, err := s.Main(); err == nil && main != nil {
		report.Container = main.Name
	}
	if e, err := s.Engine(); err == nil {
		report.Engine = e.Line()
	}
	report.Took = r.o.Now().Sub(began)
	return report, pick, ctx.Err()
}
