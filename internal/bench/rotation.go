package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/backup/manifest"
)

// mostDecision is how long the decision about 1,000 sets may take, in seconds,
// from the start of the program to its end.
const mostDecision = 0.1

// rotation measures what backup:rotate takes to decide about 1,000 sets.
func (b *bench) rotation(ctx context.Context) error {
	store := filepath.Join(b.dir, "store-rotation")
	newest := time.Now().UTC().Truncate(time.Second)
	for n := range 1000 {
		if err := craft(store, int64(1000-n), newest.Add(-time.Duration(n)*24*time.Hour)); err != nil {
			return fmt.Errorf("make 1,000 sets: %w", err)
		}
	}
	if err := b.configure(store, "{name: a, kind: files, path: "+b.dir+"}"); err != nil {
		return err
	}
	var all []float64
	for range rounds {
		began := time.Now()
		if err := b.door.Run(ctx, b.program("backup:rotate", "-dry=true")); err != nil {
			return fmt.Errorf("measure backup:rotate: %w", err)
		}
		all = append(all, time.Since(began).Seconds())
	}
	b.note("backup:rotate decides about 1,000 sets", median(all), mostDecision, 1, "s")
	return nil
}

// craft writes a set of two sources as small as can be.
func craft(store string, sequence int64, at time.Time) error {
	list, err := manifest.EncodeParts(nil)
	if err != nil {
		return err
	}
	m := &manifest.Manifest{ID: at.Format("20060102T150405Z") + "-bench-abc", Sequence: sequence, Time: at, Host: "bench"}
	state := &manifest.State{VerifiedAt: at, Sources: map[string]manifest.SourceState{}}
	dir := filepath.Join(store, m.ID)
	for _, name := range []string{"a", "b"} {
		s := manifest.Source{Name: name, Kind: "files", Dir: "files-" + name, State: manifest.Written, List: manifest.Sum(list)}
		if err := os.MkdirAll(filepath.Join(dir, s.Dir), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, s.Dir, manifest.PartsFile), list, 0o400); err != nil {
			return err
		}
		m.Sources = append(m.Sources, s)
		state.Sources[name] = manifest.SourceState{State: manifest.Verified}
	}
	body, err := manifest.Encode(m)
	if err != nil {
		return err
	}
	known, err := manifest.EncodeState(state)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, manifest.File), body, 0o400); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, manifest.StateFile), known, 0o600)
}
