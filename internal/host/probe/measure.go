package probe

import (
	"archive/tar"
	"bytes"
	"context"
	_ "embed" // probe.pl
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
)

// script is the program of all probes.
//
//go:embed probe.pl
var script []byte

// Facts are what was measured.
type Facts struct {
	Daemon    daemon
	Before    time.Time // the clock of the toolkit around the looks
	After     time.Time
	Host      Seen
	Bridge    Seen   // a container on the default network
	Own       Seen   // one on a network of its own, as Compose makes them
	Network   string // why that network could not be made
	Peer      Answer // from there to another container, by its name
	Published Answer // from the host to a container, by a published port
	Ports     map[int]Answer
	Volume    Volume
	Memory    Limit
	CPU       Limit
	Image     Answer // of the registry
}

// Volume is what a volume of Docker's data does.
type Volume struct {
	Writes float64 // small ones a second, each on the disk
	Bulk   float64 // MiB a second, each on the disk
	Why    string  // they could not be measured
	Kept   Answer  // a file of one container is read by another
	Gone   Answer  // the volume is not there any more
}

// Limit is one of a container.
type Limit struct {
	Says string // its control group
	Took string // what one gets who takes more
	Why  string
}

// The limits of the container that takes more. Its server speaks at this port.
const (
	memoryLimit = 64 << 20
	cpuLimit    = 0.25
	serverPort  = 8080
)

// prepare makes the image: it holds the script, and perl comes with the mounts.
func (p *Probe) prepare(ctx context.Context) error {
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	err := w.WriteHeader(&tar.Header{Name: "probe.pl", Mode: 0o444, Size: int64(len(script))})
	if err == nil {
		_, err = w.Write(script)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	c := command.Change("docker", "import", "--change", "LABEL "+label+"="+p.token, "-", p.image())
	c.Env, c.As, c.Stdin, c.Timeout = p.Env, p.As, &layer, 3*p.limit()
	if err := p.Door.Run(context.WithoutCancel(ctx), c); err != nil {
		return fmt.Errorf("make an image: %w", err)
	}
	return nil
}

// measure takes all measures, side by side as far as they need nothing of one
// another. A part that fails says so in its place.
func (p *Probe) measure(ctx context.Context) *Facts {
	f := &Facts{Daemon: p.daemon, Before: p.Now(), Ports: map[int]Answer{}}
	var all errgroup.Group
	part := func(do func(context.Context)) { all.Go(func() error { do(ctx); return nil }) }
	part(func(ctx context.Context) { f.Host = p.host(ctx, p.looks()) })
	part(func(ctx context.Context) { f.Bridge = p.seen(ctx, "bridge", nil) })
	part(func(ctx context.Context) { p.own(ctx, f) })
	part(func(ctx context.Context) { p.volume(ctx, &f.Volume) })
	part(func(ctx context.Context) { p.limits(ctx, f) })
	part(func(ctx context.Context) { f.Image = p.pull(ctx) })
	var mu sync.Mutex
	for _, port := range p.Want.Ports {
		part(func(ctx context.Context) {
			a := p.publish(ctx, port)
			mu.Lock()
			defer mu.Unlock()
			f.Ports[port] = a
		})
	}
	_ = all.Wait() // no part returns an error
	f.After = p.Now()
	return f
}

// looks are the probes that each place answers.
func (p *Probe) looks() []string {
	all := []string{"self"}
	targets := p.Want.Outside
	if len(targets) == 0 {
		targets = []string{anywhere} // for the size of packets alone
	}
	for _, target := range targets {
		if host, port, err := net.SplitHostPort(target); err == nil { // the configuration takes nothing else
			all = append(all, "outside "+host+" "+port)
		}
	}
	return all
}

// host runs probes on the host itself.
func (p *Probe) host(ctx context.Context, probes []string) Seen {
	text, err := p.onHost(ctx, probes...)
	s := parseSeen(text)
	s.Why = why(err)
	return s
}

func (p *Probe) onHost(ctx context.Context, probes ...string) (string, error) {
	c := command.Read("/usr/bin/perl", append([]string{"-"}, probes...)...)
	c.Stdin, c.Timeout = bytes.NewReader(script), p.limit()
	return p.Door.Text(ctx, c).String()
}

// container makes a container that runs probes, and goes by itself when it ends.
func (p *Probe) container(ctx context.Context, role string, options, probes []string) (name string, err error) {
	name = p.name(role)
	args := append([]string{"create", "--rm", "--name", name, "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--restart", "no"}, p.labelled()...)
	args = append(append(args, p.mounts...), options...)
	args = append(append(args, p.image(), "/usr/bin/perl", "/probe.pl"), probes...)
	return name, p.create(ctx, args...)
}

// inside runs probes in a container, and gives what they say.
func (p *Probe) inside(ctx context.Context, role string, options []string, probes ...string) (string, error) {
	name, err := p.container(ctx, role, options, probes)
	if err != nil {
		return "", err
	}
	return p.docker(ctx, p.limit(), "start", "--attach", name)
}

// seen is what a container sees.
func (p *Probe) seen(ctx context.Context, role string, options []string, more ...string) Seen {
	text, err := p.inside(ctx, role, options, append(p.looks(), more...)...)
	s := parseSeen(text)
	s.Why = why(err)
	return s
}

// limits starts a container that takes more than it may.
func (p *Probe) limits(ctx context.Context, f *Facts) {
	bytes := strconv.Itoa(memoryLimit)
	options := []string{"--network", "none", "--memory", bytes, "--memory-swap", bytes, "--cpus", fmt.Sprint(cpuLimit)}
	text, err := p.inside(ctx, "limits", options, fmt.Sprintf("limits %d", 2*memoryLimit))
	read := func(says, took string) Limit {
		a, b := one(text, says, err), one(text, took, err)
		l := Limit{Says: a.Said, Took: b.Said, Why: b.Why}
		if l.Says == "" {
			l.Says = a.Why
		}
		return l
	}
	f.Memory, f.CPU = read("memory.max", "memory"), read("cpu.max", "cpu")
}

// pull asks the registry for the image, also for one that is there: an answer is
// what counts. An image that was not there goes again.
func (p *Probe) pull(ctx context.Context) Answer {
	if p.Want.Image == "" {
		return Answer{}
	}
	_, err := p.docker(ctx, p.limit(), "image", "inspect", "--format", "there", p.Want.Image)
	there := err == nil
	said, err := p.docker(ctx, p.limit(), "pull", "--quiet", p.Want.Image)
	if err != nil {
		return Answer{Why: why(err)}
	}
	if !there {
		_, err = p.docker(context.WithoutCancel(ctx), p.limit(), "image", "rm", p.Want.Image)
	}
	return Answer{Said: said, Why: why(err)}
}
