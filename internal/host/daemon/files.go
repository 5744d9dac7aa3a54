package daemon

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// The file may be on another machine: everything is done by what a shell has
// there. A link stays a link, what it leads to is what is read and replaced.

// content is a file as it was read.
type content struct {
	target string // without links
	text   []byte
	absent bool
}

const readScript = `set -e
target=$(readlink -f -- "$1") || target=
if [ -z "$target" ]; then
  [ ! -L "$1" ] || { echo "$1 is a link that leads nowhere" >&2; exit 1; }
  target=$1
fi
printf '%s\n' "$target"
[ -e "$target" ] || { echo absent; exit 0; }
echo here
cat -- "$target"`

func (d *Daemon) read(ctx context.Context, file string) (content, error) {
	text, err := d.text(ctx, command.Read("sh", "-c", readScript, "sh", file))
	if err != nil {
		return content{}, fmt.Errorf("read %s: %w", file, err)
	}
	target, rest, _ := strings.Cut(text, "\n")
	state, body, _ := strings.Cut(rest, "\n")
	return content{target: target, text: []byte(body), absent: state == "absent"}, nil
}

// sum tells one content from another; that there is no file is one, too.
func (c content) sum() string {
	if c.absent {
		return absentSum
	}
	return sumOf(c.text)
}

const absentSum = "absent"

func sumOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Names beside the file.
const (
	freshEnd  = ".iact-new"
	openEnd   = ".iact-open"
	backupEnd = ".iact-"
)

// change runs a script that changes something.
func (d *Daemon) change(ctx context.Context, input []byte, script string, args ...string) error {
	c := command.Change("sh", append([]string{"-c", "set -eu\n" + script, "sh"}, args...)...)
	c.As, c.Timeout = d.As, d.limit()
	if input != nil {
		c.Stdin = bytes.NewReader(input)
	}
	return d.Door.Run(ctx, c)
}

// write puts a text beside its target, with the owner and the rights of what is
// there, and on the disk.
func (d *Daemon) write(ctx context.Context, target string, text []byte) error {
	const script = `mkdir -p -- "$(dirname -- "$1")"
rm -f -- "$2"
if [ -e "$1" ]; then cp -a -- "$1" "$2"; else umask 022; : >"$2"; fi
cat >"$2"
sync -- "$2" 2>/dev/null || sync`
	if err := d.change(ctx, text, script, target, target+freshEnd); err != nil {
		return fmt.Errorf("write %s: %w", target+freshEnd, err)
	}
	return nil
}

// errTouched says that somebody else has written the file.
var errTouched = errors.New("somebody else has changed it since")

// install puts what was written in the place of its target, unless that is
// something else by now.
func (d *Daemon) install(ctx context.Context, target, expected string) error {
	const script = `now=absent
[ ! -e "$1" ] || now=$(sha256sum <"$1" | cut -c1-64)
[ "$now" = "$3" ] || exit 9
mv -f -- "$2" "$1"
sync -- "$(dirname -- "$1")" 2>/dev/null || sync`
	return installed(target, d.change(ctx, nil, script, target, target+freshEnd, expected))
}

// remove takes the target away where there was none.
func (d *Daemon) remove(ctx context.Context, target, expected string) error {
	const script = `[ -e "$1" ] || exit 0
now=$(sha256sum <"$1" | cut -c1-64)
[ "$now" = "$2" ] || exit 9
rm -f -- "$1"
sync -- "$(dirname -- "$1")" 2>/dev/null || sync`
	return installed(target, d.change(ctx, nil, script, target, expected))
}

func installed(target string, err error) error {
	var failed *command.Error
	if errors.As(err, &failed) && failed.Exit == 9 {
		return fault.New(fault.Failed, "look at it, and run this again", fmt.Errorf("replace %s: %w", target, errTouched))
	}
	if err != nil {
		return fmt.Errorf("replace %s: %w", target, err)
	}
	return nil
}

// keep copies the target, with all that it has, to where Back finds it.
func (d *Daemon) keep(ctx context.Context, target, backup string) error {
	const script = `mkdir -p -- "$(dirname -- "$2")"
if [ -e "$1" ]; then cp -a -- "$1" "$2"; else : >"$2"; fi
sync -- "$2" 2>/dev/null || sync`
	if err := d.change(ctx, nil, script, target, backup); err != nil {
		return fmt.Errorf("keep %s as %s: %w", target, backup, err)
	}
	return nil
}

// open says beside the file what is under way.
func (d *Daemon) open(ctx context.Context, a Applied) error {
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	const script = `cat >"$1.tmp"
sync -- "$1.tmp" 2>/dev/null || sync
mv -f -- "$1.tmp" "$1"`
	if err := d.change(ctx, text, script, d.File+openEnd); err != nil {
		return fmt.Errorf("note what is under way: %w", err)
	}
	return nil
}

// Unfinished is what a killed run was at: Apply goes on with it, Back undoes it.
func (d *Daemon) Unfinished(ctx context.Context) (a Applied, found bool, err error) {
	c, err := d.read(ctx, d.File+openEnd)
	if err != nil || c.absent {
		return Applied{}, false, err
	}
	if err := json.Unmarshal(c.text, &a); err != nil {
		return Applied{}, false, fault.New(fault.Failed, "look at it, and remove it", fmt.Errorf("read %s: %w", d.File+openEnd, err))
	}
	return a, true, nil
}

// discard removes files of this package's own.
func (d *Daemon) discard(ctx context.Context, files ...string) error {
	if err := d.change(ctx, nil, `rm -f -- "$@"`, files...); err != nil {
		return fmt.Errorf("remove what is left: %w", err)
	}
	return nil
}
