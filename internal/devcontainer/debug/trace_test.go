package debug_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/devcontainer"
	"iact-infra/internal/devcontainer/debug"
	"iact-infra/internal/devcontainer/roomtest"
	"iact-infra/internal/fault"
)

// lender is an image that has a program by the names of both tracers, which says
// what it was asked and what it shares with the container.
func lender(r *roomtest.Rig) string {
	r.T.Helper()
	dir, image := r.T.TempDir(), r.Docker.Name(r.T)
	r.Write(dir, "tracer", "#!/bin/sh\ntrap 'echo ended in order; exit 130' INT\necho $(basename $0) $*\necho sees $(cat /proc/1/cmdline | tr '\\0' ' ')\nwhile :; do sleep 0.1; done\n")
	r.Write(dir, "Dockerfile", "FROM "+r.Image+"\nCOPY tracer /bin/strace\nCOPY tracer /bin/tcpdump\nRUN chmod 755 /bin/strace /bin/tcpdump\n")
	r.Docker.Run(r.T, "build", "--quiet", "--network", "none", "--tag", image, dir)
	r.T.Cleanup(func() { _, _ = r.Docker.Try(r.T, "image", "rm", "--force", image) })
	return image
}

func TestRealSlowATracerOfAnImageSharesTheProcessesAndLeavesNothing(t *testing.T) {
	r := roomtest.New(t)
	image := lender(r)
	r.Settings = "devcontainer: {debug_image: " + image + "}\n"
	r.Start(r.Image, "sleep", "1000")
	t.Setenv("PATH", programs(t, "docker", "sh", "timeout")) // this machine has no tracer then
	file := filepath.Join(t.TempDir(), "trace")
	var traced debug.Traced
	r.JSON(target, devcontainer.Selection{To: file, Debug: devcontainer.Debugging{Trace: "strace", Seconds: 1}}, &traced)
	text, err := os.ReadFile(file)
	if err != nil || traced.Way != image || !strings.Contains(string(text), "strace -f -ttt -s 200 -p 1") || !strings.Contains(string(text), "sees sleep 1000") || !strings.Contains(string(text), "ended in order") {
		t.Errorf("%+v, %v\n%s", traced, err, text)
	}
	file += ".pcap"
	r.JSON(target, devcontainer.Selection{To: file, Debug: devcontainer.Debugging{Trace: "tcpdump", Seconds: 1}}, &traced)
	if text, err = os.ReadFile(file); err != nil || !strings.Contains(string(text), "tcpdump -i any -n -U -w -") || !strings.Contains(string(text), "ended in order") {
		t.Errorf("%+v, %v\n%s", traced, err, text)
	}
	if all := left(r); len(all) > 0 {
		t.Errorf("left are %v", all)
	}
}

// programs is a folder with these programs of this machine alone.
func programs(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		for _, at := range filepath.SplitList(os.Getenv("PATH")) {
			if info, err := os.Stat(filepath.Join(at, name)); err == nil && info.Mode().IsRegular() {
				_ = os.Symlink(filepath.Join(at, name), filepath.Join(dir, name))
				break
			}
		}
	}
	return dir
}

func TestRealATraceThatCannotBeIsRefusedBeforeAnythingIsMade(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	r.Ended(r.Start(r.Image, "true"))
	trace := func(d devcontainer.Debugging, to string) devcontainer.Selection {
		return devcontainer.Selection{To: to, Debug: d}
	}
	r.Refused(target, trace(devcontainer.Debugging{Trace: "gdb"}, "x"), fault.Usage, "it is strace or tcpdump")
	r.Refused(target, trace(devcontainer.Debugging{Trace: "strace"}, ""), fault.Usage, "add -to=FILE")
	r.Refused(target, trace(devcontainer.Debugging{Trace: "strace"}, filepath.Join(t.TempDir(), "x")), fault.Missing, "it does not run")
}

func TestRealTheStraceOfThisMachineSeesTheCallsOfAContainer(t *testing.T) {
	t.Parallel()
	r := roomtest.New(t)
	r.Start(r.Image, "sh", "-c", "while :; do sleep 0.1; done")
	file := filepath.Join(t.TempDir(), "trace")
	var traced debug.Traced
	r.JSON(target, devcontainer.Selection{To: file, Debug: devcontainer.Debugging{Trace: "strace", Seconds: 1}}, &traced)
	text, err := os.ReadFile(file)
	if err != nil || traced.Way != "host" || !strings.Contains(string(text), `["sleep", "0.1"]`) {
		t.Errorf("%+v, %v\n%.2000s", traced, err, text)
	}
	r.Refused(target, devcontainer.Selection{To: file, Debug: devcontainer.Debugging{Trace: "strace"}}, fault.Usage, "let -to name a new file")
}
