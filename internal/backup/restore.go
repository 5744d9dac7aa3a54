package backup

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/backup/tree"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// Restored is the result of backup:restore.
type Restored struct {
	ID       string   `json:"id"`
	Source   string   `json:"source"`
	Kind     string   `json:"kind"`
	To       string   `json:"to"`
	Size     int64    `json:"size_bytes"`
	Files    int64    `json:"files,omitempty"`
	Warnings []string `json:"warnings"`
	Next     string   `json:"next,omitempty"` // the command that loads a dump
}

// Restore is backup:restore: a tree into a directory that is new or empty, a
// database as a dump file. Each part is checked before its bytes are used, and
// what is restored takes its name only when it is whole: a restore that fails
// leaves nothing.
func (r *Room) Restore(ctx context.Context, pick Selection, say *report.Line, planning io.Writer) (*Restored, error) {
	_, s, err := r.opened()
	if err != nil {
		return nil, err
	}
	set, err := open(s, pick)
	if err != nil {
		return nil, restoring(pick.Source, err)
	}
	held, err := choose(set, pick.Source)
	if err != nil {
		return nil, restoring(pick.Source, err)
	}
	if pick.To == "" {
		return nil, fault.New(fault.Usage, "add -to=DIRECTORY, or -to=FILE for a dump", errors.New("restore: -to does not say where"))
	}
	to, err := filepath.Abs(pick.To)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	if err := free(to, held); err != nil {
		return nil, err
	}
	if planning != nil {
		_, err := fmt.Fprintln(planning, plannedRestore(set, held, to))
		return nil, err
	}
	r.TryBringBack(ctx, command.NewDoor(command.Local()), say)
	parts, err := set.Parts(held)
	if err != nil {
		return nil, fault.New(fault.Invalid, "take another set (backup:list shows them)", fmt.Errorf("restore %s from set %s: %w", held.Name, set.Manifest.ID, err))
	}
	if err := space(to, held.Size); err != nil {
		return nil, err
	}
	done := &Restored{ID: set.Manifest.ID, Source: held.Name, Kind: held.Kind, To: to, Size: held.Size, Files: held.Files, Warnings: []string{}}
	stream := archive.Reader(ctx, filepath.Join(set.Dir, held.Dir), parts)
	defer stream.Close()
	bar := say.Progress(held.Name, held.Size)
	defer bar.Done()
	in := &meter{r: stream, add: bar.Add}
	temp := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".restoring-"+rand.Text()[:6])
	if isTar(held) {
		err = restoreTree(ctx, in, temp, to, done)
	} else {
		done.Next = nextStep(held, to)
		err = restoreFile(ctx, in, temp, to)
	}
	var bad *archive.PartError
	if errors.As(err, &bad) {
		return nil, fault.New(fault.Invalid, "backup:verify -set="+set.Manifest.ID+" says what is damaged and where else it is",
			fmt.Errorf("restore %s from set %s: part %s/%w", held.Name, set.Manifest.ID, held.Dir, err))
	}
	if err != nil {
		return nil, fmt.Errorf("restore %s from set %s: %w", held.Name, set.Manifest.ID, err)
	}
	return done, nil
}

// open finds the set that is meant: without an id the newest one that holds
// the source, which a later set may lack. A safety set has to be named.
func open(s *store.Store, pick Selection) (*store.Set, error) {
	if pick.Set != "" {
		return s.Open(pick.Set)
	}
	all, err := s.List()
	if err != nil {
		return nil, err
	}
	if pick.Source != "" {
		if set := newestWith(all, pick.Source); set != nil {
			return set, nil
		}
	} else if i := slices.IndexFunc(all, func(l store.Listed) bool { return l.Set == nil || !forSafety(l.Set) }); i > 0 && all[i].Set != nil {
		return all[i].Set, nil
	}
	set, err := s.Open("") // which says what is wrong
	if err == nil && forSafety(set) {
		return nil, fault.New(fault.Usage, "name it if it is meant: -set="+set.Manifest.ID,
			fmt.Errorf("no backup holds %s, only safety sets of earlier restores do", pick.Source))
	}
	return set, err
}

