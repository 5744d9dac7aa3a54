package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// mostSwap is how long the live name may be without a database, in seconds.
const mostSwap = 1

// phases is what backup:restoreDB tells about where its time went, in seconds.
type phases map[string]float64

// restore measures backup:restoreDB of a database that database has backed up:
// the load beside the live one against a plain pg_restore, the comparison on
// top of it, and the swap, once onto the live name.
func (b *bench) restore(ctx context.Context, name string) error {
	parts := filepath.Join(b.dir, "store-"+name, "2*", "postgres-"+name, "*.zst")
	login := fmt.Sprintf("-w -h %s -p %d -U %s", b.pg.Host, b.pg.Port, b.pg.User)
	program := func(name string) string { return filepath.Join(b.pg.Bin, name) + " " + login }
	drop := program("dropdb") + " --if-exists --force "
	var dressing, comparing, peers []float64
	if err := b.compare(ctx, pair{
		name: name + ": backup:restoreDB beside against zstd -dc | pg_restore", most: 1.15,
		ours: func(ctx context.Context) (float64, error) {
			p, err := b.restored(ctx, name, "-to=ours")
			if err == nil {
				_, err = b.timed(ctx, drop+"ours")
			}
			dressing = append(dressing, p["dress_seconds"])
			comparing = append(comparing, p["compare_seconds"])
			return p["create_seconds"] + p["load_seconds"], err
		},
		peer: func(ctx context.Context) (float64, error) {
			took, err := b.timed(ctx, program("createdb")+" -T template0 theirs && cat "+parts+" | zstd -dcq | "+program("pg_restore")+" --exit-on-error -d theirs")
			peers = append(peers, took)
			if err == nil {
				_, err = b.timed(ctx, drop+"theirs")
			}
			return took, err
		},
	}); err != nil {
		return err
	}
	b.say("%s: ANALYZE and what no dump carries take %.2g s more, which the peer leaves undone", name, median(dressing))
	b.note(name+": comparison on top", median(comparing), median(peers), 0.5, "s")
	p, err := b.restored(ctx, name, "-yes=true")
	if err != nil {
		return err
	}
	b.note(name+": swap of the live name", p["swap_seconds"], mostSwap, 1, "s")
	return nil
}

// restored runs backup:restoreDB with the configuration of the last backup.
func (b *bench) restored(ctx context.Context, name string, flag string) (phases, error) {
	c := b.program("backup:restoreDB", "-source="+name, flag)
	out, err := b.door.Text(ctx, c).String()
	if err != nil {
		return nil, err
	}
	var done struct {
		Phases phases `json:"phases"`
	}
	if err := json.Unmarshal([]byte(out), &done); err != nil {
		return nil, fmt.Errorf("read result of backup:restoreDB: %w", err)
	}
	if done.Phases["load_seconds"] == 0 {
		return nil, errors.New("read result of backup:restoreDB: it tells no times")
	}
	return done.Phases, nil
}

// configure writes the configuration for runs of ours.
func (b *bench) configure(store, source string) error {
	return os.WriteFile(b.config(), fmt.Appendf(nil, "%sbackup:\n  store: %s\n  sources:\n    - %s\n", b.more, store, source), 0o600)
}

func (b *bench) config() string { return filepath.Join(b.dir, "config.yaml") }
