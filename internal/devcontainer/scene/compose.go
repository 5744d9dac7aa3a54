package scene

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// composeLimit is for docker compose config, which starts a program of 60 MB.
const composeLimit = 6 * time.Second

// Compose is what the Compose files of the workspace come to, with all variables
// filled in. Environments are left out: they hold secrets.
type Compose struct {
	Files    []string // from the workspace
	Services map[string]ComposeService
	Volumes  map[string]ComposeVolume
}

// ComposeService is a service. Only what the checks use is here.
type ComposeService struct {
	Image       string
	Build       json.RawMessage // not there: nothing is built
	User        string
	ReadOnly    bool     `json:"read_only"`
	Privileged  bool     `json:"privileged"`
	CapAdd      []string `json:"cap_add"`
	Profiles    []string
	Scale       *int
	Deploy      struct{ Replicas *int }
	SecurityOpt []string `json:"security_opt"`
	Volumes     []struct {
		Type, Source, Target string
		ReadOnly             bool `json:"read_only"`
		Bind                 *struct {
			Create bool `json:"create_host_path"`
		}
	}
}

// ComposeVolume is a volume by the name that the files have for it.
type ComposeVolume struct {
	Name     string // the engine's name for it
	External bool
	Driver   string
	Options  map[string]string `json:"driver_opts"`
}

// Uncomposed are Compose files that Compose refuses.
type Uncomposed struct {
	Said string
	Err  error
}

func (u *Uncomposed) Error() string { return u.Said }
func (u *Uncomposed) Unwrap() error { return u.Err }

// errNoPlugin is why the Compose files are not known.
const errNoPlugin = command.Sentinel("docker has no compose plugin")

// Compose asks Compose what the files say. Nil when the workspace uses none; the
// error is *Uncomposed when Compose read them and refused.
func (s *Scene) Compose() (*Compose, error) {
	return s.compose.ask(s.ctx, s.Within(composeLimit), func(ctx context.Context) (*Compose, error) {
		settings, err := s.Settings()
		config, _ := s.ConfigPath()
		if err != nil || len(settings.ComposeFiles) == 0 {
			return nil, err
		}
		c := &Compose{}
		words := []string{"compose"}
		for _, file := range settings.ComposeFiles {
			if !filepath.IsAbs(file) {
				file = filepath.Join(s.Workspace, path.Dir(config), file)
			}
			c.Files = append(c.Files, file)
			words = append(words, "-f", file)
		}
		// As the devcontainers CLI asks: services of every profile.
		ask := command.Read("docker", append(words, "--profile", "*", "config", "--format", "json")...)
		ask.Env, ask.Timeout, ask.Dir = s.Docker, s.Within(composeLimit), s.Workspace
		out, err := s.Door.Text(ctx, ask).String()
		if err != nil {
			return nil, uncomposed(ctx, err)
		}
		if err := json.Unmarshal([]byte(out), c); err != nil {
			return nil, fmt.Errorf("read docker compose config: %w", err)
		}
		return c, nil
	})
}

// uncomposed tells files that Compose refuses from a Compose that did not look.
func uncomposed(ctx context.Context, err error) error {
	var failed *command.Error
	if ctx.Err() != nil || !errors.As(err, &failed) || failed.Exit <= 0 {
		return err
	}
	said := strings.TrimSpace(failed.Stderr)
	for _, none := range []string{"is not a docker command", "unknown command", "unknown shorthand flag", "unknown flag: --profile", "Run 'docker --help'"} {
		if strings.Contains(said, none) {
			return errNoPlugin
		}
	}
	return &Uncomposed{Said: said, Err: err}
}
