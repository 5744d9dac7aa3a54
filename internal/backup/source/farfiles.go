package source

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// FarFiles is a directory of another host or container. Its tar writes the
// stream, so every backup reads all of it; what is the same as in the set
// before is linked there.
type FarFiles struct {
	Label   string
	Place   string // where it is
	Path    string // absolute
	Exclude []string
	As      string // the user who reads it
	Timeout time.Duration

	gnu bool // the tar there keeps attributes and holes
}

// Name implements Source.
func (f *FarFiles) Name() string { return f.Label }

// Kind implements Source.
func (f *FarFiles) Kind() string { return KindFiles }

// Origin implements Source.
func (f *FarFiles) Origin() string { return at(f.Place, f.Path) }

// Check implements Source.
func (f *FarFiles) Check(ctx context.Context, door *command.Door) (Check, error) {
	for _, pattern := range f.Exclude {
		if strings.HasPrefix(pattern, "!") || strings.Contains(pattern, "**") {
			return Check{}, fault.New(fault.Usage, "leave it out, or write it without ! and **",
				fmt.Errorf("exclude %s of source %s: tar, which reads files of another place, does not know it", pattern, f.Label))
		}
	}
	look := command.Read("sh", "-c", `[ -e "$1" ] || { echo none; exit; }; [ -d "$1" ] || { echo file; exit; }; [ -r "$1" ] && [ -x "$1" ] || { echo closed; exit; }
tar --version 2>/dev/null | grep -q GNU && echo gnu || { command -v tar >/dev/null && echo plain || echo tarless; }; du -sk "$1" 2>/dev/null | cut -f1`, "sh", f.Path)
	look.As = f.As
	out, err := door.Text(ctx, look).String()
	if err != nil {
		return Check{}, err
	}
	said := strings.Fields(out + " ?")
	switch said[0] {
	case "none":
		return Check{}, fault.New(fault.Missing, "correct the path of source "+f.Label+" in the configuration", fmt.Errorf("open %s: no such directory", f.Origin()))
	case "file":
		return Check{}, fault.New(fault.Usage, "name the directory that it is in", fmt.Errorf("open %s: not a directory", f.Origin()))
	case "closed":
		return Check{}, fault.New(fault.Missing, "log in as a user who may read it, or name one: as: root", fmt.Errorf("open %s: permission denied", f.Origin()))
	case "tarless":
		return Check{}, fault.New(fault.Missing, "install it there", &command.NotFound{Program: "tar", Place: f.Place})
	}
	f.gnu = said[0] == "gnu"
	kib, _ := strconv.ParseInt(said[1], 10, 64)
	check := Check{Estimate: kib << 10}
	if !f.gnu {
		check.Warnings = append(check.Warnings, "the tar of "+f.Place+" is not GNU tar: extended attributes, ACLs and holes are not kept")
	}
	return check, nil
}

// tar is the command that writes the stream. Names come in order, so that the
// same files make the same pieces.
func (f *FarFiles) tar() command.Command {
	args := []string{"-c", "-f", "-", "-C", f.Path}
	if f.gnu {
		args = append(GNUTar(), "--no-wildcards-match-slash", "-C", f.Path) // as in gitignore
	}
	for _, pattern := range f.Exclude {
		pattern = strings.TrimSuffix(pattern, "/")
		if anchored := strings.TrimPrefix(pattern, "/"); anchored != pattern || strings.Contains(pattern, "/") {
			pattern = "./" + anchored
		}
		args = append(args, "--exclude="+pattern)
	}
	c := command.Read("tar", append(args, ".")...)
	c.As, c.Timeout = f.As, f.Timeout
	return c
}

// Capture implements Source.
func (f *FarFiles) Capture(ctx context.Context, to To) (Captured, error) {
	began := time.Now().UTC()
	said, err := CaptureTar(ctx, f.tar(), to)
	if err != nil {
		return Captured{}, fmt.Errorf("read %s: %w", f.Origin(), err)
	}
	return Captured{
		Snapshot: began, Notes: said.Notes, Unreadable: said.Unreadable,
		Detail: map[string]string{"path": f.Path, "layout": LayoutStream},
	}, nil
}

// Plan implements Source.
func (f *FarFiles) Plan(door *command.Door, dir string) string {
	return door.Show(f.tar()) + " | zstd -T0 -1 > " + command.Quote(filepath.Join(dir, "00000001.zst"))
}
