package performance

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
	"iact-infra/internal/report"
)

// slowCommand is for how long people wait without asking why.
const slowCommand = time.Minute

// phase is a part of the start-up.
type phase struct {
	name  string
	began time.Time
	took  time.Duration // 0: not known
}

// readPhases reads the marks that the tools leave in the container. A mark is
// written before its command runs, whether there is one or not, and holds the time
// at which the container was made, that of postStartCommand the time at which it
// was started. So a command took as long as it is until the next mark; how long
// the last one took nobody wrote down. Marks of an earlier start are no marks.
func readPhases(c *scene.Container, marks map[string][2]string) []phase {
	var all []phase
	first := c.State.StartedAt.Sub(c.Created) < time.Minute
	for _, name := range devjson.Lifecycle()[1:] {
		mark, is := marks[name]
		if !is {
			continue
		}
		seconds, err := strconv.ParseInt(mark[0], 10, 64)
		made, unread := time.Parse(time.RFC3339Nano, mark[1])
		of := c.Created
		if name == "postStartCommand" {
			of = c.State.StartedAt
		}
		if err != nil || unread != nil || made.Sub(of).Abs() > time.Second || name == "postStartCommand" && !first {
			continue
		}
		began := time.Unix(seconds, 0)
		if n := len(all); n > 0 {
			all[n-1].took = began.Sub(all[n-1].began)
		}
		all = append(all, phase{name: name, began: began})
	}
	return all
}

// startup gives the phases, the container, and what was seen inside.
func startup(s *scene.Scene) ([]phase, *scene.Container, error) {
	c, err := s.Main()
	if err != nil || c == nil {
		return nil, nil, err
	}
	in, err := s.Interior()
	if in == nil {
		return nil, c, err
	}
	return readPhases(c, in.Markers), c, nil
}

func phases(_ context.Context, s *scene.Scene) []doctor.Finding {
	all, c, err := startup(s)
	switch {
	case err != nil && c != nil && !c.State.Running:
		return doctor.Good("no container runs")
	case err != nil:
		return doctor.Unseen(err)
	case c == nil:
		return doctor.Good("no container")
	}
	words := []string{}
	if d := c.State.StartedAt.Sub(c.Created); d >= 0 && d < time.Minute {
		words = append(words, "created to started "+report.Duration(d))
	}
	for _, p := range all {
		if p.took > 0 {
			words = append(words, p.name+" "+report.Duration(p.took))
		}
	}
	if len(words) == 0 {
		return doctor.Good("started %s", c.State.StartedAt.Local().Format("2006-01-02 15:04:05"))
	}
	return doctor.Good("%s", strings.Join(words, ", "))
}

func slow(_ context.Context, s *scene.Scene) []doctor.Finding {
	all, c, err := startup(s)
	switch {
	case err != nil && c != nil && !c.State.Running:
		return doctor.Good("no container runs")
	case err != nil:
		return doctor.Unseen(err)
	case len(all) == 0:
		return doctor.Good("no marks of the tools")
	}
	settings, _ := s.Settings()
	v, _ := s.Vitals(c)
	if f := lingering(all, v, programs(settings, all[len(all)-1].name), s.Now(), slowCommand); f != nil {
		return atLine(f, s, settings, all[len(all)-1].name)
	}
	var found []doctor.Finding
	for _, p := range all {
		if p.took >= slowCommand {
			found = append(found, atLine(took(p), s, settings, p.name)...)
		}
	}
	if len(found) == 0 {
		return doctor.Good("none took %s", report.Duration(slowCommand))
	}
	return found
}

func atLine(found []doctor.Finding, s *scene.Scene, settings devjson.Settings, name string) []doctor.Finding {
	path, _ := s.ConfigPath()
	if at := settings.Where(name); at.Line > 0 {
		for i := range found {
			found[i].Where = fmt.Sprintf("%s:%s", path, at)
		}
	}
	return found
}

func took(p phase) []doctor.Finding {
	return []doctor.Finding{{
		State: doctor.Warn, Evidence: fmt.Sprintf("%s took %s", p.name, report.Duration(p.took)),
		Cause: doctor.Say("la orden %s retrasa cada creación del contenedor", "the command %s holds up each time that the container is made", p.name),
		Fix:   "# install in the Dockerfile what does not change, where layers are cached; keep caches in a volume (\"mounts\": [\"source=cache,target=/home/USER/.cache,type=volume\"])\n# and let the editor not wait for it: \"waitFor\": \"onCreateCommand\"",
	}}
}

// programs are the names that processes of a lifecycle command have.
func programs(settings devjson.Settings, name string) []string {
	var all []string
	for _, c := range settings.Lifecycle {
		if words := append(strings.Fields(c.Shell), c.Argv...); c.Name == name && len(words) > 0 {
			all = append(all, "sh", "bash", "dash", "ash", filepath.Base(words[0]))
		}
	}
	return all
}

// lingering judges the last command that was begun: one of its processes, which
// began when it did, still runs.
func lingering(all []phase, v *scene.Vitals, names []string, now time.Time, most time.Duration) []doctor.Finding {
	last := all[len(all)-1]
	since := now.Sub(last.began)
	if v == nil || last.name == "postStartCommand" || since < most {
		return nil
	}
	for _, p := range v.Processes {
		began := now.Add(p.Started - v.Uptime)
		if d := began.Sub(last.began); p.PID != 1 && slices.Contains(names, p.Name) && p.State != "Z" && d > -time.Second && d < 3*time.Second {
			f := took(phase{name: last.name, took: since})
			f[0].Evidence = fmt.Sprintf("%s has been running for %s: %s (process %d)", last.name, report.Duration(since), p.Name, p.PID)
			return f
		}
	}
	return nil
}
