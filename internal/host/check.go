package host

import (
	"context"
	"io"
	"strconv"

	"iact-infra/internal/host/survey"
	"iact-infra/internal/procedure"
)

// wants are the thresholds of the configuration.
func (r *Room) wants() (survey.Wants, error) {
	c, err := r.o.Config()
	if err != nil {
		return survey.Wants{}, err
	}
	const gib = 1 << 30
	w := survey.Wants{
		Memory: uint64(c.Host.Memory) * gib, Disk: uint64(c.Host.Disk) * gib, DataRoot: c.Host.Daemon.DataRoot, Subnets: c.Host.Daemon.Pools,
	}
	for _, port := range c.Host.Ports {
		n, err := strconv.Atoi(port) // the configuration takes nothing else
		if err != nil {
			return w, err
		}
		w.Ports = append(w.Ports, n)
	}
	return w, nil
}

// check is step 1: it only reads, and fails when Docker cannot run there.
func (r *Room) check(ctx context.Context, w *procedure.Work) error {
	m, err := r.machine(ctx, w)
	if err != nil {
		return err
	}
	wants, err := r.wants()
	if err != nil {
		return err
	}
	facts, err := survey.Survey(ctx, m.Door, wants)
	if err != nil {
		return err
	}
	report := facts.Report(wants)
	w.Publish(report, func(out io.Writer) { _ = report.Write(out, w.Lang) }) // standard output says what there is to say
	return report.Err()
}
