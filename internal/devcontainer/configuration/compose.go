package configuration

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// composed is whether Compose itself takes the files: it knows what no reader of
// YAML does, such as a variable that has to be set, or an env_file.
func composed(_ context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Compose()
	var refused *scene.Uncomposed
	switch {
	case scene.NoConfig(err):
		return doctor.Good("there is none")
	case errors.As(err, &refused):
		return []doctor.Finding{{
			State: doctor.Fail, Evidence: masked(s, refused.Said),
			Cause:    doctor.Say("Compose rechaza los archivos", "Compose refuses the files"),
			Fix:      "correct what it names; docker compose config -q looks again",
			Explains: []string{"DC-STA-001"},
		}}
	case err != nil:
		return doctor.Unseen(err)
	case c == nil:
		return doctor.Good("there is none")
	}
	return doctor.Good("%d services", len(c.Services))
}

// masked is what Compose said, without the secrets that .env filled in.
func masked(s *scene.Scene, said string) string {
	settings, _ := s.Settings()
	config, _ := s.ConfigPath()
	places := []string{s.Workspace, filepath.Join(s.Workspace, filepath.Dir(config))}
	for _, file := range settings.ComposeFiles {
		places = append(places, filepath.Join(s.Workspace, filepath.Dir(config), filepath.Dir(file)))
	}
	lines := s.Environ
	for _, place := range places {
		text, err := os.ReadFile(filepath.Join(place, ".env"))
		if err == nil {
			lines = append(lines[:len(lines):len(lines)], strings.Split(string(text), "\n")...)
		}
	}
	secret := regexp.MustCompile(`(?i)pass|secret|token|key|credential`)
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		if value = strings.Trim(strings.TrimSpace(value), `"'`); len(value) > 3 && secret.MatchString(name) {
			said = strings.ReplaceAll(said, value, "***")
		}
	}
	return said
}
