// Package hello proves that a Docker daemon runs containers, and not only that
// it answers: a container is started, its output read, and nothing is left.
//
// The image is the one of a registry. Where none can be reached it is one of our
// own, made on the spot: a program of some 300 bytes. So the proof also holds on
// a machine without a network, and the two failures are told apart: a registry
// that is not reached, and a daemon that cannot start containers.
package hello

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Hello is one proof.
type Hello struct {
	Door  *command.Door
	As    string        // who may ask it, "" is the user of the door
	Env   []string      // of the client: which daemon it asks
	Image string        // hello-world, or where a mirror has it
	Limit time.Duration // for an answer of the daemon; 0: 20 s. A pull gets six times that.
}

// Proof is what was seen. Its JSON is part of the result of host:hello.
type Proof struct {
	Version string `json:"version"` // of the daemon
	Image   string `json:"image"`
	Own     bool   `json:"own_image"`
	Why     string `json:"registry,omitempty"` // why the registry's image was not taken
	Said    string `json:"said"`
}

// greeting is what a container of ours says.
const greeting = "Hello from a container of the IACT toolkit.\n"

// Run starts a container and reads what it says.
func (h *Hello) Run(ctx context.Context) (Proof, error) {
	var p Proof
	// Somebody else may be doing the same.
	name := "iact-hello-" + strings.ToLower(rand.Text()[:12])
	version, err := h.docker(ctx, h.limit(), "version", "--format", "{{.Server.Version}} {{.Server.Arch}}")
	if err != nil {
		return p, fault.New(fault.Missing, "host:docker installs and starts it; docker info shows more", fmt.Errorf("ask the docker daemon: %w", err))
	}
	var arch string
	if p.Version, arch, _ = strings.Cut(version, " "); arch == "" {
		return p, fmt.Errorf("ask the docker daemon: it says %q, which is no version", version)
	}
	p.Image = h.Image
	if _, err = h.docker(ctx, h.limit(), "image", "inspect", "--format", "there", h.Image); err != nil {
		_, err = h.docker(ctx, 6*h.limit(), "pull", "--quiet", h.Image)
	}
	if ctx.Err() != nil {
		return p, ctx.Err()
	}
	if err != nil {
		p.Why = command.Reason(err)
		p.Image, p.Own = "iact-infra/hello:"+name, true
		defer h.clear(ctx, "image", "rm", "--force", p.Image)
		if err := h.makeOwn(ctx, arch, p.Image); err != nil {
			return p, err
		}
	}
	defer h.clear(ctx, "rm", "--force", name)
	p.Said, err = h.docker(ctx, 3*h.limit(), "run", "--rm", "--name", name, "--network", "none", "--log-driver", "none", p.Image)
	if err != nil {
		return p, fmt.Errorf("run a container of %s: %w", p.Image, err)
	}
	if !strings.Contains(p.Said, "Hello from") {
		return p, fault.New(fault.Invalid, "docker run --rm "+p.Image+" shows it", fmt.Errorf("run a container of %s: it says %q", p.Image, p.Said))
	}
	return p, nil
}

// makeOwn imports an image that holds nothing but the program.
func (h *Hello) makeOwn(ctx context.Context, arch, image string) error {
	text, err := program(arch, greeting)
	if err != nil {
		return err
	}
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	if err := errors.Join(
		w.WriteHeader(&tar.Header{Name: "hello", Mode: 0o755, Size: int64(len(text))}),
		write(w, text), w.Close()); err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	c := command.Change("docker", "import", "--change", `CMD ["/hello"]`, "-", image)
	c.Env, c.As, c.Stdin, c.Timeout = h.Env, h.As, &layer, 3*h.limit()
	if err := h.Door.Run(ctx, c); err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	return nil
}

func write(w *tar.Writer, text []byte) error {
	_, err := w.Write(text)
	return err
}

// clear leaves nothing behind; that it cannot is no reason to fail.
func (h *Hello) clear(ctx context.Context, args ...string) {
	_, _ = h.docker(context.WithoutCancel(ctx), h.limit(), args...)
}

func (h *Hello) limit() time.Duration {
	if h.Limit == 0 {
		return 20 * time.Second
	}
	return h.Limit
}

// docker runs the client. A daemon that hangs says nothing, ever: so each call
// has its limit.
func (h *Hello) docker(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	c := command.Change("docker", args...)
	c.Env, c.As, c.Timeout = h.Env, h.As, limit
	out, err := h.Door.Text(ctx, c).String()
	return strings.TrimSpace(out), err
}
