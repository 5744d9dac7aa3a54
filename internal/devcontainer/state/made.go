package state

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/engine"
	"iact-infra/internal/devcontainer/scene"
)

// How old a refusal may be to be taken for the reason why there is no container.
// The log does not say whose it was: one that names what the configuration names,
// too, may be older.
const (
	lately = 15 * time.Minute
	now    = time.Minute
)

// notMade is what the engine has said, not long ago, when it was to make a
// container: of one that was refused nothing else is left.
func notMade(ctx context.Context, s *scene.Scene) []doctor.Finding {
	refused := regexp.MustCompile(`time="([^"]+)".*Handler for POST (?:/v[\d.]+)?/containers/create returned error: (.*)`)
	var last []string
	for line := range strings.Lines(engine.Log(ctx, s)) {
		if m := refused.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			last = m
		}
	}
	if last == nil {
		return nil
	}
	at, err := time.Parse(time.RFC3339Nano, last[1])
	age := s.Now().Sub(at)
	said := strings.ReplaceAll(strings.TrimSuffix(last[2], `"`), `\"`, `"`)
	if err != nil || age > lately || at.Before(configured(s).Add(-time.Second)) || age > now && !concerns(s, said) {
		return nil
	}
	if strings.Contains(strings.ToLower(said), "no such image") {
		return nil // the check of the image knows more
	}
	f := doctor.Finding{
		State: doctor.Warn, Code: "DC-STA-006", Evidence: clip(said), Explains: []string{"DC-STA-001"},
		Cause: doctor.Say("Docker no quiso crearlo", "Docker would not make it"), Fix: up(s),
	}
	if !why(said, strings.NewReplacer("{name}", "CONTAINER", "{up}", up(s), "{image}", "IMAGE"), &f) {
		explain(&f, said)
	}
	f.Evidence = fmt.Sprintf("%v ago the engine refused to make a container: %s", age.Round(time.Second), f.Evidence)
	f.Title = title(f.Code)
	return []doctor.Finding{f}
}

// configured is when the configuration was last changed, as exactly as the clocks
// of files go: what was refused before that says nothing of it.
func configured(s *scene.Scene) time.Time {
	path, err := s.ConfigPath()
	if err != nil {
		return time.Time{}
	}
	info, err := os.Stat(filepath.Join(s.Workspace, path))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// concerns says whether a message names a path, or ends in a word, that the
// configuration has.
func concerns(s *scene.Scene, said string) bool {
	text, err := s.ConfigText()
	words := regexp.MustCompile(`[\w./-]{4,}`).FindAllString(said, -1)
	for i, word := range words {
		if (strings.Contains(word, "/") || i == len(words)-1) && err == nil && strings.Contains(string(text), word) {
			return true
		}
	}
	return strings.Contains(said, s.Workspace)
}
