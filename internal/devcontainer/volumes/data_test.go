package volumes_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
)

// server stands in for one of a database: it is called postgres, and works in its
// data folder, which is all that the kernel tells of a real one.
const server = `printf '#!/bin/sh\ncd /var/lib/postgresql/data; [ -e PG_VERSION ] || echo 16 >PG_VERSION; while :; do sleep 600; done\n' >/bin/postgres; chmod 755 /bin/postgres; exec postgres`

// postgres starts one of the workspace, with its data there.
func (b *bench) postgres(data string, options ...string) string {
	b.t.Helper()
	options = append(options, "-v", data+":/var/lib/postgresql/data", b.box, "sh", "-c", server, "postgres")
	name := b.Run(options...)
	b.Docker("exec", name, "sh", "-c", "until [ -e /var/lib/postgresql/data/PG_VERSION ]; do sleep 0.05; done")
	return name
}

func TestRealSlowADatabaseThatLostItsFilesIsNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		inject   func(*bench)
		code     string
		evidence string
	}{
		{"its folder was emptied", func(b *bench) {
			b.Docker("exec", b.postgres(b.volume()), "rm", "/var/lib/postgresql/data/PG_VERSION")
		}, "DC-VOL-005", "where PG_VERSION is missing"},
		{"its folder was removed", func(b *bench) {
			data := filepath.Join(b.dir, "data")
			b.must(os.Mkdir(data, 0o777))
			b.postgres(data)
			b.must(os.RemoveAll(data))
		}, "DC-VOL-005", "(deleted)"},
		{"its volume was removed behind its back", func(b *bench) {
			volume := b.volume()
			b.postgres(volume)
			b.must(os.RemoveAll(filepath.Join(b.daemon.Dir, "root/volumes", volume)))
		}, "DC-VOL-004", "/_data is not there"},
		{"another server has the same folder", func(b *bench) {
			volume := b.volume()
			b.postgres(volume)
			b.postgres(volume)
		}, "DC-VOL-010", "both serve /"},
		{"its volume is read-only", func(b *bench) {
			volume := b.volume()
			b.daemon.Container(b.t, "-v", volume+":/d", b.box, "sleep", "600")
			b.Run("-v", volume+":/var/lib/postgresql/data:ro", b.box, "sh", "-c", server, "postgres")
		}, "DC-VOL-003", "is mounted read-only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := at(t)
			c.inject(b)
			bad := scenetest.Bad(b.Examine(checks()))
			if len(bad) != 1 || bad[0].Code != c.code || bad[0].State != doctor.Fail || !strings.Contains(bad[0].Evidence, c.evidence) {
				t.Errorf("want %s …%s…, got\n%s", c.code, c.evidence, scenetest.Lines(bad))
			}
		})
	}
}

func TestRealSlowADatabaseThatWorksRaisesNothing(t *testing.T) {
	t.Parallel()
	b := at(t)
	b.daemon.Postgres(t, "--label", "devcontainer.local_folder="+b.Workspace)
	b.daemon.MariaDB(t, "--label", "devcontainer.local_folder="+b.Workspace)
	b.postgres(b.volume())
	b.Docker("stop", "-t", "0", b.postgres(b.volume()))
	b.Healthy(checks())
}

func TestRealSlowAFileSystemThatWentReadOnlyIsNamed(t *testing.T) {
	t.Parallel()
	b := at(t)
	disk := filepath.Join(b.dir, "disk")
	b.must(os.Mkdir(disk, 0o755))
	door := command.NewDoor(command.Local())
	b.must(door.Run(t.Context(), command.Change("mount", "-t", "tmpfs", "-o", "size=1m", "none", disk)))
	t.Cleanup(func() { _ = door.Run(context.WithoutCancel(t.Context()), command.Change("umount", "-l", disk)) })
	b.Run("-v", b.at, "-v", disk+":/data", b.box, "sleep", "600")
	b.must(door.Run(t.Context(), command.Change("mount", "-o", "remount,ro", disk)))
	f := b.First(checks())
	if f.Code != "DC-VOL-003" || !strings.Contains(f.Evidence, "/data: the file system tmpfs on none is read-only") {
		t.Errorf("got %s %q", f.Code, f.Evidence)
	}
}
