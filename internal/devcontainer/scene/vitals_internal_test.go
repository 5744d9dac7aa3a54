package scene

import (
	"context"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/testbed"
)

func tree(files map[string]string) fstest.MapFS {
	all := fstest.MapFS{}
	for path, text := range files {
		all[path] = &fstest.MapFile{Data: []byte(text)}
	}
	return all
}

const id = "9c4b1b7a0e2f"

// unified is what Debian 12 on a kernel 6.1 shows of a container of Docker 24 with --memory 512m --cpus 0.5 --pids-limit 200.
func unified(dir string) map[string]string {
	return map[string]string{
		"proc/42/cgroup": "0::/" + dir + "/init\n",
		"sys/fs/cgroup/" + dir + "/init/cgroup.procs": "42\n57\n",
		"sys/fs/cgroup/" + dir + "/cgroup.procs":      "",
		"sys/fs/cgroup/" + dir + "/memory.current":    "503316480\n",
		"sys/fs/cgroup/" + dir + "/memory.max":        "536870912\n",
		"sys/fs/cgroup/" + dir + "/memory.high":       "max\n",
		"sys/fs/cgroup/" + dir + "/memory.events":     "low 0\nhigh 0\nmax 1172\noom 2\noom_kill 2\noom_group_kill 0\n",
		"sys/fs/cgroup/" + dir + "/memory.pressure":   "some avg10=41.20 avg60=20.01 avg300=4.75 total=12830188\nfull avg10=38.03 avg60=18.52 avg300=4.40 total=11900233\n",
		"sys/fs/cgroup/" + dir + "/memory.stat": "anon 104857600\nfile 398458880\nkernel 1048576\nkernel_stack 98304\npagetables 204800\nshmem 314572800\ninactive_anon 419430400\n" +
			"active_anon 0\ninactive_file 52428800\nactive_file 31457280\nunevictable 0\nslab_reclaimable 524288\nslab_unreclaimable 262144\n",
		"sys/fs/cgroup/" + dir + "/pids.current": "188\n",
		"sys/fs/cgroup/" + dir + "/pids.max":     "200\n",
		"sys/fs/cgroup/" + dir + "/pids.events":  "max 7\n",
		"sys/fs/cgroup/" + dir + "/cpu.max":      "50000 100000\n",
		"sys/fs/cgroup/" + dir + "/cpu.stat":     "usage_usec 9313341\nuser_usec 8211012\nsystem_usec 1102329\nnr_periods 212\nnr_throttled 150\nthrottled_usec 15310217\nnr_bursts 0\nburst_usec 0\n",
	}
}

func TestAGroupOfVersion2IsReadWhoeverMadeIt(t *testing.T) {
	t.Parallel()
	want := Group{
		Memory: 503316480, Held: 503316480 - 52428800 - 31457280 - 524288, Limit: 536870912, OOMKills: 2,
		Pressure: Pressure{Known: true, Some10: 41.2, Some60: 20.01, Full10: 38.03, Full60: 18.52},
		Tasks:    188, MaxTasks: 200, Refused: 7, Quota: 0.5, Period: 100 * time.Millisecond, Periods: 212, Throttled: 150, ThrottledFor: 15310217 * time.Microsecond,
	}
	for _, dir := range []string{"system.slice/docker-" + id + ".scope", "docker/" + id, "user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id + ".scope"} {
		g, pids, err := localGroup(tree(unified(dir)), 42, id)
		if err != nil || g != want || len(pids) != 2 {
			t.Errorf("%s: %+v, %v, %v", dir, g, pids, err)
		}
	}
}

func TestAGroupOfVersion1AndOfBothIsRead(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"proc/7/cgroup": "12:pids:/docker/" + id + "\n4:memory:/docker/" + id + "\n2:cpu,cpuacct:/docker/" + id + "\n1:name=systemd:/docker/" + id + "\n0::/system.slice/containerd.service\n",
		"sys/fs/cgroup/memory/docker/" + id + "/memory.usage_in_bytes":       "62000000\n",
		"sys/fs/cgroup/memory/docker/" + id + "/memory.limit_in_bytes":       "9223372036854771712\n",
		"sys/fs/cgroup/memory/docker/" + id + "/memory.oom_control":          "oom_kill_disable 0\nunder_oom 1\noom_kill 3\n",
		"sys/fs/cgroup/memory/docker/" + id + "/memory.stat":                 "hierarchical_memory_limit 67108864\ntotal_cache 60000000\ntotal_rss 1000000\ntotal_shmem 50000000\ntotal_inactive_file 9000000\ntotal_active_file 1000000\n",
		"sys/fs/cgroup/pids/docker/" + id + "/pids.current":                  "3\n",
		"sys/fs/cgroup/pids/docker/" + id + "/pids.max":                      "max\n",
		"sys/fs/cgroup/pids/docker/" + id + "/cgroup.procs":                  "7\n",
		"sys/fs/cgroup/cpu,cpuacct/docker/" + id + "/cpu.cfs_quota_us":       "-1\n",
		"sys/fs/cgroup/cpu,cpuacct/docker/" + id + "/cpu.cfs_period_us":      "100000\n",
		"sys/fs/cgroup/cpu,cpuacct/docker/" + id + "/cpu.stat":               "nr_periods 9\nnr_throttled 2\nthrottled_time 2686331282\n",
		"sys/fs/cgroup/unified/system.slice/containerd.service/cgroup.procs": "",
	}
	g, pids, err := localGroup(tree(files), 7, id)
	want := Group{
		Memory: 62000000, Held: 51000000, Limit: 67108864, OOMKills: 3, UnderOOM: true, Tasks: 3,
		Periods: 9, Throttled: 2, ThrottledFor: 2686331282,
	}
	if err != nil || g != want || len(pids) != 1 {
		t.Errorf("%+v, %v, %v", g, pids, err)
	}
	delete(files, "sys/fs/cgroup/memory/docker/"+id+"/memory.usage_in_bytes")
	if _, _, err := localGroup(tree(files), 7, id); err == nil {
		t.Error("a group that is not there was read")
	}
}