// choose finds the source that is meant. Without a name, the only one that the
// set holds is.
func choose(set *store.Set, name string) (*manifest.Source, error) {
	m := set.Manifest
	if held := meant(m, name); held != nil {
		if held.State == manifest.Failed {
			return nil, fault.New(fault.Missing, "take an older set (backup:list shows them)", fmt.Errorf("set %s lacks it: %s", m.ID, held.Error))
		}
		return held, nil
	}
	names, words := called(m)
	all := strings.Join(names, ", ")
	switch {
	case name == "" && len(names) == 1:
		held, _ := m.Source(words[0])
		return held, nil
	case name == "":
		return nil, fault.New(fault.Usage, "add -source=NAME", fmt.Errorf("set %s holds several sources: %s", m.ID, all))
	}
	hint := "it holds " + all
	if near := config.Nearest(name, words); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return nil, fault.New(fault.Usage, hint, fmt.Errorf("set %s has no such source", m.ID))
}

// restoring puts before an error what was to be restored, as it was typed.
func restoring(source string, err error) error {
	if source == "" {
		return fmt.Errorf("restore: %w", err)
	}
	return fmt.Errorf("restore %s: %w", source, err)
}

// free refuses a target that is taken: a restore never overwrites.
func free(to string, held *manifest.Source) error {
	info, err := os.Lstat(to)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(to)); err != nil {
			return fault.New(fault.Usage, "make the directory above it first", fmt.Errorf("restore to %s: %w", to, errors.Unwrap(err)))
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("restore to %s: %w", to, err)
	}
	if isTar(held) && info.IsDir() {
		names, err := os.ReadDir(to)
		if err == nil && len(names) == 0 {
			return nil
		}
	}
	return fault.New(fault.Usage, "let -to name something new", fmt.Errorf("restore to %s: it exists, and a restore never overwrites", to))
}

// space refuses a target whose file system cannot hold the source.
func space(to string, need int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(to), &st); err != nil {
		return nil //nolint:nilerr // the write itself will tell
	}
	if have := int64(st.Bavail) * st.Bsize; have < need {
		return fault.New(fault.Missing, "let -to name a larger file system",
			fmt.Errorf("restore to %s: %s are free, %s are needed", to, report.Bytes(have), report.Bytes(need)))
	}
	return nil
}

func restoreTree(ctx context.Context, in io.Reader, temp, to string, done *Restored) error {
	if err := os.Mkdir(temp, 0o700); err != nil {
		return err
	}
	out, err := tree.Extract(ctx, in, temp)
	if err == nil {
		done.Warnings = append(done.Warnings, out.Warnings...)
		err = unix.Rename(temp, to) // takes the place of an empty directory too, as os.Rename would not
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	return nil
}

func restoreFile(ctx context.Context, in io.Reader, temp, to string) (err error) {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			err = errors.Join(err, os.Remove(temp))
		}
	}()
	if _, err := io.Copy(f, in); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	// Link instead of rename: it fails where somebody has made the name meanwhile.
	if err := os.Link(temp, to); err != nil {
		return err
	}
	return os.Remove(temp)
}

// nextStep is the command that loads a restored dump into a new database.
func nextStep(held *manifest.Source, to string) string {
	if held.Kind == source.KindGlobals {
		return "psql -d postgres -f " + word(to)
	}
	if held.Kind == source.KindVM {
		return "tar -x -S -f " + word(to) + ", or rather backup:restoreVM -source=" + held.Name
	}
	if held.Kind == source.KindMariaDB {
		return createMariaDB(held.Detail) + " && " + loadMariaDB(held.Detail) + " < " + word(to)
	}
	return createdb(held.Detail) + " && pg_restore --exit-on-error -d " + word(held.Detail["database"]+"_restored") + " " + word(to)
}

func plannedRestore(set *store.Set, held *manifest.Source, to string) string {
	read := "cd " + word(set.Dir) + " && " + decoded(held.Dir)
	if isTar(held) {
		return "mkdir -p " + word(to) + " && " + read + " | tar -x -p --xattrs --xattrs-include='*' -C " + word(to)
	}
	return read + " > " + word(to)
}

// Write prints the result for people.
func (d *Restored) Write(w io.Writer) {
	if d.Kind == source.KindFiles || d.Kind == source.KindVolume {
		fmt.Fprintf(w, "%s of set %s is in %s: %d entries\n", d.Source, d.ID, d.To, d.Files)
	} else {
		fmt.Fprintf(w, "%s of set %s is in %s: %s\nload it with:\n  %s\n", d.Source, d.ID, d.To, report.Bytes(d.Size), d.Next)
	}
	for _, warning := range d.Warnings {
		fmt.Fprintf(w, "  %s\n", report.Clean(warning))
	}
}

type meter struct {
	r   io.Reader
	add func(int)
}

func (c *meter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.add(n)
	return n, err
}
