package state

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// hook is a command of the lifecycle, as the tools run it in the container.
type hook struct {
	name string // postCreateCommand
	argv []string
}

// line is the command as events name it.
func (h hook) line() string { return strings.Join(h.argv, " ") }

// said is the command as people wrote it.
func (h hook) said() string {
	if len(h.argv) == 3 && h.argv[0] == "/bin/sh" && h.argv[1] == "-c" {
		return h.argv[2]
	}
	return h.line()
}

// lifecycle says which of the lifecycle commands did not end well. The engine's
// events tell the exit code of each; where it has forgotten them, the marks that
// the tools leave in the container tell which one was the last to begin.
func lifecycle(ctx context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case c == nil:
		return doctor.Good("no container")
	}
	hooks := hooksOf(s, c)
	if len(hooks) == 0 {
		return doctor.Good("no lifecycle commands")
	}
	happened, err := s.Events(ctx, eventSpan, c)
	if err != nil {
		return doctor.Unseen(err)
	}
	runs, whole := execs(happened, hooks)
	for _, h := range hooks {
		r, ran := runs[h.line()]
		if ran && !r.running && r.code != 0 {
			return []doctor.Finding{failedHook(c, h, r.code)}
		}
	}
	if whole {
		return doctor.Good("%d commands, none failed", len(runs))
	}
	return marks(ctx, s, c, hooks)
}

func failedHook(c *scene.Container, h hook, code int) doctor.Finding {
	f := doctor.Finding{
		State: doctor.Fail, Code: "DC-STA-011", Title: title("DC-STA-011"), Where: c.Name,
		Evidence: fmt.Sprintf("%s: exit code %d: %s", h.name, code, clip(h.said())),
		Cause:    doctor.Say("%s acabó con el código %d; las órdenes que le siguen no se ejecutaron", "%s ended with code %d; the commands after it did not run", h.name, code),
		Fix:      again(c, h),
	}
	switch code {
	case 127:
		f.Cause.ES += ": una orden suya no existe en el contenedor"
		f.Cause.EN += ": a command in it is not there in the container"
	case 126:
		f.Cause.ES += ": una orden suya no es ejecutable"
		f.Cause.EN += ": a command in it is not executable"
	case 137:
		f.Cause.ES += ": la mataron, quizá por memoria"
		f.Cause.EN += ": it was killed, for memory perhaps"
	}
	return f
}

// again runs the command by hand, where its output can be read.
func again(c *scene.Container, h hook) string {
	words := []string{"docker", "exec", "-it"}
	if at := workdir(c); at != "" {
		words = append(words, "-w", command.Quote(at))
	}
	words = append(words, c.Name)
	for _, word := range h.argv {
		words = append(words, command.Quote(word))
	}
	return strings.Join(words, " ")
}

// workdir is where the workspace is mounted.
func workdir(c *scene.Container) string {
	for _, m := range c.Mounts {
		if m.Type == "bind" && m.Source == c.Label(scene.LabelFolder) {
			return m.Destination
		}
	}
	return ""
}

// run is the last time that a command was run.
type run struct {
	code    int
	running bool
}

// execs are the last runs of the hooks, by their lines, and whether the engine
// still knows of the container's beginning.
func execs(events []scene.Event, hooks []hook) (last map[string]run, whole bool) {
	last = map[string]run{}
	byID := map[string]string{}
	wanted := map[string]bool{}
	for _, h := range hooks {
		wanted[h.line()] = true
	}
	for _, e := range events {
		id := e.Actor.Attributes["execID"]
		if line, is := strings.CutPrefix(e.Action, "exec_start: "); is && wanted[line] {
			byID[id] = line
			last[line] = run{running: true}
		}
		if line, is := byID[id]; is && e.Action == "exec_die" {
			code := 0
			_, _ = fmt.Sscan(e.Actor.Attributes["exitCode"], &code)
			last[line] = run{code: code}
		}
		whole = whole || e.Action == "create"
	}
	return last, whole
}

// hooksOf are the lifecycle commands that run in the container, in their order:
// those that the tools wrote into its label, which come from features and images,
// too, and those of the configuration.
func hooksOf(s *scene.Scene, c *scene.Container) []hook {
	parts := scene.Noted[map[string]json.RawMessage](c)
	settings, _ := s.Settings()
	var all []hook
	for _, name := range devjson.Lifecycle()[1:] {
		for _, part := range parts {
			for _, argv := range commands(part[name]) {
				all = append(all, hook{name, argv})
			}
		}
		for _, l := range settings.Lifecycle {
			if l.Name != name {
				continue
			}
			argv := l.Argv
			if l.Shell != "" {
				argv = []string{"/bin/sh", "-c", l.Shell}
			}
			all = append(all, hook{name, argv})
		}
	}
	return all
}

// commands are those of a value: a line for the shell, a program with its
// arguments, or an object of such.
func commands(value json.RawMessage) [][]string {
	var line string
	var argv []string
	var several map[string]json.RawMessage
	switch {
	case len(value) == 0:
	case json.Unmarshal(value, &line) == nil:
		if line != "" {
			return [][]string{{"/bin/sh", "-c", line}}
		}
	case json.Unmarshal(value, &argv) == nil:
		if len(argv) > 0 {
			return [][]string{argv}
		}
	case json.Unmarshal(value, &several) == nil:
		var all [][]string
		for _, one := range several {
			all = append(all, commands(one)...)
		}
		return all
	}
	return nil
}

// markScript prints the marks of the tools, and what runs.
const markScript = `for d in "$HOME/.devcontainer" "$HOME/.vscode-server/data/Machine" "$HOME/.vscode-remote/data/Machine"; do
  for n in onCreateCommand updateContentCommand postCreateCommand postStartCommand; do
    [ -f "$d/.${n}Marker" ] && { echo "== $n"; cat "$d/.${n}Marker"; }
  done
done
echo "== running"; for p in /proc/[0-9]*; do [ "$p" = "/proc/$$" ] || tr '\0' ' ' <"$p/cmdline" 2>/dev/null; echo; done; true`

// marks reads what the tools leave: before each command that runs once they write
// when its container was made. One whose successor never began has failed.
func marks(ctx context.Context, s *scene.Scene, c *scene.Container, hooks []hook) []doctor.Finding {
	user, named := s.User(c)
	if !named {
		user = ""
	}
	said, err := s.Inside(ctx, user, markScript)
	if err != nil {
		return doctor.Unseen(err)
	}
	order := devjson.Lifecycle()[1:5]
	last := -1
	for i, name := range order {
		if at, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(said[name])); err == nil && (at.Equal(c.Created) || i == 3) {
			last = i
		}
	}
	if last < 0 || last >= len(order)-1 {
		return doctor.Good("the marks of the tools tell of no failure")
	}
	for _, h := range hooks {
		if h.name != order[last] {
			continue
		}
		if strings.Contains(said["running"], h.line()) {
			return doctor.Good("%s still runs", h.name)
		}
		f := doctor.Finding{
			State: doctor.Fail, Code: "DC-STA-011", Title: title("DC-STA-011"), Where: c.Name,
			Evidence: fmt.Sprintf("%s began, and %s never did: %s", h.name, order[last+1], clip(h.said())),
			Cause:    doctor.Say("%s no acabó bien; las órdenes que le siguen no se ejecutaron", "%s did not end well; the commands after it did not run", h.name), Fix: again(c, h),
		}
		if h.name == "updateContentCommand" {
			f.State = doctor.Warn // the tools stop here, too, when they are told to
		}
		return []doctor.Finding{f}
	}
	return doctor.Good("the marks of the tools tell of no failure")
}