func TestADiskIsReadWhateverItsNameAndKind(t *testing.T) {
	t.Parallel()
	mounts := readMounts("/dev/sda1 / ext4 rw,relatime 0 0\nC:\\134 /mnt/c\\040d 9p ro,noatime 0 0\n")
	d := readDisk("C:\\  d    498876412 490000000 8876412  99% /mnt/c d", "C:\\ d 0 0 0 - /mnt/c d", mounts)
	if d.Mount != "/mnt/c d" || d.Free != 8876412<<10 || d.Type != "9p" || !d.ReadOnly || d.Inodes != 0 {
		t.Errorf("got %+v", d)
	}
	if d := readDisk("df: /x: No such file or directory", "", mounts); d.Seen() {
		t.Errorf("an error was read as %+v", d)
	}
}

func TestRealFromInsideTheSameIsSeenAsFromOutside(t *testing.T) {
	t.Parallel()
	daemon := testbed.Docker(t)
	workspace := t.TempDir()
	daemon.Container(t, "--label", LabelFolder+"="+workspace, "--volume", workspace+":/work", "--memory=64m", "--cpus=0.9", "--pids-limit=77", "--tmpfs=/fill:size=3m",
		daemon.Busybox(t), "sh", "-c", "head -c 2000000 /dev/zero >/fill/a; exec sleep 600")
	o := Options{Door: command.NewDoor(commandtest.ReadOnly(t, command.Local())), Workspace: workspace, Docker: daemon.Env(), Environ: os.Environ(), Now: time.Now}
	near, far := New(t.Context(), o), New(t.Context(), o)
	engine, err := near.Engine()
	if err != nil || !engine.Local {
		t.Fatalf("%+v, %v", engine, err)
	}
	elsewhere := *engine
	elsewhere.Local = false
	if _, err := far.engine.ask(t.Context(), time.Second, func(context.Context) (*Engine, error) { return &elsewhere, nil }); err != nil {
		t.Fatal(err)
	}
	c, err := near.Main()
	if err != nil || c == nil {
		t.Fatal(err)
	}
	out, err := near.Vitals(c)
	if err != nil {
		t.Fatal(err)
	}
	in, err := far.Vitals(c)
	if err != nil {
		t.Fatal(err)
	}
	a, b := out.After, in.After
	if a.Limit != 64<<20 || a.Quota != 0.9 || a.MaxTasks != 77 || a.Held < 2000000 || a.Tasks != 1 {
		t.Errorf("outside: %+v", a)
	}
	if b.Limit != a.Limit || b.Quota != a.Quota || b.MaxTasks != a.MaxTasks || math.Abs(float64(b.Held-a.Held)) > 8<<20 {
		t.Errorf("inside: %+v, outside %+v", b, a)
	}
	sleeps := 0
	for _, p := range in.Processes {
		if p.PID == 1 && p.Name == "sleep" && p.Files == 3 && p.MaxFiles > 3 {
			sleeps++
		}
	}
	if sleeps != 1 || len(out.Processes) < 1 || out.Processes[0].Name != "sleep" || out.Processes[0].Files != 3 {
		t.Errorf("processes inside %+v, outside %+v", in.Processes, out.Processes)
	}
	if _, err := far.Machine(); err == nil {
		t.Error("this machine was taken for the one of an engine elsewhere")
	}
}

func FuzzWhatTheKernelTells(f *testing.F) {
	for _, text := range unified("docker/" + id) {
		f.Add(text)
	}
	f.Add("1 (a) b)) R 0 1 1 0 -1 4194560 1091 0 1 0 27 1 0 0 20 0 1 0 4784087 2322432 380|3|1024")
	f.Add("== disks\nFilesystem 1024-blocks Used Available Capacity Mounted on\noverlay 264212084 32542512 62958752 34% /\n== speed image\n300 1\n== markers\n1 2026-01-01T00:00:00Z .postCreateCommandMarker\n")
	f.Fuzz(func(t *testing.T, text string) {
		files := Answers{}
		for _, names := range groupFiles() {
			for _, name := range names {
				files[name] = text
			}
		}
		if g, known := readGroup(files); !known || g.Held < 0 || g.Limit < 0 {
			t.Errorf("%+v", g)
		}
		readProcesses(text)
		readMachine(Answers{"meminfo": text, "mounts": text, "disk /": text, "inodes /": text, "sys/fs/file-nr": text}, "/", "/")
		in := readInterior(parts(text))
		for _, d := range in.Disks {
			if !strings.HasPrefix(d.Mount, "/") || d.Free < 0 {
				t.Errorf("%+v", d)
			}
		}
		if each := in.Image.Each(); in.Image.Files == 0 && each != 0 {
			t.Errorf("no file took %v", each)
		}
	})
}
