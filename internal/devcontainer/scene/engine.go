package scene

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Limits for answers of the engine. A healthy one needs some 50 ms.
const (
	pingLimit = 3 * time.Second
	askLimit  = 4 * time.Second
	longLimit = 20 * time.Second // for what is gathered and not judged
)

// Engine is the container engine that the docker client talks to.
type Engine struct {
	Client   string // version of docker
	Server   string // version of what answers
	Endpoint string // unix:///var/run/docker.sock
	Context  string // of the client; "" when DOCKER_HOST decides
	Podman   bool
	Desktop  bool // the daemon runs in a machine of Docker Desktop
	Rootless bool
	Local    bool // the daemon runs on this machine, under the same kernel
	Root     string
	Arch     string // x86_64
	Driver   string // overlay2
	Cgroup   string // 1 or 2
	Name     string
	Kernel   string
	Warnings []string
	Security []string
	Log      string          // the default logging driver
	Info     json.RawMessage // all of docker info
}

// Line is the engine in one line.
func (e *Engine) Line() string {
	what := "docker"
	if e.Podman {
		what = "podman"
	}
	return fmt.Sprintf("%s %s at %s", what, e.Server, e.Endpoint)
}

// Refused is an engine that gave no answer.
type Refused struct {
	Endpoint string // where it was asked
	Context  string
	Hung     bool   // it took the question and never answered
	Missing  bool   // there is no docker program
	Said     string // what the client said
	Err      error
}

func (r *Refused) Error() string {
	switch {
	case r.Missing:
		return "there is no docker program"
	case r.Hung:
		return fmt.Sprintf("the engine at %s gives no answer within %v", r.Endpoint, pingLimit)
	}
	return r.Said
}

func (r *Refused) Unwrap() error { return r.Err }

// ExitCode is the code for a missing prerequisite.
func (r *Refused) ExitCode() int { return fault.Missing }

// Engine asks the engine who it is. The error is a *Refused.
func (s *Scene) Engine() (*Engine, error) {
	return s.engine.ask(s.ctx, s.Within(pingLimit+time.Second), func(ctx context.Context) (*Engine, error) {
		e := &Engine{}
		e.Endpoint, e.Context = s.endpoint(ctx)
		out, err := s.raw(ctx, pingLimit, "info", "--format", "{{json .}}")
		if err != nil {
			return nil, s.refused(ctx, e, err)
		}
		if err := e.read(out); err != nil {
			r := &Refused{Endpoint: e.Endpoint, Context: e.Context, Said: err.Error(), Err: err}
			return nil, r
		}
		e.Local = s.local(e)
		return e, nil
	})
}

// refused says how the engine did not answer.
func (s *Scene) refused(ctx context.Context, e *Engine, err error) *Refused {
	r := &Refused{Endpoint: e.Endpoint, Context: e.Context, Said: firstLine(err.Error()), Err: err}
	var missing *command.NotFound
	var failed *command.Error
	switch {
	case errors.As(err, &missing):
		r.Missing = true
	case errors.As(err, &failed) && failed.Err != nil && errors.Is(failed.Err, context.DeadlineExceeded), ctx.Err() != nil:
		r.Hung = true
	case errors.As(err, &failed) && strings.TrimSpace(failed.Stderr) != "":
		r.Said = strings.TrimSpace(failed.Stderr)
	}
	return r
}

// endpoint is where the client goes, and the context that says so.
func (s *Scene) endpoint(ctx context.Context) (endpoint, context string) {
	if host := s.Variable("DOCKER_HOST"); host != "" {
		return host, ""
	}
	out, err := s.raw(ctx, askLimit, "context", "inspect", "--format", "{{.Name}} {{.Endpoints.docker.Host}}")
	if err != nil {
		return "unix:///var/run/docker.sock", s.Variable("DOCKER_CONTEXT")
	}
	context, endpoint, _ = strings.Cut(strings.TrimSpace(out), " ")
	return endpoint, context
}

// Variable is one of the docker client's: of the scene, or of this process.
func (s *Scene) Variable(name string) string {
	for _, line := range slices.Concat(s.Docker, s.Environ) {
		if value, is := strings.CutPrefix(line, name+"="); is {
			return value
		}
	}
	return ""
}

// read takes docker info apart. The names are those of the engine's API.
func (e *Engine) read(out string) error {
	var in struct {
		ServerVersion, OperatingSystem, DockerRootDir, Architecture, Driver, CgroupVersion, Name, KernelVersion, LoggingDriver string

		ClientInfo      struct{ Version string }
		Warnings        []string
		SecurityOptions []string
		ServerErrors    []string
		ProductLicense  string
	}
	if err := json.Unmarshal([]byte(out), &in); err != nil {
		return fmt.Errorf("read docker info: %w", err)
	}
	if in.ServerVersion == "" {
		if len(in.ServerErrors) == 0 {
			return errNoVersion
		}
		return command.Sentinel(strings.Join(in.ServerErrors, "; "))
	}
	e.Client, e.Server, e.Root, e.Arch, e.Driver = in.ClientInfo.Version, in.ServerVersion, in.DockerRootDir, in.Architecture, in.Driver
	e.Cgroup, e.Name, e.Kernel, e.Warnings, e.Security = in.CgroupVersion, in.Name, in.KernelVersion, in.Warnings, in.SecurityOptions
	e.Log, e.Info = in.LoggingDriver, json.RawMessage(out)
	// Podman's imitation of the API has its own licence line, and its store elsewhere.
	e.Podman = in.ProductLicense == "Apache-2.0" || strings.Contains(in.DockerRootDir, "/containers/storage")
	e.Desktop = in.OperatingSystem == "Docker Desktop"
	for _, option := range in.SecurityOptions {
		e.Rootless = e.Rootless || strings.Contains(option, "rootless")
	}
	return nil
}

// local says whether what this machine's kernel tells is true of the engine: the
// same kernel and the same name, by a way that leads nowhere else.
func (s *Scene) local(e *Engine) bool {
	kernel, err := os.ReadFile("/proc/sys/kernel/osrelease")
	name, unnamed := os.Hostname()
	return err == nil && unnamed == nil && !e.Desktop && strings.TrimSpace(string(kernel)) == e.Kernel && name == e.Name
}

// Text asks the docker client something. It has the limit of every question,
// and fails at once when the engine does not answer.
func (s *Scene) Text(ctx context.Context, args ...string) (string, error) {
	if _, err := s.Engine(); err != nil {
		return "", err
	}
	return s.raw(ctx, askLimit, args...)
}

// raw asks the docker client, whether the engine answers or not.
func (s *Scene) raw(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	c := command.Read("docker", args...)
	c.Env, c.Timeout = s.Docker, s.Within(limit)
	return s.Door.Text(ctx, c).String()
}

// errNoVersion is something that answers and is no engine.
const errNoVersion = command.Sentinel("what answers tells no version: it is no container engine")

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
