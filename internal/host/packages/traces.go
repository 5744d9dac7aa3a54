package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// Trace is what a package's script has made in /etc: no package owns it, so that
// no purge takes it away.
type Trace struct {
	Path string `json:"path"`
	// Is tells it from what somebody makes of it later: a hash, the target of a
	// link, or "directory".
	Is string `json:"is"`
}

// traces are the files of /etc and the accounts of the system at one moment.
type traces struct{ files, users, groups []string }

const tracesScript = `find /etc -xdev -mindepth 1 -printf 'f %p\n'; awk -F: '$3 < 1000 { print "u " $1 }' /etc/passwd; awk -F: '$3 < 1000 { print "g " $1 }' /etc/group`

func (a *Apt) traces(ctx context.Context) (traces, error) {
	out, err := a.script(ctx, tracesScript)
	if err != nil {
		return traces{}, fmt.Errorf("list /etc and its accounts: %w", err)
	}
	var t traces
	for line := range strings.Lines(out) {
		kind, name, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		switch kind {
		case "f":
			t.files = append(t.files, name)
		case "u":
			t.users = append(t.users, name)
		case "g":
			t.groups = append(t.groups, name)
		}
	}
	return t, nil
}

// strays are the copies of configuration files that dpkg and ucf leave beside
// the real ones.
func (t traces) strays() []string {
	return slices.DeleteFunc(slices.Sorted(slices.Values(t.files)), func(name string) bool {
		last := name[strings.LastIndex(name, "/")+1:]
		return !strings.Contains(last, ".dpkg-") && !strings.Contains(last, ".ucf-")
	})
}

func added(before, after []string) []string {
	old := map[string]bool{}
	for _, name := range before {
		old[name] = true
	}
	return slices.DeleteFunc(slices.Clone(after), func(name string) bool { return old[name] })
}

// whatScript prints of each path that no package owns: a word for it, and the path.
const whatScript = `owned=$(dpkg-query -S -- "$@" 2>/dev/null | sed 's/^[^/]*: //')
for f; do
  printf '%s\n' "$owned" | grep -qxF -- "$f" && continue
  if [ -L "$f" ]; then is="->$(readlink -- "$f")"; elif [ -d "$f" ]; then is=directory; elif [ -f "$f" ]; then is=$(sha256sum <"$f"); else continue; fi
  printf '%s %s\n' "${is%% *}" "$f"
done
exit 0`

func (a *Apt) what(ctx context.Context, paths []string) ([]Trace, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	out, err := a.script(ctx, whatScript, paths...)
	if err != nil {
		return nil, fmt.Errorf("look at what packages have made: %w", err)
	}
	var all []Trace
	for line := range strings.Lines(out) {
		is, name, _ := strings.Cut(strings.TrimRight(line, "\n"), " ")
		all = append(all, Trace{Path: name, Is: is})
	}
	return all, nil
}

// backMade removes users and what scripts left in /etc, unless a package stays
// that may need them.
func (w *work) backMade(ctx context.Context, r Record, o *Outcome) error {
	if len(r.Users)+len(r.Made) == 0 {
		return nil
	}
	now, err := w.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, c := range r.Packages {
		if name := now.key(c.Name); c.Before == "" && now.Version(name) != "" && !w.Door.Planning() {
			o.Kept = append(o.Kept, fmt.Sprintf("what packages have made in /etc: %s stays", name))
			return nil
		}
	}
	for _, name := range r.Users {
		if err := w.backUser(ctx, name, o); err != nil {
			return err
		}
	}
	return w.backTraces(ctx, r.Made)
}

// backTraces removes what scripts have made and nobody has changed since.
func (w *work) backTraces(ctx context.Context, made []Trace) error {
	var paths []string
	for _, t := range made {
		paths = append(paths, t.Path)
	}
	there, err := w.what(ctx, paths)
	if err != nil {
		return err
	}
	var files, dirs []string
	for _, t := range there {
		switch {
		case !slices.Contains(made, t):
		case t.Is == "directory":
			dirs = append(dirs, t.Path)
		default:
			files = append(files, t.Path)
		}
	}
	if len(files) > 0 {
		c := command.Change("rm", append([]string{"-f", "--"}, files...)...)
		c.As = "root"
		if err := w.Door.Run(ctx, c); err != nil {
			return fmt.Errorf("remove what packages have made: %w", err)
		}
	}
	slices.Sort(dirs)
	for _, dir := range slices.Backward(dirs) {
		if err := w.backFile(ctx, File{Path: dir, Dir: true}, nil); err != nil {
			return err
		}
	}
	return nil
}
