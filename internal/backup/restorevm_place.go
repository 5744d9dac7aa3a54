package backup

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/machine"
)

// vmPlace is all that one restore makes, as the journal and the mark keep it.
type vmPlace struct {
	Domain   string            `json:"domain"`
	Provider string            `json:"provider"`
	ID       string            `json:"id,omitempty"` // once it is defined
	Dir      string            `json:"dir"`
	Disks    map[string]string `json:"disks"` // by target
	Files    []string          `json:"files"` // of the definition, in Dir
	Set      string            `json:"set"`
	Store    string            `json:"store"`
	Drill    bool              `json:"drill,omitempty"`
}

// markIn is the file that tells that a machine of a store is not finished, for the
// directory of the machine, or * for any. It is made before that directory.
func markIn(dir, store string) string {
	sum := sha256.Sum256([]byte(store))
	return filepath.Join(filepath.Dir(dir), fmt.Sprintf(".%s.iact-restoring-%x", filepath.Base(dir), sum[:4]))
}

func (p *vmPlace) mark() string { return markIn(p.Dir, p.Store) }

// halfMark is what a kill leaves of one.
func (p *vmPlace) halfMark() string {
	return filepath.Join(filepath.Dir(p.Dir), "."+filepath.Base(p.mark())+".tmp")
}

func (p *vmPlace) disk(target string) string { return filepath.Join(p.Dir, target+".raw") }

func (p *vmPlace) as() machine.Place {
	return machine.Place{Domain: p.Domain, Dir: p.Dir, Disks: p.Disks, Isolated: p.Drill}
}

// hands are what makes and removes a machine.
type hands struct {
	machine.Host
	disk *disk.Disk
	warn func(format string, args ...any)
}

// make makes the directory, which is marked as unfinished. What runs the machine
// may be a user of its own, who has to get to the disks.
func (p *vmPlace) make(h hands) error {
	data, err := json.Marshal(p)
	if err == nil {
		err = h.disk.Write(p.mark(), data, 0o600)
	}
	if err == nil {
		err = h.disk.Mkdir(p.Dir)
	}
	if err == nil {
		err = os.Chmod(p.Dir, 0o711)
	}
	if err != nil {
		return fmt.Errorf("make room for machine %s: %w", p.Domain, err)
	}
	return nil
}

// finish takes the mark away: the machine is there.
func (p *vmPlace) finish(h hands) error {
	if err := h.disk.Remove(p.mark()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("finish %s: %w", p.Dir, err)
	}
	return nil
}

// holds says whether a machine is the one that was made here.
func (p *vmPlace) holds(m *machine.Seen) bool {
	if m == nil || m.Domain != p.Domain {
		return false
	}
	return m.ID == p.ID || slices.ContainsFunc(m.Disks, func(d machine.Disk) bool { return strings.HasPrefix(d.Path, p.Dir+"/") })
}

// remove takes away what was made, whatever there is of it, and nothing else.
func (p *vmPlace) remove(ctx context.Context, h hands) error {
	found, err := h.Find(ctx, p.Provider, p.Domain)
	if err != nil {
		return err
	}
	if p.holds(found) {
		if err := h.Remove(ctx, p.Provider, found.ID); err != nil {
			return fmt.Errorf("remove machine %s: %w", p.Domain, err)
		}
	}
	if was := markedAs(p.mark()); was != nil && was.Dir == p.Dir {
		// Nobody else has been in there: whatever it holds is of the run that was killed.
		return errors.Join(h.disk.RemoveAll(p.Dir), p.finish(h))
	}
	paths := append(slices.Collect(maps.Values(p.Disks)), p.halfMark())
	for _, name := range p.Files {
		paths = append(paths, filepath.Join(p.Dir, name))
	}
	for _, path := range paths {
		if err := h.disk.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove what was restored: %w", err)
		}
	}
	err = h.disk.Remove(p.Dir)
	if left, _ := os.ReadDir(p.Dir); len(left) > 0 {
		h.warn("%s stays: it holds %s, which no restore has put there", p.Dir, left[0].Name())
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove what was restored: %w", err)
	}
	return p.finish(h) // at last: it tells what the rest is
}

// unfinished are the places of runs of this store that were killed, where this
// one goes to and beside it. The lock of the store is held: nobody else is at it.
func (t *vmRestoration) unfinished() (all []*vmPlace) {
	marks, _ := filepath.Glob(markIn(filepath.Join(filepath.Dir(t.place.Dir), "*"), t.place.Store)) // a bad pattern finds none
	for _, mark := range marks {
		if p := markedAs(mark); p != nil && p.mark() == mark {
			all = append(all, p)
		}
	}
	return all
}

// markedAs is what a mark says; nil when there is none.
func markedAs(mark string) *vmPlace {
	data, err := os.ReadFile(mark)
	var p vmPlace
	if err != nil || json.Unmarshal(data, &p) != nil {
		return nil
	}
	return &p
}

func ownedBy(all []*vmPlace, m *machine.Seen) bool {
	return slices.ContainsFunc(all, func(p *vmPlace) bool { return p.holds(m) })
}
