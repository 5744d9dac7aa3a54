package state

import (
	"context"
	"fmt"
	"path"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// built looks for what a failed build leaves: the classic builder keeps the
// container of the RUN that failed, with its log. BuildKit leaves nothing that
// could be read.
func built(ctx context.Context, s *scene.Scene) []doctor.Finding {
	all, err := s.Everyone()
	if err != nil {
		return doctor.Unseen(err)
	}
	main, err := s.Main()
	if err != nil {
		return doctor.Unseen(err)
	}
	steps := dockerfiles(s, "RUN")
	for _, c := range all { // the newest first
		if main != nil && c.Created.Before(main.Created) {
			break // a later build was good enough for the container
		}
		if c.State.Status != "exited" || c.State.ExitCode == 0 || len(c.Config.Labels) > 0 && !strings.HasPrefix(c.Config.Image, "sha256:") {
			continue
		}
		where, ours := step(steps, c)
		if !ours {
			continue
		}
		log, _ := s.Log(ctx, c, tailLines)
		said := lines(log, c.State.StartedAt)
		f := doctor.Finding{
			State: doctor.Fail, Title: title("DC-STA-016"), Where: where,
			Evidence: fmt.Sprintf("RUN %s: exit code %d", clip(shellOf(c)), c.State.ExitCode),
			Cause:    doctor.Say("una orden RUN de la imagen acabó con el código %d", "a RUN command of the image ended with code %d", c.State.ExitCode),
			Fix:      "docker logs --tail 50 " + c.Name + "\n" + up(s),
		}
		if last := lastLines(said); last != "" {
			f.Evidence += "; last said: " + last
		}
		explain(&f, strings.Join(said, "\n"))
		return []doctor.Finding{f}
	}
	return doctor.Good("no build has left a failure behind")
}

// instruction is one of a Dockerfile of the workspace: what follows its name.
type instruction struct {
	where, run string
	line       int
}

// dockerfiles are the instructions of a name that the workspace's image is made of.
func dockerfiles(s *scene.Scene, name string) []instruction {
	var files []string
	config, _ := s.ConfigPath()
	if settings, err := s.Settings(); err == nil && settings.Dockerfile != "" && config != "" {
		files = append(files, path.Join(path.Dir(config), settings.Dockerfile))
	} else if err == nil && len(settings.ComposeFiles) > 0 {
		files = append(files, "Dockerfile", ".devcontainer/Dockerfile")
	}
	var all []instruction
	for _, file := range files {
		text, err := s.Read(file)
		if err != nil {
			continue
		}
		number, begun, run := 0, 0, ""
		for line := range strings.Lines(string(text)) {
			number++
			line = strings.TrimSpace(line)
			if run == "" {
				rest, is := strings.CutPrefix(line, name+" ")
				if !is {
					continue
				}
				begun, line = number, rest
			} else if strings.HasPrefix(line, "#") {
				continue
			}
			more, goes := strings.CutSuffix(line, "\\")
			run += " " + more
			if !goes {
				all = append(all, instruction{fmt.Sprintf("%s:%d", file, begun), words(run), begun})
				run = ""
			}
		}
	}
	return all
}

// bases are the images that the Dockerfile begins with, as far as they are named
// in full.
func bases(s *scene.Scene) []instruction {
	settings, err := s.Settings()
	if err != nil || settings.Dockerfile == "" {
		return nil
	}
	var all []instruction
	stages := map[string]bool{"scratch": true}
	for _, from := range dockerfiles(s, "FROM") {
		var plain []string
		for word := range strings.FieldsSeq(from.run) {
			if !strings.HasPrefix(word, "--") {
				plain = append(plain, word)
			}
		}
		if len(plain) > 0 && !stages[plain[0]] && !strings.Contains(plain[0], "$") {
			all = append(all, instruction{from.where, plain[0], from.line})
		}
		if len(plain) == 3 {
			stages[plain[2]] = true
		}
	}
	return all
}

// step is the instruction that a container was to run.
func step(all []instruction, c *scene.Container) (where string, ours bool) {
	run := words(shellOf(c))
	if run == "" {
		return "", false
	}
	for _, i := range all {
		if i.run == run {
			return i.where, true
		}
	}
	return "", false
}

// shellOf is the line that a container gives to a shell, "" when it is no such.
func shellOf(c *scene.Container) string {
	if n := len(c.Config.Cmd); n >= 3 && strings.HasSuffix(c.Config.Cmd[n-3], "sh") && c.Config.Cmd[n-2] == "-c" {
		return c.Config.Cmd[n-1]
	}
	return ""
}

func words(text string) string { return strings.Join(strings.Fields(text), " ") }
