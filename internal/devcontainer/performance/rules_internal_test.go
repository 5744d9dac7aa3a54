package performance

import (
	"strings"
	"testing"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

func state(found []doctor.Finding) doctor.State {
	if len(found) == 0 || found[0].State == "" {
		return doctor.OK
	}
	return found[0].State
}

func TestALargeImageIsNamedWithTheLayersThatMakeItLarge(t *testing.T) {
	t.Parallel()
	i := &scene.Image{ID: "sha256:1", RepoTags: []string{"app:dev"}, Size: 20 << 20}
	history := "12\tCMD [\"sh\"]\n9000000\t/bin/sh -c apt-get install -y everything\n11000000\tCOPY  .  /app\n"
	f := large(i, history, 10<<20)
	if state(f) != doctor.Warn || f[0].Where != "app:dev" || f[0].Evidence != "20.0 MiB; 10.5 MiB: COPY . /app; 8.6 MiB: apt-get install -y everything; 12 B: CMD [\"sh\"]" {
		t.Errorf("got %+v", f)
	}
	if state(large(i, history, largeImage)) != doctor.OK {
		t.Error("a small image is taken for a large one")
	}
}

func TestEmulationIsAnArchitectureThatTheMachineDoesNotRunItself(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{{"amd64", "x86_64"}, {"386", "x86_64"}, {"arm64", "aarch64"}, {"arm", "aarch64"}, {"", "x86_64"}, {"riscv64", "riscv64"}} {
		if state(foreign(pair[0], pair[1])) != doctor.OK {
			t.Errorf("%v is taken for emulation", pair)
		}
	}
	for _, pair := range [][2]string{{"arm64", "x86_64"}, {"amd64", "aarch64"}} {
		if state(foreign(pair[0], pair[1])) != doctor.Warn {
			t.Errorf("%v is not taken for emulation", pair)
		}
	}
}

func TestAMountIsSlowByWhatAPersonFeels(t *testing.T) {
	t.Parallel()
	at := func(each time.Duration) scene.Speed { return scene.Speed{Files: 1000, Took: 1000 * each} }
	for name, test := range map[string]struct {
		kind        string
		work, image time.Duration
		want        doctor.State
	}{
		"a local disk":                      {"ext4", 9 * time.Microsecond, 8 * time.Microsecond, doctor.OK},
		"a share that is asked each time":   {"9p", 400 * time.Microsecond, 8 * time.Microsecond, doctor.Warn},
		"a share with a cache":              {"virtiofs", 30 * time.Microsecond, 8 * time.Microsecond, doctor.OK},
		"a slow kind that nobody has named": {"fuse.something", 2 * time.Millisecond, 8 * time.Microsecond, doctor.Warn},
		"a container that has little time":  {"ext4", 2 * time.Millisecond, 2 * time.Millisecond, doctor.OK},
		"the network's files in both":       {"nfs4", 2 * time.Millisecond, time.Millisecond, doctor.OK},
	} {
		if got := state(slower("/work", test.kind, at(test.work), at(test.image))); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	in := &scene.Interior{Disks: []scene.Disk{{Mount: "/", Type: "overlay"}, {Mount: "/work", Type: "9p"}, {Mount: "/works", Type: "nfs"}}}
	if kind(in, "/work/app") != "9p" || kind(in, "/workspace") != "overlay" {
		t.Error("the mount of a path is misjudged")
	}
}

func TestAProgramThatTakesAllIsNoMomentaryWork(t *testing.T) {
	t.Parallel()
	const up = time.Hour
	process := func(name, state string, age time.Duration, busy, share float64) scene.Process {
		return scene.Process{PID: 7, Name: name, State: state, Started: up - age, CPU: time.Duration(share * float64(age)), Busy: busy}
	}
	for name, test := range map[string]struct {
		all  []scene.Process
		want string
	}{
		"two loops on two processors": {[]scene.Process{process("yes", "R", time.Minute, 1, 1), process("yes", "R", time.Minute, 0.9, 0.9)}, "yes (process 7) uses 1.9 of 2 processors"},
		"two that others do not let":  {[]scene.Process{process("yes", "R", time.Minute, 0.5, 0.5), process("yes", "R", time.Minute, 0.4, 0.4)}, "yes (process 7)"},
		"one with threads":            {[]scene.Process{process("java", "S", time.Minute, 1.95, 1.9)}, "java (process 7)"},
		"a compiler":                  {[]scene.Process{process("cc1", "R", 2*time.Second, 1, 1), process("cc1", "R", 3*time.Second, 1, 1)}, ""},
		"a server in a busy moment":   {[]scene.Process{process("node", "R", time.Hour, 2, 0.01)}, ""},
		"one loop on two processors":  {[]scene.Process{process("node", "R", time.Minute, 1, 1)}, ""},
		"one loop since hours":        {[]scene.Process{process("node", "R", 50*time.Minute, 1, 0.99)}, "node (process 7) uses 1.0 of 2 processors, for 50 min"},
	} {
		f, _ := hog("x", &scene.Vitals{Uptime: up, Processes: test.all}, 2)
		if test.want == "" && f.State != "" || !strings.HasPrefix(f.Evidence, test.want) {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if state(waits(scene.Pressure{Known: true, Full10: 80, Full60: 60})) != doctor.Warn || state(waits(scene.Pressure{Known: true, Full10: 80})) != doctor.OK || state(waits(scene.Pressure{})) != doctor.OK {
		t.Error("waiting for the disk is judged otherwise")
	}
}

func TestACommandThatStillRunsIsNamedByItsProcess(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	all := []phase{{name: "postCreateCommand", began: now.Add(-90 * time.Second)}}
	v := &scene.Vitals{Uptime: time.Hour, Processes: []scene.Process{
		{PID: 1, Name: "sh", Started: time.Hour - 90*time.Second},
		{PID: 30, Name: "node", Started: time.Hour - 89*time.Second},
		{PID: 40, Name: "npm", State: "S", Started: time.Hour - 89*time.Second},
	}}
	f := lingering(all, v, []string{"sh", "npm"}, now, time.Minute)
	if state(f) != doctor.Warn || f[0].Evidence != "postCreateCommand has been running for 1 min 30 s: npm (process 40)" {
		t.Errorf("got %+v", f)
	}
	if lingering(all, v, []string{"pip"}, now, time.Minute) != nil || lingering(all, v, []string{"npm"}, now, time.Hour) != nil || lingering(all, nil, nil, now, 0) != nil {
		t.Error("something else is taken for the command")
	}
}

func TestFoldersThatCannotBeWatchedAreCounted(t *testing.T) {
	t.Parallel()
	if state(unwatched(weight{dirs: 9000}, 8192)) != doctor.Warn || state(unwatched(weight{dirs: 9000}, 524288)) != doctor.OK || state(unwatched(weight{dirs: 9000}, 0)) != doctor.OK {
		t.Error("folders are judged otherwise")
	}
}

func TestBuildKitIsKnownByItsPluginAndByTheVariable(t *testing.T) {
	t.Parallel()
	old := &scene.Engine{Info: []byte(`{"ClientInfo":{"Version":"20.10.24","Plugins":[]}}`)}
	with := &scene.Engine{Info: []byte(`{"ClientInfo":{"Version":"28.2.2","Plugins":[{"Name":"compose"},{"Name":"buildx"}]}}`)}
	if kit(old, nil) || !kit(old, []string{"DOCKER_BUILDKIT=1"}) || !kit(with, nil) {
		t.Error("BuildKit is misjudged")
	}
}

func FuzzDockerfile(f *testing.F) {
	f.Add([]byte("FROM a\nCOPY . .\nRUN pip install -r x \\\n  # c\n  y\n"))
	f.Add([]byte("# escape=`\nFROM a\nRUN <<EOF\nnpm ci\nEOF\nADD [\".\", \"/\"]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		all := readDockerfile(text)
		lines := strings.Count(string(text), "\n") + 1
		for _, i := range all {
			if i.line < 1 || i.line > lines {
				t.Errorf("line %d of %d: %+v", i.line, lines, i)
			}
		}
		recopied("x", all)
		composed(text, "app", ".devcontainer")
		largest(string(text), 3)
	})
}
