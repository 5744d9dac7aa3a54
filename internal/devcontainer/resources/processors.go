package resources

import (
	"context"
	"fmt"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
)

func throttled(_ context.Context, s *scene.Scene) []doctor.Finding {
	return each(s, func(r running) (doctor.Finding, string) { return rationed(r.Container, r.Before, r.After) })
}

// rationed judges how often a container was stopped because its share of the
// processors was used up. A limit that now and then ends a peak does what it is
// for. What counts is a share that was too small most of the time that the
// container worked, and that holds it up now: with less than half a processor
// that is felt at once, with more after a while.
//
// The share of periods is that of the first look: the doctor's own work inside
// comes after it.
func rationed(c *scene.Container, before, after scene.Group) (doctor.Finding, string) {
	if after.Quota == 0 {
		return doctor.Finding{}, "no limit"
	}
	share := percent(before.Throttled, before.Periods)
	said := fmt.Sprintf("limit %.2f processors, nr_throttled %d of nr_periods %d (%.0f %%), held up for %s", after.Quota, before.Throttled, before.Periods, share, report.Duration(before.ThrottledFor))
	small := after.Quota < 0.5
	felt := before.Periods >= 5 && small || before.ThrottledFor >= 10*time.Second && before.Periods >= 50
	if after.Throttled == before.Throttled || share < 25 || !felt || !small && share < 50 {
		return doctor.Finding{}, said
	}
	want := max(1, 2*after.Quota)
	f := doctor.Finding{
		State: doctor.Warn, Evidence: said,
		Cause: doctor.Say("el límite de procesador (--cpus) es demasiado bajo para lo que se ejecuta: el contenedor pasa parado la mayor parte del tiempo que trabaja",
			"the limit of processors (--cpus) is too low for what runs: the container stands still for much of the time in which it would work"),
		Fix: fmt.Sprintf("docker update --cpus %.2f %s   # until it is made again; for good: \"runArgs\": [\"--cpus=%.2f\"], or cpus in Compose", want, c.Name, want),
	}
	if c.HostConfig.NanoCpus > 0 {
		f.Repair = &doctor.Repair{
			Safe: true,
			Do:   []string{fmt.Sprintf("docker update --cpus %.2f %s", want, c.Name)},
			Undo: []string{fmt.Sprintf("docker update --cpus %g %s", float64(c.HostConfig.NanoCpus)/1e9, c.Name)},
			Was:  c.Shows(".HostConfig.NanoCpus"),
		}
	}
	return f, said
}
