package source_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
)

// answers is what a daemon answers to the questions of a check.
type answers struct {
	info, volume, users string
	inspects            []string
}

// fake is a door to a docker client that gives these answers.
func (a answers) fake(t *testing.T, more ...*commandtest.Call) *command.Door {
	t.Helper()
	if a.info == "" {
		a.info = `{"Name":"elsewhere","ServerVersion":"20.10.24","OSType":"linux"}`
	}
	calls := []*commandtest.Call{
		commandtest.Expect("docker", "info", "--format", "{{json .}}").Prints(a.info),
		commandtest.Expect("docker", "volume", "inspect", "--format", "{{json .}}", "data").Prints(a.volume),
		commandtest.Expect("docker", "ps", "--all", "--quiet", "--no-trunc", "--filter", "volume=data").Prints(a.users),
	}
	for i, one := range a.inspects {
		calls = append(calls, commandtest.Expect("docker", "container", "inspect", "--format", "{{json .}}", strings.Fields(a.users)[i]).Prints(one))
	}
	return command.NewDoor(commandtest.New(t, append(calls, more...)...))
}

const plainVolume = `{"Name":"data","Driver":"local","Mountpoint":"/no/such/dir","Options":null,"Labels":null}`

func sizes(size string) *commandtest.Call {
	return commandtest.Expect("docker", "system", "df", "-v", "--format", "{{json .}}").Prints(`{"Volumes":[{"Name":"other","Size":"7GB"},{"Name":"data","Size":"` + size + `"}]}`)
}

func running(name, image, mount, env, more string) string {
	return `{"Id":"` + name + `","Name":"/` + name + `","State":{"Running":true,"StartedAt":"2026-11-23T10:00:00Z"},"Config":{"Image":"` + image + `","Env":[` + env + `]` +
		`,"Labels":{}},"HostConfig":{"AutoRemove":false},` + more + `"Mounts":[{"Type":"volume","Name":"data","Destination":"` + mount + `","RW":true}]}`
}

func TestAContainerOfADatabaseIsKnownByItsImageAndByWhereItKeepsItsData(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ image, mount, env, want string }{
		{"postgres:15-alpine", "/var/lib/postgresql/data", `"POSTGRES_DB=callcenter_db"`, "{name: db, kind: postgres, via: docker:db, database: callcenter_db, user: postgres}"},
		{"docker.io/library/postgres@sha256:0123", "/var/lib/postgresql", `"POSTGRES_USER=ana"`, "database: ana, user: ana}"},
		{"timescale/timescaledb:2-pg15", "/srv", `"PGDATA=/srv/pg"`, "kind: postgres"},
		{"postgis/postgis", "/var/lib/postgresql/data", `"POSTGRES_DB=a: b"`, "database: postgres, user: postgres}"},
		{"registry.example.org:5000/team/mariadb:10.11", "/var/lib/mysql", `"MARIADB_DATABASE=legacy"`, "{name: db, kind: mariadb, via: docker:db, database: legacy, user: root, password_file: FILE}"},
		{"mysql:8", "/var/lib/mysql", "", "kind: mariadb"},
		{"mongo:7", "/data/db", "", "a database of MongoDB in it: a dump is the safer backup (as files only mode: stop is consistent"},
		{"postgres:15", "/backups", "", ""},
		{"prometheuscommunity/postgres-exporter", "/var/lib/postgresql/data", "", ""},
		{"mongo-express", "/data/db", "", ""},
		{"nginx", "/var/lib/mysql", "", ""},
	} {
		door := answers{volume: plainVolume, users: "db\n", inspects: []string{running("db", test.image, test.mount, test.env, "")}}.fake(t, sizes("3.5GB"))
		v := &source.Volume{Label: "data", Volume: "data", Mode: "live", Docker: &source.Docker{}, Way: source.WayCopy}
		check, err := v.Check(t.Context(), door)
		if err != nil || check.Estimate != 3.5e9 {
			t.Fatalf("%s: %d bytes, %v", test.image, check.Estimate, err)
		}
		if got := strings.Join(check.Warnings, "\n"); !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s at %s: warned with %q, want %q", test.image, test.mount, got, test.want)
		}
	}
}

