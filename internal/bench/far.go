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

// ssh measures what the way to another host costs: a database over ssh to this
// very machine against the same one without.
func (b *bench) ssh(ctx context.Context) (err error) {
	server, stop, err := cluster.StartSSHD(ctx, b.door, b.root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()
	b.more = "ssh: {config: " + filepath.Join(server.Dir, "config") + "}\n"
	defer func() { b.more = "" }()
	if err := b.firstByte(ctx, server); err != nil {
		return err
	}
	if err := b.make(ctx, "pgbench"); err != nil {
		return err
	}
	source := fmt.Sprintf("name: pgbench, kind: postgres, database: pgbench, host: %s, port: %d, user: %s", b.pg.Host, b.pg.Port, b.pg.User)
	store := filepath.Join(b.dir, "store-ssh")
	return b.compare(ctx, pair{
		name: "pgbench: backup:db over ssh against local", most: 1.25,
		reset: func() error { return os.RemoveAll(store) },
		ours: func(ctx context.Context) (float64, error) {
			return b.run(ctx, "backup:db", store, "{"+source+", via: ssh:iact-test}")
		},
		peer: func(ctx context.Context) (float64, error) {
			took, err := b.run(ctx, "backup:db", store, "{"+source+"}")
			return took, errors.Join(err, os.RemoveAll(store))
		},
	})
}

// firstByte measures how long a command on a Vagrant machine takes to say
// something when it is known how to reach the machine, which is here the server
// of the testbed.
func (b *bench) firstByte(ctx context.Context, server cluster.SSHD) error {
	machine := filepath.Join(b.dir, "vagrant", ".vagrant", "machines", "devbox", "libvirt")
	cache := filepath.Join(b.dir, "cache")
	config, err := os.ReadFile(filepath.Join(server.Dir, "config"))
	if err != nil {
		return err
	}
	for path, text := range map[string]string{
		filepath.Join(machine, "id"):                         "1",
		filepath.Join(cache, "vagrant", "devbox.ssh-config"): strings.Replace(string(config), "Host iact-test\n", "Host devbox\n", 1),
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			return err
		}
	}
	later := time.Now().Add(time.Second) // than the machine was made
	if err := os.Chtimes(filepath.Join(cache, "vagrant", "devbox.ssh-config"), later, later); err != nil {
		return err
	}
	var all []float64
	for range rounds {
		places := &command.Places{VagrantDir: filepath.Join(b.dir, "vagrant"), Cache: cache}
		transport, err := places.Transport("vagrant:devbox")
		if err != nil {
			return err
		}
		began := time.Now()
		_, err = b.door.Via(transport).Text(ctx, command.Read("echo", "here")).String()
		all = append(all, time.Since(began).Seconds())
		places.Close()
		if err != nil {
			return err
		}
	}
	b.note("vagrant: connect, and a first answer", median(all), 0.5, 1, "s")
	return nil
}

// volume measures a volume with a gigabyte of files, half of them dense, read as
// root does it on the machine of the daemon.
func (b *bench) volume(ctx context.Context) (err error) {
	docker, stop, err := cluster.StartDocker(ctx, b.door, b.root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop(context.WithoutCancel(ctx))) }()
	b.env = []string{"DOCKER_HOST=" + docker.Host}
	defer func() { b.env = nil }()
	data := filepath.Join(docker.Dir, "root", "volumes", "bench", "_data")
	if _, err := b.timed(ctx, fmt.Sprintf("DOCKER_HOST=%s %s volume create bench && cd %s && for d in 1 2 3 4 5 6 7 8; do mkdir $d; for n in $(seq 32); do "+
		"{ head -c 2M /dev/urandom; head -c 2M /dev/zero | tr '\\0' a; } >$d/$n; done; done", docker.Host, docker.Client, data)); err != nil {
		return fmt.Errorf("make the volume: %w", err)
	}
	store := filepath.Join(b.dir, "store-volume")
	if err := b.compare(ctx, pair{
		name: "volume: backup:volumes against tar | zstd -T0 -3 of its directory", most: 1.1,
		reset: func() error { return os.RemoveAll(store) },
		ours: func(ctx context.Context) (float64, error) {
			return b.run(ctx, "backup:volumes", store, "{name: bench, kind: volume}")
		},
		peer: func(ctx context.Context) (float64, error) {
			return b.timed(ctx, "tar -C "+data+" -c . | zstd -T0 -3 -q -f -o peer.zst")
		},
	}); err != nil {
		return err
	}
	b.memory("volume")
	return nil
}
