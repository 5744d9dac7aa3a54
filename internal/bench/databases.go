package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"iact-infra/internal/command"
)

// compile makes the binary that is measured.
func (b *bench) compile(ctx context.Context) error {
	build := command.Change("go", "tool", "mage", "-compile", b.iact)
	build.Dir = b.root
	if err := b.door.Run(ctx, build); err != nil {
		return fmt.Errorf("compile the binary: %w", err)
	}
	return nil
}

// make makes a database of 1 GB: pgbench's own, which compresses well, or a
// dense one of wide rows of random digits.
func (b *bench) make(ctx context.Context, name string) error {
	if b.made[name] {
		return nil
	}
	began := time.Now()
	fill := map[string][]string{
		"pgbench": {"pgbench", "-i", "-q", "-s", "75", "pgbench"},
		"dense": {"psql", "-X", "-q", "-d", "dense", "-c", `CREATE TABLE wide AS SELECT i,
 (SELECT string_agg(md5(random()::text || i || g), '') FROM generate_series(1, 16) g) AS a, random() AS b, md5(random()::text) AS c
 FROM generate_series(1, 1700000) i`},
	}[name]
	for _, step := range [][]string{{"createdb", name}, fill} {
		c := b.client(step[0], step[1:]...)
		c.Changes = true
		if err := b.door.Run(ctx, c); err != nil {
			return fmt.Errorf("make database %s: %w", name, err)
		}
	}
	b.made[name] = true
	b.took("database "+name, began)
	return nil
}

// client is a program of the private cluster with its login in the environment.
func (b *bench) client(program string, args ...string) command.Command {
	c := command.Read(filepath.Join(b.pg.Bin, program), args...)
	c.Env = []string{"PGHOST=" + b.pg.Host, "PGPORT=" + strconv.Itoa(b.pg.Port), "PGUSER=" + b.pg.User}
	return c
}

// database measures backup:db of one database.
func (b *bench) database(ctx context.Context, name string) error {
	login := fmt.Sprintf("-w -h %s -p %d -U %s", b.pg.Host, b.pg.Port, b.pg.User)
	dump := fmt.Sprintf("%s %s -Fc -Z0 %s", filepath.Join(b.pg.Bin, "pg_dump"), login, name)
	source := fmt.Sprintf("{name: %s, kind: postgres, database: %s, host: %s, port: %d, user: %s}", name, name, b.pg.Host, b.pg.Port, b.pg.User)
	store := filepath.Join(b.dir, "store-"+name)
	ours := func(ctx context.Context) (float64, error) { return b.run(ctx, "backup:db", store, source) }
	reset := func() error { return os.RemoveAll(store) }
	if err := b.compare(ctx, pair{
		name: name + ": backup:db against pg_dump | zstd -T0 -1", most: 1.35, reset: reset, ours: ours,
		peer: func(ctx context.Context) (float64, error) {
			return b.timed(ctx, dump+" | zstd -T0 -1 -q -f -o peer.zst")
		},
	}); err != nil {
		return err
	}
	b.memory(name)
	if _, err := b.timed(ctx, dump+" | zstd -T0 -3 -q -f -o peer.zst"); err != nil {
		return err
	}
	theirs, err := size(filepath.Join(b.dir, "peer.zst"))
	if err != nil {
		return err
	}
	b.note(name+": size against zstd -3", float64(b.last.stored), theirs, 1.1, "B")
	if name == "dense" {
		return b.compare(ctx, pair{
			name: name + ": backup:db against pg_dump | gzip", most: 1.0 / 3, reset: reset, ours: ours,
			peer: func(ctx context.Context) (float64, error) { return b.timed(ctx, dump+" | gzip > peer.gz") },
		})
	}
	return nil
}