func TestADatabaseThatIsDumpedIsNoReasonForAWarning(t *testing.T) {
	t.Parallel()
	door := answers{volume: plainVolume, users: "db\n", inspects: []string{running("db", "postgres", "/var/lib/postgresql/data", "", "")}}.fake(t, sizes("?"))
	v := &source.Volume{Label: "data", Volume: "data", Mode: "live", Docker: &source.Docker{}, Way: source.WayCopy, Dumped: func(c string) bool { return c == "db" }}
	if check, err := v.Check(t.Context(), door); err != nil || len(check.Warnings) > 0 || check.Estimate != 0 {
		t.Errorf("the check is %+v, %v; want no warning, and no size that was not told", check, err)
	}
}

func TestVolumesThatLeadOutOfDockerAreWarnedAbout(t *testing.T) {
	t.Parallel()
	for volume, want := range map[string]string{
		`{"Name":"data","Driver":"local","Mountpoint":"/m","Options":{"type":"nfs4","device":"nas:/export","o":"addr=10.0.0.2"}}`: "it is mounted from nas:/export (nfs4)",
		`{"Name":"data","Driver":"rclone","Mountpoint":"/m"}`:                                                                     "its driver is rclone",
		`{"Name":"data","Driver":"local","Mountpoint":"/m","Options":{"type":"tmpfs","device":"tmpfs"}}`:                          "it lies in memory",
	} {
		v := &source.Volume{Label: "data", Volume: "data", Mode: "live", Docker: &source.Docker{}}
		check, err := v.Check(t.Context(), answers{volume: volume}.fake(t, sizes("1kB")))
		if err != nil || len(check.Warnings) != 1 || !strings.Contains(check.Warnings[0], want) || v.Way != source.WayCopy {
			t.Errorf("%s: warned with %q and read by %s, %v; want %q and %s", volume, check.Warnings, v.Way, err, want, source.WayCopy)
		}
	}
}

func TestAContainerThatCannotBeHeldIsRefusedBeforeItIsTouched(t *testing.T) {
	t.Parallel()
	for want, one := range map[string]struct{ mode, container string }{
		"would start another one at once": {"stop", strings.Replace(running("c", "i", "/m", "", ""), `"Labels":{}`, `"Labels":{"com.docker.swarm.task.id":"x"}`, 1)},
		"it is restarting all the time":   {"pause", strings.Replace(running("c", "i", "/m", "", ""), `"Running":true`, `"Running":true,"Restarting":true`, 1)},
		"stopping it would remove it":     {"stop", strings.Replace(running("c", "i", "/m", "", ""), `"AutoRemove":false`, `"AutoRemove":true`, 1)},
	} {
		v := &source.Volume{Label: "data", Volume: "data", Mode: one.mode, Docker: &source.Docker{}}
		_, err := v.Check(t.Context(), answers{volume: plainVolume, users: "c", inspects: []string{one.container}}.fake(t))
		if fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), want) || fault.Hint(err) == "" {
			t.Errorf("mode %s: %v (hint %q), want %q", one.mode, err, fault.Hint(err), want)
		}
	}
}

