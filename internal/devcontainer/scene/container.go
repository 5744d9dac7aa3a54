package scene

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Container is one as docker inspect tells it. Only what the checks use is here.
type Container struct {
	ID           string `json:"Id"`
	Name         string // without the slash before it
	Created      time.Time
	Path         string
	Args         []string
	State        State
	Image        string // id
	RestartCount int
	LogPath      string
	ProcessLabel string
	Profile      string `json:"AppArmorProfile"`
	Mounts       []Mount
	GraphDriver  struct { // where the image's layers are, on the engine's machine
		Name string
		Data map[string]string
	}
	Config struct {
		User, Image, WorkingDir string
		Hostname                string
		Env, Cmd, Entrypoint    []string
		Labels                  map[string]string
		ExposedPorts            map[string]struct{}
		Healthcheck             *struct{ Test []string }
	}
	HostConfig struct {
		Binds                                      []string
		NetworkMode, PidMode, IpcMode, UsernsMode  string
		PortBindings                               map[string][]Port
		RestartPolicy                              struct{ Name string }
		Memory, MemorySwap, NanoCpus, ShmSize      int64
		PidsLimit                                  *int64
		OomKillDisable                             *bool
		Privileged, ReadonlyRootfs, PublishAllPort bool
		CapAdd, CapDrop, SecurityOpt, DNS          []string `json:",omitempty"`
		DNSSearch, ExtraHosts                      []string
		Init                                       *bool
		LogConfig                                  struct {
			Type   string
			Config map[string]string
		}
		Ulimits []struct {
			Name       string
			Soft, Hard int64
		}
		Tmpfs map[string]string
	}
	NetworkSettings struct {
		Ports    map[string][]Port
		Networks map[string]Attachment
	}
}

// State is how a container is doing.
type State struct {
	Status                                       string
	Running, Paused, Restarting, OOMKilled, Dead bool
	Pid, ExitCode                                int
	Error                                        string
	StartedAt, FinishedAt                        time.Time
	Health                                       *struct {
		Status        string
		FailingStreak int
		Log           []struct {
			Start, End time.Time
			ExitCode   int
			Output     string
		}
	}
}

// Mount is one that a container has.
type Mount struct {
	Type, Name, Source, Destination, Driver, Mode, Propagation string
	RW                                                         bool
}

// Port is one of the machine that leads into a container.
type Port struct{ HostIP, HostPort string }

// Attachment is a container in a network.
type Attachment struct {
	NetworkID, IPAddress, Gateway, MacAddress string
	Aliases                                   []string
}

// Labels by which tools mark what they make.
const (
	LabelFolder  = "devcontainer.local_folder"
	LabelConfig  = "devcontainer.config_file"
	LabelProject = "com.docker.compose.project"
	LabelService = "com.docker.compose.service"
	LabelDir     = "com.docker.compose.project.working_dir"
	LabelFiles   = "com.docker.compose.project.config_files"
)

// Label is one of the container's labels.
func (c *Container) Label(name string) string { return c.Config.Labels[name] }

// Shows is a shell line with which the engine shows a fact of the container; what
// is a template of docker inspect without its outer braces.
func (c *Container) Shows(what string) string {
	return "docker container inspect --format '{{" + what + "}}' " + c.Name
}

// Everyone are all containers of the engine, the newest first.
func (s *Scene) Everyone() ([]*Container, error) {
	return s.containers.ask(s.ctx, s.Within(askLimit), func(ctx context.Context) ([]*Container, error) {
		out, err := s.Text(ctx, "ps", "--all", "--quiet", "--no-trunc")
		if err != nil {
			return nil, err
		}
		all, err := inspect[*Container](ctx, s, "container", strings.Fields(out))
		for _, c := range all {
			c.Name = strings.TrimPrefix(c.Name, "/")
		}
		slices.SortStableFunc(all, func(a, b *Container) int { return b.Created.Compare(a.Created) })
		return all, err
	})
}

// Containers are those of the workspace: by the labels of the devcontainers
// tools, then those of its Compose project, and else those that have the
// workspace mounted.
func (s *Scene) Containers() ([]*Container, error) {
	all, err := s.Everyone()
	if err != nil {
		return nil, err
	}
	s.mine.once.Do(func() { s.mine.value = s.those(all) })
	return s.mine.value, nil
}

func (s *Scene) those(all []*Container) []*Container {
	labelled := filter(all, func(c *Container) bool { return s.same(c.Label(LabelFolder)) })
	projects := map[string]bool{}
	for _, c := range all {
		if project := c.Label(LabelProject); project != "" && (s.same(c.Label(LabelFolder)) || s.inside(c.Label(LabelDir)) && s.composed(c)) {
			projects[project] = true
		}
	}
	composed := filter(all, func(c *Container) bool { return projects[c.Label(LabelProject)] })
	if mine := union(labelled, composed); len(mine) > 0 {
		return mine
	}
	return filter(all, func(c *Container) bool {
		return slices.ContainsFunc(c.Mounts, func(m Mount) bool { return m.Type == "bind" && s.same(m.Source) })
	})
}

// composed says whether the files of a Compose project are in the workspace.
func (s *Scene) composed(c *Container) bool {
	files := strings.Split(c.Label(LabelFiles), ",")
	return slices.ContainsFunc(files, func(f string) bool { return s.inside(f) })
}

// Main is the container in which people work: the one with the label, that of
// the service, and of several the one that runs, the newest. Nil when there is
// none.
func (s *Scene) Main() (*Container, error) {
	mine, err := s.Containers()
	if err != nil || len(mine) == 0 {
		return nil, err
	}
	config, _ := s.ConfigPath()
	settings, _ := s.Settings()
	// What stands first counts more than all that follows.
	score := func(c *Container) (points int) {
		for _, holds := range []bool{
			s.same(c.Label(LabelFolder)),
			config != "" && c.Label(LabelConfig) == filepath.Join(s.Workspace, config),
			settings.Service != "" && c.Label(LabelService) == settings.Service,
			c.State.Running,
		} {
			points *= 2
			if holds {
				points++
			}
		}
		return points
	}
	best := mine[0]
	for _, c := range mine[1:] {
		if score(c) > score(best) {
			best = c
		}
	}
	return best, nil
}

// same says whether a path is the workspace.
func (s *Scene) same(path string) bool {
	if path == "" {
		return false
	}
	if filepath.Clean(path) == s.Workspace {
		return true
	}
	s.real.once.Do(func() { s.real.value, s.real.err = filepath.EvalSymlinks(s.Workspace) })
	return s.real.err == nil && filepath.Clean(path) == s.real.value
}

// inside says whether a path is the workspace or lies in it.
func (s *Scene) inside(path string) bool {
	return path != "" && (s.same(path) || strings.HasPrefix(filepath.Clean(path), s.Workspace+"/"))
}

func filter(all []*Container, want func(*Container) bool) []*Container {
	var some []*Container
	for _, c := range all {
		if want(c) {
			some = append(some, c)
		}
	}
	return some
}

func union(a, b []*Container) []*Container {
	all := slices.Clone(a)
	for _, c := range b {
		if !slices.Contains(all, c) {
			all = append(all, c)
		}
	}
	return all
}
