package resources

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

func tasks(_ context.Context, s *scene.Scene) []doctor.Finding {
	found := each(s, func(r running) (doctor.Finding, string) { return crowded(r.Container, r.After) })
	// Nothing starts in a container at its limit, not even what would look.
	if len(found) == 1 && found[0].State == doctor.Unknown && noFork(found[0].Evidence) {
		found[0].State, found[0].Fix = doctor.Fail, "docker update --pids-limit 4096 CONTAINER"
		found[0].Cause = forkCause()
	}
	return found
}

// crowded judges threads against their limit. Refused ones count when there is
// hardly room: a peak that is over is no fault.
func crowded(c *scene.Container, g scene.Group) (doctor.Finding, string) {
	if g.MaxTasks == 0 {
		return doctor.Finding{}, fmt.Sprintf("%d, no limit", g.Tasks)
	}
	said := fmt.Sprintf("%d of %d", g.Tasks, g.MaxTasks)
	if g.Refused > 0 {
		said += fmt.Sprintf(", %d times refused", g.Refused)
	}
	left := g.MaxTasks - g.Tasks
	want := max(512, 4*g.MaxTasks)
	f := doctor.Finding{
		Evidence: said, Cause: forkCause(),
		Fix: fmt.Sprintf("docker top %s\ndocker update --pids-limit %d %s   # until it is made again; for good: \"runArgs\": [\"--pids-limit=%d\"], or pids_limit in Compose", c.Name, want, c.Name, want),
	}
	switch {
	case left <= max(2, g.MaxTasks/50), g.Refused > 0 && left <= g.MaxTasks/10:
		f.State, f.Explains = doctor.Fail, []string{"DC-STA-005", "DC-STA-011", "DC-EXT-003"}
	case left <= g.MaxTasks/10, g.Refused > 0 && left <= g.MaxTasks/4:
		f.State = doctor.Warn
	default:
		return doctor.Finding{}, said
	}
	if limit := c.HostConfig.PidsLimit; limit != nil && *limit == g.MaxTasks {
		f.Repair = &doctor.Repair{
			Safe: true,
			Do:   []string{fmt.Sprintf("docker update --pids-limit %d %s", want, c.Name)},
			Undo: []string{fmt.Sprintf("docker update --pids-limit %d %s", *limit, c.Name)},
			Was:  c.Shows("json .HostConfig.PidsLimit"),
		}
	}
	return f, said
}

func forkCause() procedure.Text {
	return doctor.Say("el contenedor ha llegado a su límite de procesos e hilos: no puede arrancar nada más (fork: Resource temporarily unavailable)",
		"the container is at its limit of processes and threads: nothing more can be started in it (fork: Resource temporarily unavailable)")
}

// noFork says whether what docker exec said means that no process could be made.
func noFork(said string) bool {
	return strings.Contains(said, "esource temporarily unavailable") || strings.Contains(said, "an't fork") || strings.Contains(said, "annot fork")
}

func zombies(_ context.Context, s *scene.Scene) []doctor.Finding {
	return each(s, func(r running) (doctor.Finding, string) { return unburied(r.Container, r.Processes, r.After) })
}

// manyZombies is a number that only a first process leaves behind that does not
// wait for the children of others.
const manyZombies = 50

// unburied judges processes that have ended and that nobody waits for. A few come
// and go. Each takes one of the tasks.
func unburied(c *scene.Container, all []scene.Process, g scene.Group) (doctor.Finding, string) {
	names, count := map[string]int{}, int64(0)
	most := ""
	for _, p := range all {
		if p.State == "Z" {
			count++
			if names[p.Name]++; names[p.Name] > names[most] {
				most = p.Name
			}
		}
	}
	said := fmt.Sprintf("%d", count)
	if count < manyZombies && (count < 10 || g.MaxTasks == 0 || count*2 < g.MaxTasks) {
		return doctor.Finding{}, said
	}
	return doctor.Finding{
		State: doctor.Warn, Evidence: fmt.Sprintf("%d zombies, most of them %s", count, most),
		Cause: doctor.Say("el primer proceso del contenedor no recoge a los hijos que otros dejan: los terminados se acumulan hasta que no quedan procesos",
			"the container's first process does not wait for the children that others leave: what has ended piles up until no more processes can be made"),
		Fix:      `# in devcontainer.json: "init": true (Compose: init: true); then rebuild. Until then:` + "\ndocker restart " + c.Name,
		Explains: []string{"DC-RES-006"},
	}, said
}
