package volumelive

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/testbed"
)

// TestRealShelvesExchangeTheDataOfVolumes holds both shelves to the same.
func TestRealShelvesExchangeTheDataOfVolumes(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	volumes := filepath.Join(d.Dir, "root", "volumes")
	s := &Server{Docker: &source.Docker{Env: d.Env()}, Door: command.NewDoor(command.Local()), volumes: volumes}
	for kind, shelf := range map[string]shelf{"root": rootShelf{volumes}, "helper": &helperShelf{s, d.Busybox(t)}} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			a, b := d.Volume(t), d.Volume(t)
			must(t, os.WriteFile(filepath.Join(volumes, a, "_data", "name"), []byte(a), 0o600))
			must(t, os.WriteFile(filepath.Join(volumes, b, "_data", "name"), []byte(b), 0o600))
			before, err := shelf.where(t.Context(), a, b, a+"-none")
			must(t, err)
			if before[a] == "" || before[b] == "" || before[a] == before[b] || before[a+"-none"] != "" {
				t.Errorf("they are at %v", before)
			}
			must(t, shelf.exchange(t.Context(), a, b))
			after, err := shelf.where(t.Context(), a, b)
			must(t, err)
			if after[a] != before[b] || after[b] != before[a] {
				t.Errorf("they were at %v, are at %v", before, after)
			}
			if got, err := os.ReadFile(filepath.Join(volumes, a, "_data", "name")); string(got) != b {
				t.Errorf("%s holds the file of %s, %v", a, got, err)
			}
			if shelf.exchange(t.Context(), a, a+"-none") == nil {
				t.Error("a volume was exchanged with none")
			}
			again, err := shelf.where(t.Context(), a)
			must(t, err)
			if again[a] != after[a] {
				t.Errorf("a failed exchange left %s at %s, was at %s", a, again[a], after[a])
			}
		})
	}
}

// TestRealAnExchangeThatWasCutOffIsSettledByTheNextLook stops the three moves
// after each of them, as a power cut would.
func TestRealAnExchangeThatWasCutOffIsSettledByTheNextLook(t *testing.T) {
	t.Parallel()
	d := testbed.Docker(t)
	volumes := filepath.Join(d.Dir, "root", "volumes")
	s := &Server{Docker: &source.Docker{Env: d.Env()}, Door: command.NewDoor(command.Local()), volumes: volumes}
	shelf := &helperShelf{s, d.Busybox(t)}
	for moves := range 4 {
		t.Run(fmt.Sprint(moves), func(t *testing.T) {
			t.Parallel()
			a, b := d.Volume(t), d.Volume(t)
			before, err := shelf.where(t.Context(), a, b)
			must(t, err)
			way := filepath.Join(a, "_data.iact_with_"+b)
			for _, move := range [][2]string{{a + "/_data", way}, {b + "/_data", a + "/_data"}, {way, b + "/_data"}}[:min(moves, 3)] {
				must(t, os.Rename(filepath.Join(volumes, move[0]), filepath.Join(volumes, move[1])))
			}
			after, err := shelf.where(t.Context(), a, b)
			must(t, err)
			done := after[a] == before[b] && after[b] == before[a]
			if undone := after[a] == before[a] && after[b] == before[b]; done != (moves >= 2) || undone != (moves < 2) {
				t.Errorf("after %d moves they are at %v, were at %v", moves, after, before)
			}
			if _, err := os.Lstat(filepath.Join(volumes, way)); err == nil {
				t.Errorf("%s is left over", way)
			}
		})
	}
}
