package resources

import (
	"context"
	"fmt"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
)

const (
	mib = 1 << 20
	gib = 1 << 30
)

func bytes(n int64) string { return report.Bytes(n) }

func percent(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return 100 * float64(part) / float64(whole)
}

func memory(_ context.Context, s *scene.Scene) []doctor.Finding {
	return each(s, func(r running) (doctor.Finding, string) { return nearLimit(r.Container, r.After) })
}

// nearLimit judges the memory that the kernel cannot take back against the limit.
// The pages of files do not count: they fill any limit in time. With version 2 the
// time that is lost by waiting for memory counts by itself.
func nearLimit(c *scene.Container, g scene.Group) (doctor.Finding, string) {
	if g.Limit == 0 {
		return doctor.Finding{}, bytes(g.Held) + ", no limit"
	}
	share, left := percent(g.Held, g.Limit), g.Limit-g.Held
	said := fmt.Sprintf("%s of %s held (%.0f %%)", bytes(g.Held), bytes(g.Limit), share)
	if g.Pressure.Known {
		said += fmt.Sprintf(", pressure full avg10=%.0f %%", g.Pressure.Full10)
	}
	f := doctor.Finding{
		Evidence: said, Fix: fmt.Sprintf("docker stats --no-stream %s\n%s", c.Name, raise(c, g.Limit)),
		Cause: doctor.Say("la memoria del contenedor está casi en su límite: lo próximo que la pida será terminado (137)",
			"the container's memory is almost at its limit: what asks for more next is killed (137)"),
		Repair: raiseMemory(c, g.Limit), Explains: []string{"DC-RES-004"},
	}
	switch {
	case share >= 97 || g.UnderOOM:
		f.State = doctor.Fail
	case share >= 95, share >= 87 && left < gib, g.Pressure.Full10 >= 25 && share >= 50:
		f.State = doctor.Warn
	default:
		return doctor.Finding{}, said
	}
	return f, said
}

// raise is what to type for twice the limit.
func raise(c *scene.Container, limit int64) string {
	return fmt.Sprintf("docker update --memory %d --memory-swap %d %s   # until it is made again; for good: \"runArgs\": [\"--memory=%dm\"], or mem_limit in Compose",
		2*limit, 4*limit, c.Name, 2*limit/mib)
}

// raiseMemory doubles the limit in place: nothing is restarted.
func raiseMemory(c *scene.Container, limit int64) *doctor.Repair {
	if c.HostConfig.Memory <= 0 || limit != c.HostConfig.Memory {
		return nil // the limit is not the container's own
	}
	swap, twice := c.HostConfig.MemorySwap, 4*limit
	if swap <= 0 {
		swap, twice = -1, -1 // no limit of swap
	}
	return &doctor.Repair{
		Safe: true,
		Do:   []string{fmt.Sprintf("docker update --memory %d --memory-swap %d %s", 2*limit, twice, c.Name)},
		Undo: []string{fmt.Sprintf("docker update --memory %d --memory-swap %d %s", limit, swap, c.Name)},
		Was:  c.Shows(".HostConfig.Memory}} {{.HostConfig.MemorySwap"),
	}
}

func kills(_ context.Context, s *scene.Scene) []doctor.Finding {
	return each(s, func(r running) (doctor.Finding, string) { return killed(r.Container, r.After) })
}

// killed judges the processes that the kernel has killed inside since the
// container was started. Docker itself tells only of the first process.
func killed(c *scene.Container, g scene.Group) (doctor.Finding, string) {
	if g.OOMKills == 0 {
		return doctor.Finding{}, "none"
	}
	f := doctor.Finding{
		State:    doctor.Warn,
		Evidence: fmt.Sprintf("oom_kill %d since %s", g.OOMKills, c.State.StartedAt.Local().Format("2006-01-02 15:04:05")),
		Explains: []string{"DC-STA-011", "DC-EXT-003"},
	}
	if g.Limit == 0 {
		f.Cause = doctor.Say("el núcleo terminó procesos del contenedor porque a la máquina le faltaba memoria: el contenedor no tiene límite propio",
			"the kernel has killed processes of the container because the machine was out of memory: the container has no limit of its own")
		f.Fix = "free -m\ndmesg | grep -i 'killed process'"
		return f, ""
	}
	f.Evidence += ", limit " + bytes(g.Limit)
	f.Cause = doctor.Say("el núcleo terminó procesos dentro del contenedor al alcanzar su límite de memoria; el primero sigue vivo, y por eso Docker no dice nada (OOMKilled=false)",
		"the kernel has killed processes inside when the container reached its limit of memory; its first process lives on, so Docker says nothing of it (OOMKilled=false)")
	f.Fix, f.Repair = raise(c, g.Limit), raiseMemory(c, g.Limit)
	return f, ""
}

func machineMemory(_ context.Context, s *scene.Scene) []doctor.Finding {
	return ofMachine(s, lowMemory)
}

// lowMemory judges the machine's: what is available counts the caches that can be
// given up. A machine without swap is as good as any.
func lowMemory(m *scene.Machine) []doctor.Finding {
	share, pressure := percent(m.Available, m.Memory), m.Pressure["memory"]
	said := fmt.Sprintf("%s of %s available", bytes(m.Available), bytes(m.Memory))
	if m.Memory == 0 {
		return doctor.Good("not told")
	}
	if m.Swap > 0 {
		said += fmt.Sprintf(", swap %s of %s free", bytes(m.FreeSwap), bytes(m.Swap))
	}
	if pressure.Known {
		said += fmt.Sprintf(", pressure full avg60=%.0f %%", pressure.Full60)
	}
	f := doctor.Finding{
		State: doctor.Warn, Evidence: said, Fix: "docker stats --no-stream\nps -eo pid,rss,comm --sort=-rss | head",
		Cause: doctor.Say("a la máquina casi no le queda memoria: todo se vuelve lento y el núcleo empieza a terminar procesos",
			"the machine is almost out of memory: everything becomes slow, and the kernel begins to kill processes"),
	}
	switch {
	case share < 2 && m.Available < 256*mib:
		f.State = doctor.Fail
	case share < 6 && m.Available < gib, pressure.Full60 >= 20:
	default:
		return doctor.Good("%s", said)
	}
	return []doctor.Finding{f}
}
