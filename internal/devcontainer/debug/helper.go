package debug

import (
	"context"
	"debug/elf"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
)

// helper is a copy of a container that does not run: an image of its file system
// as it is now, with what it had written, and a container of that image with the
// same mounts, user, environment and network, that runs a shell and nothing else.
type helper struct {
	desk   *Desk
	of     *scene.Container
	person client.Person
	local  bool // the engine sees the files of this machine

	image   string
	said    []string // in what it differs from the container
	mounts  bool
	network string
	busybox string // of this machine, "" as long as the shell of the image will do
}

// Where a busybox that is lent is inside, and its programs.
const (
	busyboxInside = "/.iact/busybox" // which goes by its name
	busyboxLinks  = "/.iact-bin"
)

// newHelper copies a container's file system.
func newHelper(ctx context.Context, d *Desk, c *scene.Container, p client.Person, local bool) (*helper, error) {
	h := &helper{desk: d, of: c, person: p, local: local, image: "iact-debug:" + strings.ToLower(d.Run), mounts: true, network: c.HostConfig.NetworkMode}
	if err := d.note(); err != nil {
		return nil, err
	}
	for _, args := range h.commit() {
		if _, err := d.Do(ctx, args...); err != nil {
			return nil, fmt.Errorf("copy the file system of %s: %w", c.Name, err)
		}
	}
	return h, nil
}

// commit are the commands that copy the file system. Nothing is paused for it: a
// container that does not run holds still.
func (h *helper) commit() [][]string {
	args := []string{"commit", "--pause=false"}
	for i, label := range h.desk.labels() {
		if i%2 == 1 {
			name, value, _ := strings.Cut(label, "=")
			args = append(args, "--change", fmt.Sprintf("LABEL %s=%q", name, value))
		}
	}
	return [][]string{append(args, h.of.ID, h.image)}
}

// create are the arguments of the container: words are what its shell runs.
func (h *helper) create(terminal bool, words ...string) []string {
	args := append([]string{"create", "--name", h.desk.name()}, h.desk.labels()...)
	// What it writes is read here: the engine's log would hold it once more.
	args = append(args, "--log-driver", "none", "--no-healthcheck", "--restart", "no")
	if terminal {
		args = append(args, "--interactive", "--tty")
	}
	if h.person.User != "" {
		args = append(args, "--user", h.person.User)
	}
	if h.network != "" {
		args = append(args, "--network", h.network)
	}
	for _, m := range h.of.Mounts {
		if option := h.mount(m); h.mounts && option != "" {
			args = append(args, "--mount", option)
		}
	}
	if h.busybox != "" {
		args = append(args, "--mount", mountOption("type=bind", "source="+h.busybox, "target="+busyboxInside, "readonly"))
		// The programs of busybox are links to it.
		words = slices.Clone(words)
		words[1] = busyboxInside + " --install -s " + busyboxLinks + "; PATH=$PATH:" + busyboxLinks + "; " + words[1]
		return append(append(args, "--tmpfs", busyboxLinks+":exec,mode=1777", "--entrypoint", busyboxInside, h.image, "sh"), words...)
	}
	return append(append(args, "--entrypoint", "sh", h.image), words...)
}

// mount is the option for a mount of the container; "" for one that cannot be
// had, which may be why the container does not start. Nothing is ever made for
// one: a bind source that is missing stays missing, a volume stays empty.
func (h *helper) mount(m scene.Mount) string {
	options := []string{"type=" + m.Type, "target=" + m.Destination}
	switch m.Type {
	case "bind":
		if _, err := os.Stat(m.Source); h.local && err != nil {
			h.tell("%s is not mounted: its source %s is not there", m.Destination, m.Source)
			return ""
		}
		options = append(options, "source="+m.Source)
	case "volume":
		options = append(options, "source="+m.Name, "volume-nocopy")
	default:
		return ""
	}
	if !m.RW {
		options = append(options, "readonly")
	}
	return mountOption(options...)
}

// mountOption joins options as --mount reads them.
func mountOption(options ...string) string {
	var line strings.Builder
	w := csv.NewWriter(&line)
	_ = w.Write(options) // a Builder takes all
	w.Flush()
	return strings.TrimSuffix(line.String(), "\n")
}

func (h *helper) tell(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if !slices.Contains(h.said, line) {
		h.said = append(h.said, line)
	}
}

// errNoShell says that nothing can be run in the copy.
const errNoShell = command.Sentinel("there is no shell in it, and this machine has no static busybox to lend it (apt-get install busybox-static)")

// fits makes the helper such that it can start, by what kept it from that: each
// reason is taken away once, and told.
func (h *helper) fits(why error) error {
	said := strings.ToLower(why.Error())
	has := func(some ...string) bool {
		return slices.ContainsFunc(some, func(one string) bool { return strings.Contains(said, one) })
	}
	switch {
	case h.busybox == "" && has(`"sh": executable file not found`, `exec: "sh"`, "exec format error", "no such file or directory: unknown") && !has("mount"):
		if h.busybox = staticBusybox(); !h.local || h.busybox == "" {
			return errNoShell
		}
		h.tell("there is no shell in it that runs here: this is the busybox of this machine")
	case h.person.User != "" && h.person.User != "0" && has("unable to find user", "no matching entries in passwd"):
		h.tell("it does not know the user %s: this is root", h.person.User)
		h.person.User = "0"
	case h.person.User == "" && has("unable to find user", "no matching entries in passwd"):
		h.tell("it does not know its own user %s: this is root", h.of.Config.User)
		h.person.User = "0"
	case h.network != "none" && has("network", "endpoint", "address", "container:", "joining"):
		h.tell("it is without a network: %s", firstLine(why))
		h.network = "none"
	case h.mounts && len(h.of.Mounts) > 0:
		h.tell("it is without the mounts of the container: %s", firstLine(why))
		h.mounts = false
	default:
		return why
	}
	return nil
}

// staticBusybox is a busybox that runs in any container of this machine, which
// need not hold a library.
func staticBusybox() string {
	for _, dir := range []string{"/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin"} {
		if file := dir + "/busybox"; static(file) {
			return file
		}
	}
	return ""
}

func static(file string) bool {
	f, err := elf.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
	return line
}

// started makes the container and lets run start it; what keeps it from starting
// is taken away, once each.
func (h *helper) started(ctx context.Context, terminal bool, words []string, run func(id string) error) error {
	const reasons = 5
	for range reasons {
		id, err := h.desk.Do(ctx, h.create(terminal, words...)...)
		if err == nil {
			if err = run(id); err == nil {
				return nil
			}
			neverRan := h.neverRan(ctx, id)
			if neverRan == nil {
				return err
			}
			err = neverRan
		}
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), err)
		}
		if err := h.fits(err); err != nil {
			return fmt.Errorf("start a copy of %s: %w", h.of.Name, err)
		}
		if _, err := h.desk.Do(ctx, "rm", "--force", "--volumes", h.desk.name()); err != nil && !client.Gone(err) {
			return err
		}
	}
	return fmt.Errorf("start a copy of %s: it does not start", h.of.Name)
}

// neverRan is why a container did not start; nil when it did.
func (h *helper) neverRan(ctx context.Context, id string) error {
	said, err := h.desk.Ask(ctx, "container", "inspect", "--format", "{{.State.StartedAt}} {{.State.Error}}", id)
	if err != nil {
		return nil //nolint:nilerr // then the error of its start is what there is
	}
	at, why, _ := strings.Cut(said, " ")
	if strings.HasPrefix(at, "0001-") || why != "" {
		return errors.New(why)
	}
	return nil
}
