package debug

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// Traced is a look at what the processes of a container do.
type Traced struct {
	Container string  `json:"container"`
	By        string  `json:"by"`  // strace or tcpdump
	Way       string  `json:"way"` // host, or the image of a side-car
	File      string  `json:"file"`
	Bytes     int64   `json:"size_bytes"`
	Seconds   float64 `json:"duration_seconds"`
}

// Write is the form for people.
func (t *Traced) Write(to io.Writer) {
	_, _ = fmt.Fprintf(to, "%s of %s: %s in %s\n", t.By, t.Container, report.Bytes(t.Bytes), t.File)
}

// Tracing is what is asked of a trace.
type Tracing struct {
	By      string // strace or tcpdump
	Seconds int
	To      string
}

// Check refuses what cannot be traced.
func (t Tracing) Check() error {
	switch {
	case t.By != "strace" && t.By != "tcpdump":
		return fault.New(fault.Usage, "-trace=strace shows calls of the kernel, -trace=tcpdump the network", fmt.Errorf("trace by %q: it is strace or tcpdump", t.By))
	case t.To == "":
		return fault.New(fault.Usage, "add -to=FILE (for tcpdump FILE.pcap is what Wireshark reads, any other name gets text)", errors.New("trace: no file is named for it"))
	case t.Seconds < 1 || t.Seconds > 3600:
		return fault.New(fault.Usage, "-seconds=10 is a beginning", fmt.Errorf("trace for %d seconds: 1 to 3600 can be asked for", t.Seconds))
	}
	return nil
}

// program is the tracer with its arguments. Timeout, which every system has, ends
// it in order, as Ctrl-C does.
func (t Tracing) program(pids []string) []string {
	words := []string{"timeout", "-s", "INT", strconv.Itoa(t.Seconds)}
	if t.By == "strace" {
		words = append(words, "strace", "-f", "-ttt", "-s", "200")
		for _, pid := range pids {
			words = append(words, "-p", pid)
		}
		return words
	}
	words = append(words, "tcpdump", "-i", "any", "-n", "-U")
	if t.packets() {
		return append(words, "-w", "-")
	}
	return append(words, "-l")
}

// packets says whether the file gets packets as they are.
func (t Tracing) packets() bool {
	return t.By == "tcpdump" && (strings.HasSuffix(t.To, ".pcap") || strings.HasSuffix(t.To, ".pcapng"))
}

// joined lets a program write both of its streams to one, where it is text.
func (t Tracing) joined() string {
	if t.packets() {
		return `exec "$@"`
	}
	return `exec "$@" 2>&1`
}

