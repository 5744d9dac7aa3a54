package resources

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// state is how the one finding came out; ok where there is none.
func state(found []doctor.Finding) doctor.State {
	if len(found) == 0 || found[0].State == "" {
		return doctor.OK
	}
	return found[0].State
}

func one(f doctor.Finding, _ string) doctor.State { return state([]doctor.Finding{f}) }

func TestAFileSystemIsFullByWhatFitsInNotByPercent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		size, free int64
		want       doctor.State
	}{
		"nothing is left":                       {100 * gib, 0, doctor.Fail},
		"a half percent of a common disk":       {100 * gib, gib / 2, doctor.Fail},
		"one gigabyte of a common disk":         {100 * gib, gib, doctor.Warn},
		"two percent of a common disk":          {100 * gib, 2 * gib, doctor.Warn},
		"two percent of a very large one":       {4000 * gib, 80 * gib, doctor.OK},
		"a tenth of a common one":               {100 * gib, 10 * gib, doctor.OK},
		"a small disk that is nearly empty":     {gib, 900 * mib, doctor.OK},
		"a small disk that is full":             {256 * mib, mib, doctor.Fail},
		"a disk of which nobody knows the size": {0, 0, doctor.OK},
	} {
		if got := fullness(scene.Disk{Size: test.size, Free: test.free, Mount: "/"}); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if got := fullness(scene.Disk{Size: gib, ReadOnly: true}); got != doctor.OK {
		t.Errorf("an image that is mounted read-only is %s", got)
	}
	if spent(scene.Disk{Inodes: 1e6, FreeInodes: 12}) != doctor.Fail || spent(scene.Disk{Inodes: 1e6, FreeInodes: 30000}) != doctor.Warn || spent(scene.Disk{}) != doctor.OK || spent(scene.Disk{Inodes: 1e6, FreeInodes: 5e5}) != doctor.OK {
		t.Error("inodes are judged otherwise")
	}
}

