package host

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/probe"
	"iact-infra/internal/host/survey"
	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// network is step 9: what containers get of the network and of the machine. All
// that it makes is gone when it ends. What it finds takes nothing back.
func (r *Room) network(ctx context.Context, w *procedure.Work) error {
	m, err := r.machine(ctx, w)
	if err != nil {
		return err
	}
	report, err := r.probed(ctx, m)
	if err != nil {
		return err
	}
	w.Publish(report, func(out io.Writer) { _ = report.Write(out, w.Lang) }) // standard output says what there is to say
	w.Defer(unfulfilled("prove the network of", m, report))
	return nil
}

// probed measures once in an invocation: step 10 judges what step 9 has seen.
func (r *Room) probed(ctx context.Context, m *machine) (survey.Report, error) {
	r.measuring.Lock()
	defer r.measuring.Unlock()
	if r.seen != nil {
		return *r.seen, nil
	}
	c, err := r.o.Config()
	if err != nil {
		return survey.Report{}, err
	}
	n := c.Host.Network
	want := probe.Want{Outside: n.Outside, Image: n.Image, Required: n.Required, Writes: n.Writes}
	if want.Image == "none" {
		want.Image = ""
	}
	for _, port := range c.Host.Ports {
		number, err := strconv.Atoi(port) // the configuration takes nothing else
		if err != nil {
			return survey.Report{}, err
		}
		want.Ports = append(want.Ports, number)
	}
	report, err := (&probe.Probe{Door: m.Door, Env: m.env, As: m.asks(ctx), Want: want, Now: r.o.Now}).Run(ctx)
	if err != nil {
		return report, err
	}
	r.seen = &report
	return report, nil
}

// unfulfilled is nil when no finding is a failure. Else it names them with what
// was seen, by which their symptoms are known.
func unfulfilled(verb string, m *machine, report survey.Report) error {
	var failed, fixes []string
	for _, f := range report.Findings {
		if f.State == verdict.Fail {
			failed = append(failed, f.Code+": "+f.Seen)
			fixes = append(fixes, f.Fix.EN)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, strings.Join(fixes, "; "), fmt.Errorf("%s %s: %s", verb, m.name(), strings.Join(failed, "; ")))
}