// Trace looks for some seconds at what the processes of a container ask of the
// kernel, or at what goes over its network, and writes it to a file: by the
// program of this machine where that reaches the container, else by that of an
// image, in a side-car that shares the container's processes or its network.
func (d *Desk) Trace(ctx context.Context, s *scene.Scene, c *scene.Container, t Tracing) (*Traced, error) {
	if !running(c) {
		return nil, fault.New(fault.Missing, "devcontainer:debug -c=COMMAND looks at its files; devcontainer:doctor says why it does not run", fmt.Errorf("trace %s: it does not run", c.Name))
	}
	ask, way, err := d.tracer(ctx, s, c, t)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(t.To, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // it may hold secrets
	if err != nil {
		return nil, fault.New(fault.Usage, "let -to name a new file", fmt.Errorf("trace %s: %w", c.Name, err))
	}
	began := time.Now()
	d.Say.Info("%s looks at %s for %d seconds", t.By, c.Name, t.Seconds)
	n, err := d.write(ctx, ask, file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil && n == 0 {
		_ = os.Remove(t.To) // it is empty
	}
	if err != nil {
		return nil, fmt.Errorf("trace %s: %w", c.Name, err)
	}
	return &Traced{Container: c.Name, By: t.By, Way: way, File: t.To, Bytes: n, Seconds: time.Since(began).Seconds()}, nil
}

// write runs a tracer until its time is over.
func (d *Desk) write(ctx context.Context, ask command.Command, to io.Writer) (int64, error) {
	stream, err := d.Door.Stream(ctx, ask)
	if err != nil {
		return 0, err
	}
	defer stream.Abort()
	n, err := io.Copy(to, stream)
	if err == nil {
		err = stream.Close()
	}
	var failed *command.Error
	// 124 is what timeout says of one that it has ended; a tracer that was asked to
	// end says that it was, or that all is well.
	if errors.As(err, &failed) && failed.Err == nil && (failed.Exit == 124 || failed.Exit == 130) {
		err = nil
	}
	return n, err
}

// tracer is the program that looks, and by which way it reaches the container.
func (d *Desk) tracer(ctx context.Context, s *scene.Scene, c *scene.Container, t Tracing) (command.Command, string, error) {
	limit := time.Duration(t.Seconds)*time.Second + client.Answer
	_, missing := d.Door.Look(ctx, t.By)
	_, unshared := d.Door.Look(ctx, "nsenter")
	if local(s) && os.Geteuid() == 0 && missing == nil && (t.By == "strace" || unshared == nil) {
		pids := []string{strconv.Itoa(c.State.Pid)}
		if out, err := d.Ask(ctx, "top", c.ID, "-eo", "pid"); err == nil && len(strings.Fields(out)) > 1 {
			pids = strings.Fields(out)[1:]
		}
		words := t.program(pids)
		if t.By == "tcpdump" {
			words = append([]string{"nsenter", "--target", strconv.Itoa(c.State.Pid), "--net"}, words...)
		}
		ask := command.Read("sh", append([]string{"-c", t.joined(), "debug"}, words...)...)
		ask.Timeout, ask.Live = limit, true
		return ask, "host", nil
	}
	if known, err := s.Image(ctx, d.Image); err != nil {
		return command.Command{}, "", err
	} else if known == nil {
		d.Say.Info("%s is not here, and %s is fetched for it", t.By, d.Image)
		pull := d.Changes("pull", "--quiet", d.Image)
		if err := d.Door.Run(ctx, pull); err != nil {
			return command.Command{}, "", fault.New(fault.Missing, "apt-get install "+t.By+" lets root use that of this machine; devcontainer.debug_image names an image that has it",
				fmt.Errorf("get %s: it is not on this machine, and %s cannot be fetched: %w", t.By, d.Image, err))
		}
	}
	if err := d.note(); err != nil {
		return command.Command{}, "", err
	}
	ask := d.Changes(d.sidecar(c, t)...)
	ask.Timeout, ask.Live = limit, true
	return ask, d.Image, nil
}

// sidecar are the arguments of the container that looks.
func (d *Desk) sidecar(c *scene.Container, t Tracing) []string {
	args := append([]string{"run", "--name", d.name()}, d.labels()...)
	args = append(args, "--log-driver", "none", "--no-healthcheck", "--user", "0")
	if t.By == "strace" {
		args = append(args, "--pid", "container:"+c.ID, "--cap-add", "SYS_PTRACE", "--security-opt", "seccomp=unconfined")
	} else {
		args = append(args, "--network", "container:"+c.ID, "--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW")
	}
	args = append(args, "--entrypoint", "sh", d.Image, "-c", t.joined(), "debug")
	return append(args, t.program([]string{"1"})...)
}

// PlannedTrace are the lines that amount to a trace.
func (d *Desk) PlannedTrace(ctx context.Context, s *scene.Scene, c *scene.Container, t Tracing) ([]string, error) {
	if known, _ := s.Image(ctx, d.Image); known == nil && !local(s) { // which would be fetched
		return []string{d.Show("pull", d.Image), d.Show(d.sidecar(c, t)...) + " >" + t.To}, nil
	}
	noted := d.noted
	defer func() { d.noted = noted }()
	d.noted = true // a plan makes nothing
	ask, _, err := d.tracer(ctx, s, c, t)
	return []string{ask.String() + " >" + t.To}, err
}