func TestMemoryIsJudgedWithoutTheCacheOfFiles(t *testing.T) {
	t.Parallel()
	c := &scene.Container{Name: "x"}
	for name, test := range map[string]struct {
		g    scene.Group
		want doctor.State
	}{
		"a cache that fills the limit":    {scene.Group{Memory: 512 * mib, Held: 90 * mib, Limit: 512 * mib}, doctor.OK},
		"nine tenths of a small limit":    {scene.Group{Held: 460 * mib, Limit: 512 * mib}, doctor.Warn},
		"nine tenths of a large one":      {scene.Group{Held: 58 * gib, Limit: 64 * gib}, doctor.OK},
		"the last of it":                  {scene.Group{Held: 510 * mib, Limit: 512 * mib}, doctor.Fail},
		"a process that waits for memory": {scene.Group{Held: 300 * mib, Limit: 512 * mib, UnderOOM: true}, doctor.Fail},
		"pressure below memory.high":      {scene.Group{Held: 300 * mib, Limit: 512 * mib, Pressure: scene.Pressure{Known: true, Full10: 60}}, doctor.Warn},
		"a moment of pressure":            {scene.Group{Held: 100 * mib, Limit: 512 * mib, Pressure: scene.Pressure{Known: true, Full10: 60}}, doctor.OK},
		"no limit":                        {scene.Group{Held: 64 * gib}, doctor.OK},
	} {
		if got := one(nearLimit(c, test.g)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if f, _ := killed(c, scene.Group{OOMKills: 1}); f.State != doctor.Warn || !strings.Contains(f.Cause.EN, "machine was out of memory") || f.Repair != nil {
		t.Errorf("a kill without a limit: %+v", f)
	}
	c.HostConfig.Memory = 512 * mib
	if f, _ := nearLimit(c, scene.Group{Held: 500 * mib, Limit: 512 * mib}); f.Repair == nil || !f.Repair.Safe || !strings.Contains(f.Repair.Undo[0], "--memory 536870912 ") {
		t.Errorf("the repair: %+v", f.Repair)
	}
}

func TestTheMachinesMemoryIsShortOnlyWithAConsequence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		m    scene.Machine
		want doctor.State
	}{
		"without swap":       {scene.Machine{Memory: 16 * gib, Available: 9 * gib}, doctor.OK},
		"with a full swap":   {scene.Machine{Memory: 16 * gib, Available: 9 * gib, Swap: gib}, doctor.OK},
		"a fiftieth is left": {scene.Machine{Memory: 16 * gib, Available: 320 * mib}, doctor.Warn},
		"nothing is left":    {scene.Machine{Memory: 16 * gib, Available: 50 * mib}, doctor.Fail},
		"everything waits":   {scene.Machine{Memory: 16 * gib, Available: 2 * gib, Pressure: map[string]scene.Pressure{"memory": {Known: true, Full60: 33}}}, doctor.Warn},
		"it was not told":    {scene.Machine{}, doctor.OK},
	} {
		if got := state(lowMemory(&test.m)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestThrottlingCountsWhenItHoldsUpTheWorkNow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		quota              float64
		periods, throttled int64
		held               time.Duration
		now                int64
		want               doctor.State
	}{
		"a tenth, most of the time":        {0.1, 40, 36, 3 * time.Second, 2, doctor.Warn},
		"a tenth, and nothing now":         {0.1, 40, 36, 3 * time.Second, 0, doctor.OK},
		"a tenth, now and then":            {0.1, 400, 36, 3 * time.Second, 1, doctor.OK},
		"a compilation of a second on one": {1, 10, 10, time.Second, 2, doctor.OK},
		"one, and work for minutes":        {1, 900, 800, 80 * time.Second, 2, doctor.Warn},
		"no limit":                         {0, 0, 0, 0, 0, doctor.OK},
	} {
		before := scene.Group{Quota: test.quota, Periods: test.periods, Throttled: test.throttled, ThrottledFor: test.held}
		after := before
		after.Throttled += test.now
		if got := one(rationed(&scene.Container{Name: "x"}, before, after)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestProcessesAndZombiesAreJudgedByTheRoomThatIsLeft(t *testing.T) {
	t.Parallel()
	c := &scene.Container{Name: "x"}
	for want, groups := range map[doctor.State][]scene.Group{
		doctor.OK:   {{Tasks: 50}, {Tasks: 50, MaxTasks: 100, Refused: 9}, {Tasks: 3000, MaxTasks: 4096}},
		doctor.Warn: {{Tasks: 92, MaxTasks: 100}, {Tasks: 80, MaxTasks: 100, Refused: 1}},
		doctor.Fail: {{Tasks: 100, MaxTasks: 100}, {Tasks: 95, MaxTasks: 100, Refused: 4}},
	} {
		for _, g := range groups {
			if got := one(crowded(c, g)); got != want {
				t.Errorf("%+v: %s, want %s", g, got, want)
			}
		}
	}
	dead := make([]scene.Process, 12)
	for i := range dead {
		dead[i] = scene.Process{State: "Z", Name: "git"}
	}
	if one(unburied(c, dead, scene.Group{})) != doctor.OK || one(unburied(c, dead, scene.Group{MaxTasks: 20})) != doctor.Warn {
		t.Error("a few zombies are judged without the limit")
	}
	if !noFork("docker exec in x: OCI runtime exec failed: exec failed: unable to start container process: fork/exec: Resource temporarily unavailable") || noFork("no such container") {
		t.Error("what docker exec says is misread")
	}
}

func TestWatchesAreCountedByUserAndJudgedAgainstTheKernelsLimits(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{
		"proc/self/x":      {},
		"proc/10/status":   {Data: []byte("Name:\tnode\nUid:\t1000\t1000\t1000\t1000\n")},
		"proc/10/fd/3":     {Data: []byte("anon_inode:inotify"), Mode: 0o777 | 1<<27},
		"proc/10/fd/4":     {Data: []byte("socket:[1]"), Mode: 0o777 | 1<<27},
		"proc/10/fdinfo/3": {Data: []byte("pos:\t0\ninotify wd:2 ino:1 sdev:1\ninotify wd:1 ino:2 sdev:1\n")},
		"proc/11/status":   {Data: []byte("Name:\tvite\nUid:\t1000\t1000\t1000\t1000\n")},
		"proc/11/fd/9":     {Data: []byte("anon_inode:inotify"), Mode: 0o777 | 1<<27},
		"proc/11/fdinfo/9": {Data: []byte("inotify wd:1 ino:1 sdev:1\n")},
	}
	all := countWatches(t.Context(), tree)
	if len(all) != 1 || all[0].uid != 1000 || all[0].watches != 3 || all[0].instances != 2 || all[0].most != "node (10)" {
		t.Fatalf("got %+v", all)
	}
	for want, limits := range map[doctor.State][2]int64{doctor.OK: {100, 128}, doctor.Fail: {3, 128}} {
		if got := state(exhausted(all, limits[0], limits[1])); got != want {
			t.Errorf("limits %v: %s, want %s", limits, got, want)
		}
	}
	found := exhausted([]watching{{uid: 1000, watches: 10, instances: 120, most: "node (10)"}}, 1000, 128)
	if found[0].State != doctor.Warn || found[0].Where != "fs.inotify.max_user_instances" || found[0].Repair.Undo[0] != "sysctl -w fs.inotify.max_user_instances=128" {
		t.Errorf("instances: %+v", found[0])
	}
}

func TestALogIsHugeByItsSizeAndByTheRoomThatIsLeft(t *testing.T) {
	t.Parallel()
	c := &scene.Container{Name: "x", LogPath: "/d/x-json.log"}
	wide, tight := scene.Disk{Size: 100 * gib, Free: 50 * gib}, scene.Disk{Size: 100 * gib, Free: gib}
	if state(hugeLog(c, 20*mib, wide, gib)) != doctor.OK || state(hugeLog(c, 20*mib, wide, 10*mib)) != doctor.Warn || state(hugeLog(c, 300*mib, tight, gib)) != doctor.Warn {
		t.Error("logs are judged otherwise")
	}
	if f := hugeLog(c, 60*gib, scene.Disk{Size: 100 * gib, Free: 100 * mib}, gib); len(f) != 1 || len(f[0].Explains) == 0 || f[0].Repair.Safe {
		t.Errorf("the log that fills the disk: %+v", f)
	}
	c.HostConfig.LogConfig.Config = map[string]string{"max-size": "2g"}
	if state(hugeLog(c, 2*gib, wide, gib)) != doctor.OK {
		t.Error("a log that may be that large is taken for a fault")
	}
}

func TestWhatIsRequiredIsHeldAgainstTheMachineAndTheContainersLimits(t *testing.T) {
	t.Parallel()
	has := offer{cpus: 4, memory: 7_900_000_000, storage: 60 * gib}
	for name, test := range map[string]struct {
		want devjson.HostRequirements
		has  offer
		said string
	}{
		"enough":             {devjson.HostRequirements{CPUs: 4, Memory: "7gb", Storage: "32gb", GPU: "optional"}, has, ""},
		"too few processors": {devjson.HostRequirements{CPUs: 8}, has, "4 processors of 8"},
		"too little memory":  {devjson.HostRequirements{Memory: "16gb"}, has, "7.4 GiB of memory of 16gb"},
		"too little disk":    {devjson.HostRequirements{Storage: "1tb"}, has, "60.0 GiB of disk of 1tb"},
		"no GPU":             {devjson.HostRequirements{GPU: "true"}, has, "no GPU"},
		"a limit of memory":  {devjson.HostRequirements{Memory: "4gb"}, offer{memory: 8 * gib, limit: gib}, "may use 1.0 GiB of memory of 4gb"},
		"a limit of cpus":    {devjson.HostRequirements{CPUs: 2}, offer{cpus: 4, quota: 0.5}, "may use 0.50 processors of 2"},
	} {
		found := unmet(test.want, test.has, "x")
		if test.said == "" && state(found) != doctor.OK || test.said != "" && (state(found) != doctor.Warn || !strings.Contains(found[0].Evidence, test.said) || strings.Contains(found[0].Cause.ES+found[0].Cause.EN, "%!")) {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if o := readOffer([]byte(`{"NCPU":2,"MemTotal":5,"Runtimes":{"nvidia":{}}}`)); o.cpus != 2 || o.memory != 5 || !o.gpu {
		t.Errorf("docker info is misread: %+v", o)
	}
}

func TestWhatDockerCouldGiveBackIsAdded(t *testing.T) {
	t.Parallel()
	all := readUsage(`{"Active":"1","Reclaimable":"1.98GB (50%)","Size":"4GB","TotalCount":"3","Type":"Images"}
{"Active":"0","Reclaimable":"512MB","Size":"512MB","TotalCount":"9","Type":"Build Cache"}
`)
	if f := hoarded(all); state(f) != doctor.Warn || f[0].Evidence != "images 1.98GB, build cache 512MB" {
		t.Errorf("got %+v", f)
	}
	if state(hoarded(readUsage(`{"Reclaimable":"0B (0%)","Type":"Images"}`))) != doctor.OK {
		t.Error("nothing is a fault")
	}
	if state(vfs(2*gib)) != doctor.Warn || state(vfs(2*mib)) != doctor.OK {
		t.Error("the driver vfs is judged otherwise")
	}
}

func FuzzSizes(f *testing.F) {
	for _, seed := range []string{"8gb", "1.98GB", "0B", "", "kB", "1e400TB", "-5mb"} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		size(text)
		decimal(text)
		hoarded(readUsage(text))
		readOffer([]byte(text))
	})
}
