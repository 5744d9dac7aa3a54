package scene

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/command"
)

// Answers are what a script said, by the name of the part. A part begins with a
// line "== NAME" and holds the lines after it, without the last line break.
type Answers map[string]string

// parts takes the output of a script apart.
func parts(out string) Answers {
	all, name := Answers{}, ""
	var lines []string
	end := func() {
		if name != "" {
			all[name] = strings.Join(lines, "\n")
		}
		lines = nil
	}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if next, is := strings.CutPrefix(line, "== "); is {
			end()
			name = next
			continue
		}
		lines = append(lines, line)
	}
	end()
	return all
}

// errNotRunning is why nothing can be asked inside.
const errNotRunning = command.Sentinel("the container does not run")

// Here runs a script of reading commands on this machine. What it says of the
// kernel is true of the containers only when Engine.Local is.
func (s *Scene) Here(ctx context.Context, script string, args ...string) (Answers, error) {
	c := command.Read("sh", append([]string{"-c", script, "doctor"}, args...)...)
	c.Timeout = s.Within(askLimit)
	out, err := s.Door.Text(ctx, c).String()
	return parts(out), err
}

// Inside runs a script of reading commands in the devcontainer, as a user of it,
// "" for the one that it runs as. It asks for a POSIX shell and for nothing else
// that might be missing there; the script has to look for programs itself.
func (s *Scene) Inside(ctx context.Context, user, script string, args ...string) (Answers, error) {
	c, err := s.Main()
	if err != nil {
		return nil, err
	}
	if c == nil || !c.State.Running || c.State.Paused {
		return nil, errNotRunning
	}
	return s.In(ctx, c, user, script, args...)
}

// In is Inside for any container.
func (s *Scene) In(ctx context.Context, c *Container, user, script string, args ...string) (Answers, error) {
	words := []string{"exec"}
	if user != "" {
		words = append(words, "--user", user)
	}
	// What the last command of a script found is no failure of the script.
	words = append(words, c.ID, "sh", "-c", script+"\n:", "doctor")
	if _, err := s.Engine(); err != nil {
		return nil, err
	}
	ask := command.Read("sh", append([]string{"-c", refusing, "doctor"}, append(words, args...)...)...)
	ask.Env, ask.Timeout = s.Docker, s.Within(askLimit)
	out, err := s.Door.Text(ctx, ask).String()
	said := parts(out)
	_, refused := said["refused"]
	refused = refused && len(said) == 1 // a script may end like that by itself
	delete(said, "refused")
	if refused && strings.Contains(out, `"sh"`) {
		return nil, fmt.Errorf("container %s has no shell", c.Name)
	} else if refused {
		return nil, fmt.Errorf("docker exec in %s: %s", c.Name, firstLine(out))
	}
	return said, err
}

// HereText is Here for a script whose output is taken as it is.
func (s *Scene) HereText(ctx context.Context, script string, args ...string) (string, error) {
	c := command.Read("sh", append([]string{"-c", script, "doctor"}, args...)...)
	c.Env, c.Timeout = s.Docker, s.Within(longLimit)
	return s.Door.Text(ctx, c).String()
}

// InsideText is Inside for a script whose output is taken as it is.
func (s *Scene) InsideText(ctx context.Context, script string) (string, error) {
	c, err := s.Main()
	if err != nil {
		return "", err
	}
	if c == nil || !c.State.Running || c.State.Paused {
		return "", errNotRunning
	}
	return s.raw(ctx, longLimit, "exec", c.ID, "sh", "-c", script)
}

// refusing runs the docker client. Why the engine could not start a program in the
// container stands in what that program would have written.
const refusing = `docker "$@"; code=$?; case $code in 126 | 127) printf '\n== refused\n' ;; *) exit $code ;; esac`
