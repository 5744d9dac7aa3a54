// Package compose gives a host Compose 2 as a plugin of the docker client: one
// file, of which the SHA-256 is known before it comes, put where the plugins of
// all users are. `docker compose`, with a blank, then finds it.
//
// The file is written beside its place, compared and tried there, and only then
// gets its name. A file that a package owns is never touched, and one of
// somebody else's is moved aside, so that Back can return it. Version 1, the
// program docker-compose in Python, stays where it is: it is only recognised.
package compose

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// File is where the docker client looks for plugins that no package brings.
const File = "/usr/local/lib/docker/cli-plugins/docker-compose"

// Plugin is Compose on one host.
type Plugin struct {
	Door *command.Door
	As   string   // the user who may change it, "" is the user of the door
	Env  []string // of the docker client
	// Note keeps what Back needs before anything changes; nil keeps nothing.
	Note func(Record) error
}

// Record is what Install changes.
type Record struct {
	File  string   `json:"file,omitempty"`
	Sum   string   `json:"sha256,omitempty"` // of the file that is ours
	Aside string   `json:"aside,omitempty"`  // where somebody else's file is
	Dirs  []string `json:"dirs,omitempty"`   // that were made
}

// Version is what `docker compose` says it is; "" when there is none.
func (p *Plugin) Version(ctx context.Context) (string, error) {
	return p.ask(ctx, "docker", "compose", "version", "--short")
}

// Old is what docker-compose says it is, the program of its own that version 1
// was; "" when there is none.
func (p *Plugin) Old(ctx context.Context) (string, error) {
	return p.ask(ctx, "docker-compose", "version", "--short")
}

func (p *Plugin) ask(ctx context.Context, program string, args ...string) (string, error) {
	c := command.Read(program, args...)
	c.Env = p.Env
	out, err := p.Door.Text(ctx, c).String()
	var failed *command.Error
	if ctx.Err() == nil && errors.As(err, &failed) { // not there, or a client without the plugin
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("ask for the version of Compose: %w", err)
	}
	return strings.TrimPrefix(strings.TrimSpace(out), "v"), nil
}

// script is the output of a few lines of shell that only look.
func (p *Plugin) script(ctx context.Context, lines string, args ...string) (string, error) {
	c := command.Read("sh", append([]string{"-c", lines, "sh"}, args...)...)
	c.As = p.As
	out, err := p.Door.Text(ctx, c).String()
	return strings.TrimSpace(out), err
}

func (p *Plugin) change(ctx context.Context, lines string, args ...string) error {
	c := command.Change("sh", append([]string{"-c", lines, "sh"}, args...)...)
	c.As = p.As
	return p.Door.Run(ctx, c)
}

// sum is the SHA-256 of a file, "" when it is not there.
func (p *Plugin) sum(ctx context.Context, file string) (string, error) {
	out, err := p.script(ctx, `[ ! -e "$1" ] || sha256sum <"$1"`, file)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", file, err)
	}
	sum, _, _ := strings.Cut(out, " ")
	return sum, nil
}

// half is where the file is until it has been tried. No name that begins with a
// dot is a plugin.
func half() string { return path.Join(path.Dir(File), ".docker-compose.iact-new") }

// Back takes away what Install put there and returns what it moved aside. A file
// that somebody has changed since stays, and kept says so. Twice is the same as
// once.
func (p *Plugin) Back(ctx context.Context, r Record) (kept string, err error) {
	if r.File == "" {
		return "", nil
	}
	is, err := p.sum(ctx, r.File)
	if err != nil {
		return "", err
	}
	const back = `rm -f -- "$4" && if [ "$3" = ours ]; then rm -f -- "$1"; fi && if [ -n "$2" ] && [ -e "$2" ] && [ ! -e "$1" ]; then mv -T -- "$2" "$1"; fi
shift 4 && for d; do rmdir -- "$d" 2>/dev/null || :; done`
	whose := "ours"
	if is != r.Sum {
		whose = "somebody's"
	}
	dirs := make([]string, 0, len(r.Dirs))
	for i := len(r.Dirs) - 1; i >= 0; i-- {
		dirs = append(dirs, r.Dirs[i])
	}
	if err := p.change(ctx, back, append([]string{r.File, r.Aside, whose, half()}, dirs...)...); err != nil {
		return "", fmt.Errorf("take %s away: %w", r.File, err)
	}
	return p.IsBack(ctx, r)
}

// IsBack proves that Back has done its work.
func (p *Plugin) IsBack(ctx context.Context, r Record) (kept string, err error) {
	if r.File == "" {
		return "", nil
	}
	is, err := p.sum(ctx, r.File)
	if err != nil {
		return "", err
	}
	if is == r.Sum {
		return "", fault.New(fault.Failed, "remove it", fmt.Errorf("look for %s: it is still there", r.File))
	}
	left, err := p.script(ctx, `[ ! -e "$1" ] || echo left`, r.Aside)
	if err != nil {
		return "", err
	}
	if left != "" {
		kept = r.File + ": somebody changed it since; the one of before is " + r.Aside
	}
	return kept, nil
}
