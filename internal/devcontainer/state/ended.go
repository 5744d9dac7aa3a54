package state

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
	"iact-infra/internal/symptom"
)

// tailLines is how much of a log is read for what a container said last.
const tailLines = 40

// ended says how a container came to its end, or why it never began.
func ended(ctx context.Context, s *scene.Scene, c *scene.Container) doctor.Finding {
	f := doctor.Finding{State: doctor.Fail, Where: c.Name, Code: "DC-STA-002"}
	if c.State.Error != "" {
		refusal(s, c, &f)
		return f
	}
	log, logErr := s.Log(ctx, c, tailLines)
	said := lines(log, c.State.StartedAt)
	if unrunnable(ctx, s, c, said, &f) {
		return f
	}
	happened, _ := s.Events(ctx, eventSpan, c)
	life := lifeOf(happened)
	code := life.code(c)
	f.Evidence = fmt.Sprintf("exit code %d", code)
	if last := lastLines(said); last != "" {
		f.Evidence += "; last said: " + last
	} else if logErr != nil {
		f.Evidence += "; its log cannot be read: " + logErr.Error()
	}
	f.Fix = "docker logs --tail 50 " + c.Name + "\ndocker start " + c.Name
	switch {
	case c.State.OOMKilled, code == 137 && !life.stopped && !life.killed && (life.oom || life.exit >= 0 && c.HostConfig.Memory > 0):
		// Docker misses it when the container ends at once. A limit, and nobody who
		// killed it, leave no other.
		f.Code = "DC-STA-004"
		f.Evidence = fmt.Sprintf("exit code %d, OOMKilled %t, oom event %t, memory limit %s", code, c.State.OOMKilled, life.oom, size(c.HostConfig.Memory))
		f.Cause = doctor.Say("el núcleo mató su proceso por falta de memoria (límite %s)", "the kernel killed its process for want of memory (limit %s)", size(c.HostConfig.Memory))
		f.Fix = fmt.Sprintf("docker update --memory %s --memory-swap -1 %s && docker start %s", more(c.HostConfig.Memory), c.Name, c.Name)
		if c.HostConfig.Memory == 0 {
			f.Fix = "free -h\ndocker stats --no-stream\ndocker start " + c.Name
		}
	case life.stopped && (code == 0 || code == 143 || code == 130 || code == 137):
		f.State = doctor.Warn
		f.Evidence = fmt.Sprintf("exit code %d after an order to stop", code)
		f.Cause = doctor.Say("alguien lo paró (docker stop, o el editor al cerrarse)", "somebody stopped it (docker stop, or the editor when it was closed)")
		f.Fix = "docker start " + c.Name
		f.Repair = &doctor.Repair{Safe: true, Do: []string{f.Fix}, Undo: []string{"docker stop " + c.Name}, Was: c.Shows(".State.Running")}
	case life.killed:
		f.Cause = doctor.Say("alguien lo mató (docker kill, señal %s)", "somebody killed it (docker kill, signal %s)", life.signal)
		f.Fix = "docker start " + c.Name
	default:
		f.Cause = exitCause(code, c)
		explain(&f, strings.Join(said, "\n"))
		crowded(c, said, &f)
		windows(ctx, s, c, &f)
	}
	return f
}

// crowded is a program that could not have another process, in a container that
// may have only so many.
func crowded(c *scene.Container, said []string, f *doctor.Finding) {
	most := c.HostConfig.PidsLimit
	full := regexp.MustCompile(`(?i)(fork|thread|clone)\S*:?.{0,60}(resource temporarily unavailable|eagain)|can't start new thread|unable to create native thread`)
	if most == nil || *most <= 0 || !slices.ContainsFunc(said, full.MatchString) {
		return
	}
	f.Code = "DC-RES-006"
	f.Evidence += fmt.Sprintf("; pids limit %d", *most)
	f.Cause = doctor.Say("el contenedor llegó a su límite de %d procesos (--pids-limit), y su programa acabó por eso", "the container got to its limit of %d processes (--pids-limit), and its program ended for that", *most)
	f.Fix = fmt.Sprintf("docker update --pids-limit %d %s && docker start %s", max(4**most, 512), c.Name, c.Name)
}

// windows is a script with the line ends of Windows that is given to a shell: it
// reads a carriage return as part of each last word.
func windows(ctx context.Context, s *scene.Scene, c *scene.Container, f *doctor.Finding) {
	if !strings.HasSuffix(c.Path, "sh") || len(c.Args) == 0 || strings.HasPrefix(c.Args[0], "-") {
		return
	}
	script := c.Args[0]
	if !path.IsAbs(script) {
		script = path.Join("/", c.Config.WorkingDir, script)
	}
	if p := look(ctx, s, c, script); !p.returns {
		return
	}
	f.Code = "DC-STA-008"
	f.Evidence += "; the first line of " + script + ` ends in "\r\n"`
	f.Cause = doctor.Say("%s tiene finales de línea de Windows (CRLF): el shell los toma por parte de cada orden", "%s has the line ends of Windows (CRLF): the shell takes them for a part of each command", script)
	f.Fix = "sed -i 's/\\r$//' " + command.Quote(path.Base(script)) + "\n" + up(s)
}

// explain adds to a finding what the catalogue of symptoms says of a text.
func explain(f *doctor.Finding, text string) {
	catalogue, err := symptom.Load()
	if err != nil {
		return
	}
	found := catalogue.Match(text)
	if len(found) == 0 {
		return
	}
	f.Evidence += "; " + found[0].ID + ": " + clip(found[0].Excerpt)
	f.Cause = procedure.Text{ES: f.Cause.ES + ". " + found[0].Cause.ES, EN: f.Cause.EN + ". " + found[0].Cause.EN}
}

// lines are those that a container has logged since its last start, without
// their times and colours.
func lines(log string, since time.Time) []string {
	var all []string
	for line := range strings.Lines(log) {
		stamp, rest, _ := strings.Cut(line, " ")
		if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
			if at.Before(since.Add(-2 * time.Second)) { // the start is noted a little late
				continue
			}
			line = rest
		}
		if line = symptom.Normalise(line); strings.TrimSpace(line) != "" {
			all = append(all, line)
		}
	}
	return all
}

// lastLines are the last three of them, of those that say something.
func lastLines(said []string) string {
	return clip(strings.Join(said[max(0, len(said)-3):], " ⏎ "))
}

func clip(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 240 {
		return "…" + string(runes[len(runes)-240:])
	}
	return text
}
