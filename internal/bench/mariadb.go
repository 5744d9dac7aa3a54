package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/testbed/cluster"
)

// mariadb measures backup:db of a MariaDB database of 1 GB, and its restore
// beside the live one, against MariaDB's own client programs.
func (b *bench) mariadb(ctx context.Context) (err error) {
	server, stop, err := cluster.StartMariaDB(ctx, b.door, b.root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()
	login := fmt.Sprintf("--no-defaults --socket=%s --user=%s", server.Socket, server.User)
	began := time.Now()
	made := command.Change("sh", "-c", "exec mariadb "+login)
	made.Stdin = strings.NewReader(`CREATE DATABASE legacy; USE legacy;
CREATE TABLE calls (id INT PRIMARY KEY, caller CHAR(32), menu SMALLINT, at DATETIME, note VARCHAR(700), KEY (caller)) ENGINE=InnoDB
 AS SELECT seq AS id, MD5(seq) AS caller, seq % 97 AS menu, '2026-01-01' + INTERVAL seq SECOND AS at,
 REPEAT(CONCAT(MD5(RAND()), ' '), 1 + seq % 20) AS note FROM mysql.seq_1_to_2400000;
`)
	if err := b.door.Run(ctx, made); err != nil {
		return fmt.Errorf("make the MariaDB database: %w", err)
	}
	b.took("MariaDB database", began)
	source := fmt.Sprintf("{name: legacy, kind: mariadb, database: legacy, socket: %s, user: %s}", server.Socket, server.User)
	store := filepath.Join(b.dir, "store-mariadb")
	if err := b.compare(ctx, pair{
		name: "MariaDB: backup:db against mariadb-dump | zstd -T0 -1", most: 1.15,
		reset: func() error { return os.RemoveAll(store) },
		ours:  func(ctx context.Context) (float64, error) { return b.run(ctx, "backup:db", store, source) },
		peer: func(ctx context.Context) (float64, error) {
			return b.timed(ctx, "mariadb-dump "+login+" --single-transaction --quick --routines --triggers --events --hex-blob legacy | zstd -T0 -1 -q -f -o peer.zst")
		},
	}); err != nil {
		return err
	}
	b.memory("MariaDB")
	drop := func(ctx context.Context, name string) error {
		_, err := b.timed(ctx, "mariadb "+login+" -e 'DROP DATABASE IF EXISTS "+name+"'")
		return err
	}
	return b.compare(ctx, pair{
		name: "MariaDB: backup:restoreDB beside against zstd -dc | mariadb", most: 1.15,
		ours: func(ctx context.Context) (float64, error) {
			p, err := b.restored(ctx, "legacy", "-to=ours")
			return p["create_seconds"] + p["load_seconds"] + p["dress_seconds"], errors.Join(err, drop(ctx, "ours"))
		},
		peer: func(ctx context.Context) (float64, error) {
			took, err := b.timed(ctx, "mariadb "+login+" -e 'CREATE DATABASE theirs' && zstd -dcq peer.zst | mariadb "+login+" theirs")
			return took, errors.Join(err, drop(ctx, "theirs"))
		},
	})
}
