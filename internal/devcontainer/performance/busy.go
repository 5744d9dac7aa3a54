package performance

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
)

func busy(_ context.Context, s *scene.Scene) []doctor.Finding {
	mine, err := s.Containers()
	if err != nil {
		return doctor.Unseen(err)
	}
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	var machine struct{ NCPU int }
	_ = json.Unmarshal(e.Info, &machine) // 0: not told
	var found []doctor.Finding
	said := "no container runs"
	for _, c := range mine {
		if !c.State.Running {
			continue
		}
		v, err := s.Vitals(c)
		if err != nil {
			if len(mine) == 1 {
				return doctor.Unseen(err)
			}
			continue
		}
		f, words := hog(c.Name, v, float64(machine.NCPU))
		if said = words; f.State != "" {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return doctor.Good("%s", said)
	}
	return found
}

// The work of a moment is none of the doctor's business: a compiler may well use
// all that there is. So a process has to be at it for a while, all the time; one
// that leaves room for others for much longer.
const (
	aWhile = 5 * time.Second
	long   = 10 * time.Minute
)

// hog judges the programs of a container: all processes of one name together. One
// that would run and does not get a processor counts as if it had one.
func hog(container string, v *scene.Vitals, processors float64) (doctor.Finding, string) {
	if v.After.Quota > 0 && (processors == 0 || v.After.Quota < processors) {
		processors = v.After.Quota
	}
	type program struct {
		want, busy float64
		oldest     scene.Process
	}
	all, sum := map[string]*program{}, 0.0
	some := 0.3 * min(1, max(processors, 0.01))
	for _, p := range v.Processes {
		age := v.Uptime - p.Started
		sum += p.Busy
		// One that would run is held back by others, the doctor's own programs among
		// them: what it had of its life until now tells what it wants.
		want := p.Busy
		if p.State == "R" && (want >= some || float64(p.CPU) >= some*float64(age)) {
			want = max(1, want)
		}
		// At it all the time: less than half of its life would be another matter.
		if age < aWhile || want < some || float64(p.CPU) < 0.4*p.Busy*float64(age) || p.PID == v.Self {
			continue
		}
		one := all[p.Name]
		if one == nil {
			one = &program{oldest: p}
			all[p.Name] = one
		}
		one.want, one.busy = one.want+want, one.busy+p.Busy
		if p.Started < one.oldest.Started {
			one.oldest = p
		}
	}
	said := fmt.Sprintf("%.1f of %.4g processors", sum, processors)
	for name, one := range all {
		everything := processors > 0 && one.want >= 0.9*processors
		runaway := one.busy >= 0.9 && one.oldest.CPU >= long*9/10 && float64(one.oldest.CPU) >= 0.9*float64(v.Uptime-one.oldest.Started)
		if !everything && !runaway {
			continue
		}
		return doctor.Finding{
			State: doctor.Warn, Where: container,
			Evidence: fmt.Sprintf("%s (process %d) uses %.1f of %.4g processors, for %s", name, one.oldest.PID, one.busy, processors, report.Duration(v.Uptime-one.oldest.Started)),
			Cause: doctor.Say("un programa del contenedor ocupa el procesador sin parar: todo lo demás espera",
				"a program of the container takes the processors and does not stop: everything else waits"),
			Fix: fmt.Sprintf("docker top %s\ndocker exec %s pkill -x %s   # when it has no business there", container, container, name),
		}, said
	}
	return doctor.Finding{}, said
}

func saturated(_ context.Context, s *scene.Scene) []doctor.Finding {
	m, err := s.Machine()
	if err != nil {
		return doctor.Unseen(err)
	}
	return waits(m.Pressure["io"])
}

// waits judges the time in which nothing went on because all waited for a disk.
func waits(p scene.Pressure) []doctor.Finding {
	if !p.Known {
		return doctor.Good("not told")
	}
	said := fmt.Sprintf("io pressure full avg10=%.0f %% avg60=%.0f %%", p.Full10, p.Full60)
	if p.Full10 < 40 || p.Full60 < 40 {
		return doctor.Good("%s", said)
	}
	return []doctor.Finding{{
		State: doctor.Warn, Evidence: said,
		Cause: doctor.Say("los discos de la máquina están saturados: durante mucho del último minuto todo esperaba por ellos",
			"the machine's disks are saturated: for much of the last minute everything waited for them"),
		Fix: "docker stats --no-stream\nfor p in /proc/[0-9]*; do echo \"$(awk '/^(read|write)_bytes/{n+=$2} END{print n}' $p/io) $(cat $p/comm)\"; done | sort -n | tail",
	}}
}
