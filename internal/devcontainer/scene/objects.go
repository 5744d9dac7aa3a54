package scene

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// Network is one of the engine's.
type Network struct {
	ID       string `json:"Id"`
	Name     string
	Driver   string
	Scope    string
	Internal bool
	Labels   map[string]string
	Options  map[string]string
	IPAM     struct {
		Config []struct{ Subnet, Gateway string }
	}
	Containers map[string]struct{ Name, IPv4Address string } // that run
}

// Volume is one of the engine's.
type Volume struct {
	Name, Driver, Mountpoint, Scope string
	Labels, Options                 map[string]string
}

// Image is one of the engine's.
type Image struct {
	ID               string `json:"Id"`
	RepoTags         []string
	Architecture, Os string
	Size             int64
	Created          time.Time
	Config           struct {
		User, WorkingDir     string
		Env, Cmd, Entrypoint []string
		Labels               map[string]string
	}
	RootFS struct{ Layers []string }
}

// Networks are all networks of the engine.
func (s *Scene) Networks() ([]Network, error) {
	return s.networks.ask(s.ctx, s.Within(2*askLimit), func(ctx context.Context) ([]Network, error) {
		return inspectAll[Network](ctx, s, "network")
	})
}

// Volumes are all volumes of the engine.
func (s *Scene) Volumes() ([]Volume, error) {
	return s.volumes.ask(s.ctx, s.Within(2*askLimit), func(ctx context.Context) ([]Volume, error) {
		return inspectAll[Volume](ctx, s, "volume")
	})
}

func inspectAll[T any](ctx context.Context, s *Scene, kind string) ([]T, error) {
	out, err := s.Text(ctx, kind, "ls", "--quiet")
	if err != nil {
		return nil, err
	}
	return inspect[T](ctx, s, kind, strings.Fields(out))
}

// inspect is docker inspect of several things. Those that have gone since they
// were listed are left out: the client names them, and prints the rest for nobody.
func inspect[T any](ctx context.Context, s *Scene, kind string, names []string) ([]T, error) {
	for len(names) > 0 {
		out, err := s.Text(ctx, append([]string{kind, "inspect"}, names...)...)
		if err != nil {
			left := slices.DeleteFunc(slices.Clone(names), gone(err))
			if len(left) == len(names) {
				return nil, err
			}
			names = left
			continue
		}
		var all []T
		if err := json.Unmarshal([]byte(out), &all); err != nil {
			return nil, fmt.Errorf("read docker %s inspect: %w", kind, err)
		}
		return all, nil
	}
	return nil, nil
}

// gone says which names a failed inspect did not find.
func gone(err error) func(name string) bool {
	var failed *command.Error
	if !errors.As(err, &failed) {
		return func(string) bool { return false }
	}
	missing := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?i)no such (?:container|volume|network|object): (\S+)|get (\S+): no such volume|network (\S+) not found`).FindAllStringSubmatch(failed.Stderr, -1) {
		missing[m[1]+m[2]+m[3]] = true
	}
	return func(name string) bool { return missing[name] }
}

// Image is an image by its name or id; nil when the engine has none.
func (s *Scene) Image(ctx context.Context, name string) (*Image, error) {
	out, err := s.Text(ctx, "image", "inspect", name)
	if err != nil {
		if strings.Contains(strings.ToLower(err.Error()), "no such image") || strings.Contains(strings.ToLower(err.Error()), "image not known") {
			return nil, nil //nolint:nilnil // none is an answer
		}
		return nil, err
	}
	var all []*Image
	if err := json.Unmarshal([]byte(out), &all); err != nil || len(all) != 1 {
		return nil, fmt.Errorf("read docker image inspect %s: %w", name, err)
	}
	return all[0], nil
}
