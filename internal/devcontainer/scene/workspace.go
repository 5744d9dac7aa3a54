package scene

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/devjson"
	"iact-infra/internal/fault"
)

// readLimit is for files of the workspace, which may be on a network.
const readLimit = 2 * time.Second

// Configs are the devcontainer.json files of the workspace, from its root, in the
// order in which tools look.
func (s *Scene) Configs() ([]string, error) {
	return s.configs.ask(s.ctx, s.Within(readLimit), func(context.Context) ([]string, error) {
		if _, err := os.ReadDir(s.Workspace); err != nil {
			return nil, fault.New(fault.Usage, "-workspace=DIR names the folder that holds .devcontainer", fmt.Errorf("open workspace: %w", err))
		}
		root := os.DirFS(s.Workspace)
		var all []string
		for _, pattern := range devjson.Places() {
			some, err := fs.Glob(root, pattern)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	})
}

// ConfigPath is the devcontainer.json that counts, from the workspace: the chosen
// one, else the first. "" when there is none.
func (s *Scene) ConfigPath() (string, error) {
	if s.Config != "" {
		return s.Config, nil
	}
	all, err := s.Configs()
	if err != nil || len(all) == 0 {
		return "", err
	}
	return all[0], nil
}

// ConfigText is the text of that file. The error is fs.ErrNotExist when there is
// none.
func (s *Scene) ConfigText() ([]byte, error) {
	return s.text.ask(s.ctx, s.Within(readLimit), func(context.Context) ([]byte, error) {
		path, err := s.ConfigPath()
		if err != nil {
			return nil, err
		}
		if path == "" {
			return nil, fmt.Errorf("find devcontainer.json in %s: %w", s.Workspace, fs.ErrNotExist)
		}
		return s.Read(path)
	})
}

// Settings are what the file says, with the variables of this machine filled in.
// Where the file is broken they hold what could be understood.
func (s *Scene) Settings() (devjson.Settings, error) {
	return s.settings.ask(s.ctx, s.Within(readLimit), func(context.Context) (devjson.Settings, error) {
		text, err := s.ConfigText()
		if err != nil {
			return devjson.Settings{}, err
		}
		settings, err := devjson.Read(text)
		if err != nil {
			return settings, err
		}
		return settings.Substitute(s.variables(settings)), nil
	})
}

// Env are the variables of this process by their names.
func (s *Scene) Env() map[string]string {
	all := map[string]string{}
	for _, line := range s.Environ {
		name, value, _ := strings.Cut(line, "=")
		all[name] = value
	}
	return all
}

// variables are those that this machine gives to a devcontainer.json.
func (s *Scene) variables(settings devjson.Settings) devjson.Variables {
	v := devjson.Variables{Env: s.Env(), LocalWorkspaceFolder: s.Workspace}
	v.ContainerWorkspaceFolder = v.Substitute(settings.WorkspaceFolder)
	if v.ContainerWorkspaceFolder == "" {
		v.ContainerWorkspaceFolder = "/workspaces/" + filepath.Base(s.Workspace)
	}
	return v
}

// Read is a file of the workspace, by its path from the root. It never leads out
// of it but by a link.
func (s *Scene) Read(path string) ([]byte, error) {
	if !fs.ValidPath(path) {
		return nil, fmt.Errorf("read %q: it leads out of the workspace", path)
	}
	return os.ReadFile(filepath.Join(s.Workspace, path))
}

// NoConfig says whether an error means that the workspace has no
// devcontainer.json.
func NoConfig(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Check refuses a workspace that cannot be looked at, and a configuration that it
// does not have.
func (s *Scene) Check() error {
	all, err := s.Configs()
	if err != nil {
		return err
	}
	if s.Config != "" && !slices.Contains(all, s.Config) {
		return fault.New(fault.Usage, "-config=FILE names one of: "+strings.Join(all, ", "),
			fmt.Errorf("select configuration %s: %s has none of that name", s.Config, s.Workspace))
	}
	return nil
}