func TestContainersAreHeldInTheOrderInWhichTheyMayNeedOneAnother(t *testing.T) {
	t.Parallel()
	at := func(name string, minute int, running, writes bool) source.Container {
		return source.Container{Name: name, Running: running, Started: time.Date(2026, 11, 23, 10, minute, 0, 0, time.UTC),
			Mounts: []source.Mount{{Type: "volume", Name: "v", RW: writes}, {Type: "volume", Name: "other", RW: true}}}
	}
	var names []string
	for _, c := range source.ToHold([]source.Container{at("db", 1, true, true), at("web", 3, true, true), at("off", 2, false, true), at("reader", 4, true, false), at("app", 2, true, true)}, "v") {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "web app db" {
		t.Errorf("stopped in the order %q, want those that were started last first, and no reader", got)
	}
}

func TestAVolumeOfASetIsMadeAnewByOneLine(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		detail map[string]string
		want   string
	}{
		{map[string]string{"driver": "local", "labels": `{"b":"x y","a":"1"}`}, "docker volume create --label a=1 --label 'b=x y' new"},
		{map[string]string{"driver": "rclone", "options": `{"remote":"r:/"}`}, "docker volume create --driver rclone --opt remote=r:/ new"},
		{map[string]string{"driver": "local", "options": `{"type":"tmpfs","device":"tmpfs","o":"size=1m"}`}, "docker volume create --opt device=tmpfs --opt o=size=1m --opt type=tmpfs new"},
		// It would be the same files under another name.
		{map[string]string{"driver": "local", "options": `{"type":"nfs","device":":/x","o":"addr=h"}`}, "docker volume create new"},
	} {
		c, err := source.CreateVolume(test.detail, "new")
		if err != nil || c.String() != test.want || !c.Changes {
			t.Errorf("%v: %s, %v; want %s", test.detail, c, err, test.want)
		}
	}
	if _, err := source.CreateVolume(map[string]string{}, "new"); err == nil {
		t.Error("a set that tells no driver makes a volume")
	}
}

// capture lays a volume down whose docker cp writes what stream says.
func capture(t *testing.T, stream *commandtest.Call) (source.Captured, error) {
	t.Helper()
	ok := func(args ...string) *commandtest.Call { return commandtest.Expect("docker", args...) }
	door := command.NewDoor(commandtest.New(t,
		ok("volume", "inspect", "--format", "{{json .}}", "data").Prints(plainVolume),
		ok("image", "inspect", "--format", "{{.Id}}", "iact-scratch").Prints("sha256:1\n"),
		commandtest.Expect("docker", "create", commandtest.Rest),
		stream,
		commandtest.Expect("docker", "rm", commandtest.Rest),
	))
	press, err := archive.NewPress("fast")
	if err != nil {
		t.Fatal(err)
	}
	layer, err := archive.NewLayer(t.Context(), press, disk.New(nil), filepath.Join(t.TempDir(), "parts"), archive.Shelf{}, func(int64) {})
	if err != nil {
		t.Fatal(err)
	}
	v := &source.Volume{Label: "data", Volume: "data", Mode: "live", Docker: &source.Docker{}, Way: source.WayCopy, Silence: 50 * time.Millisecond}
	done, err := v.Capture(t.Context(), source.To{Door: door, Layer: layer, Press: press})
	if err != nil {
		return done, layer.Abort(err)
	}
	_, err = layer.Close()
	return done, err
}

func archiveOf(t *testing.T, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []*tar.Header{{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755}, {Name: "./ibdata1", Mode: 0o600, Size: int64(len(content))}} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestATarOfDockerThatEndsTooEarlyIsNoBackup(t *testing.T) {
	t.Parallel()
	cp := func(prints []byte) *commandtest.Call {
		return commandtest.Expect("docker", "cp", commandtest.Rest).Prints(string(prints))
	}
	// Zeros, so that no end of the content can pass for the end of the archive.
	whole := archiveOf(t, string(make([]byte, 4096)))
	done, err := capture(t, cp(whole))
	if err != nil || done.Files != 2 || !strings.Contains(strings.Join(done.Notes, "\n"), "the files of MariaDB are in it") {
		t.Fatalf("the whole tar gives %+v, %v", done, err)
	}
	for _, size := range []int{0, 512, 700, len(whole) - 1024, len(whole) - 3000, len(whole) - 1} {
		if _, err := capture(t, cp(whole[:size])); err == nil || !strings.Contains(err.Error(), "the tar of docker ends too early") || !strings.Contains(fault.Hint(err), "mode: pause or stop") {
			t.Errorf("%d of %d bytes: %v (hint %q), want it refused", size, len(whole), err, fault.Hint(err))
		}
	}
}

func TestADockerThatSendsNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	began := time.Now()
	_, err := capture(t, commandtest.Expect("docker", "cp", commandtest.Rest).Blocks())
	if err == nil || !strings.Contains(err.Error(), "docker sent nothing for 50ms") || errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 20*time.Second {
		t.Errorf("after %s: %v", time.Since(began), err)
	}
}
