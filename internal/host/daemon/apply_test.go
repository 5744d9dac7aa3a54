package daemon_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/daemon"
)

const debugInfo = `{"ServerVersion":"28.0.0","SystemTime":"now","Debug":true}`

func TestAReloadedKeyNeedsNoRestart(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}\n")
	// A client that shows the value from the start stands for a daemon that takes it.
	s.put(t, "info", debugInfo)
	a, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err != nil || !a.Changed() || strings.Join(s.control.calls, " ") != "reload" || s.text(t) != "{\n  \"debug\": true\n}\n" {
		t.Fatalf("got %+v, %v, %q, %q", a, err, s.control.calls, s.text(t))
	}
	again, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err != nil || again.Changed() || len(s.control.calls) != 1 {
		t.Errorf("the second time: %+v, %v, %q", again, err, s.control.calls)
	}
	for range 2 {
		if err := s.Back(t.Context(), a); err != nil || s.text(t) != "{}\n" || s.beside(t) != "daemon.json" {
			t.Errorf("back: %v, %q, %s", err, s.text(t), s.beside(t))
		}
	}
	if got := strings.Join(s.control.calls, " "); got != "reload reload" {
		t.Errorf("calls: %s", got)
	}
}

func TestAValueThatIsNotInEffectBringsTheOldFileBack(t *testing.T) {
	t.Parallel()
	s := newStub(t, `{"icc": true}`)
	_, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err == nil || !strings.Contains(err.Error(), `debug is "false", not "true"`) || fault.Hint(err) != "the old settings are in effect again" {
		t.Errorf("got %v, %q", err, fault.Hint(err))
	}
	if s.text(t) != `{"icc": true}` || s.beside(t) != "daemon.json" {
		t.Errorf("left are %q, %s", s.text(t), s.beside(t))
	}
}

func TestALinkStaysALinkAndRightsStay(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	s.put(t, "info", debugInfo)
	target := filepath.Join(s.dir, "real", "docker.json")
	s.put(t, "real/docker.json", "{}")
	if err := errors.Join(os.Chmod(target, 0o640), os.Remove(s.File), os.Symlink("../real/docker.json", s.File)); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(target, 12, 34); err != nil {
			t.Fatal(err)
		}
	}
	look := func() (mode os.FileMode, uid, gid uint32) {
		info, err := os.Stat(target)
		if err != nil {
			t.Fatal(err)
		}
		system, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			t.Fatal("this is no Unix")
		}
		return info.Mode(), system.Uid, system.Gid
	}
	mode, uid, gid := look()
	a, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if link, err := os.Readlink(s.File); err != nil || link != "../real/docker.json" {
			t.Errorf("the link is %q, %v", link, err)
		}
		if m, u, g := look(); m != mode || u != uid || g != gid {
			t.Errorf("mode %v, owner %d:%d, want %v %d:%d", m, u, g, mode, uid, gid)
		}
		if err := s.Back(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if s.text(t) != "{}" {
		t.Errorf("the target holds %q", s.text(t))
	}
}

func TestWhereThereWasNoFileThereIsNoneAgain(t *testing.T) {
	t.Parallel()
	s := newStub(t, "")
	s.put(t, "info", debugInfo)
	if err := os.RemoveAll(filepath.Dir(s.File)); err != nil {
		t.Fatal(err)
	}
	a, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err != nil || !a.Absent || s.text(t) != "{\n  \"debug\": true\n}\n" {
		t.Fatalf("got %+v, %v", a, err)
	}
	for range 2 {
		if err := s.Back(t.Context(), a); err != nil || s.beside(t) != "" {
			t.Errorf("back: %v, left are %s", err, s.beside(t))
		}
	}
}

func TestAFileThatSomebodyHasChangedSinceStays(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	s.put(t, "info", debugInfo)
	a, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "etc/daemon.json", `{"mine": 1}`)
	err = s.Back(t.Context(), a)
	if err == nil || !strings.Contains(err.Error(), "somebody else has changed it since") || !strings.Contains(fault.Hint(err), a.Backup) || s.text(t) != `{"mine": 1}` {
		t.Errorf("got %v, %q, %q", err, fault.Hint(err), s.text(t))
	}
}

func TestADaemonThatDidNotRunStaysDownWhenItDoesNotStart(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	s.control.stopped, s.control.fail = true, errors.New("exit 1")
	_, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err == nil || !s.control.stopped || s.text(t) != "{}" || strings.Join(s.control.calls, " ") != "restart stop" {
		t.Errorf("got %v, %q, %q", err, s.text(t), s.control.calls)
	}
}

func TestWhatDockerdTakesIsInstalled(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	s.put(t, "info", debugInfo)
	s.put(t, "dockerd", "#!/bin/sh\ncase $1 in --help) echo --validate ;; *) grep -q debug \"$3\" && echo \"$*\" >\""+s.dir+"/asked\" ;; esac\n")
	if _, err := s.Apply(t.Context(), daemon.Settings{Debug: on()}); err != nil {
		t.Fatal(err)
	}
	asked, err := os.ReadFile(filepath.Join(s.dir, "asked"))
	if want := "--validate --config-file " + s.File + ".iact-new\n"; err != nil || string(asked) != want {
		t.Errorf("dockerd was asked %q, %v, want %q", asked, err, want)
	}
}

func TestAPlanPrintsAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	var printed bytes.Buffer
	s.Door = command.NewDoor(command.Local(), command.Planning(&printed))
	s.control.restart = func() { t.Log("a restart through the door is printed, too") }
	if _, err := s.Apply(t.Context(), daemon.Settings{DNS: []string{"9.9.9.9"}}); err != nil {
		t.Fatal(err)
	}
	if s.text(t) != "{}" || s.beside(t) != "daemon.json" || !strings.Contains(printed.String(), "mv -f") {
		t.Errorf("left are %q, %s; printed was\n%s", s.text(t), s.beside(t), printed.String())
	}
}

func TestRealADirectoryThatIsReadOnlyIsAnErrorThatChangesNothing(t *testing.T) {
	t.Parallel()
	s := newStub(t, "{}")
	dir := filepath.Dir(s.File)
	// Root may write where rights say no, but not where the file system does.
	door := command.NewDoor(command.Local())
	seal := command.Change("sh", "-c", `if [ "$(id -u)" = 0 ]; then mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"; else chmod a-w "$1"; fi`, "sh", dir)
	if err := door.Run(t.Context(), seal); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		open := command.Change("sh", "-c", `if [ "$(id -u)" = 0 ]; then umount "$1"; else chmod u+w "$1"; fi`, "sh", dir)
		if err := door.Run(t.Context(), open); err == nil {
			return
		}
		syscall.Unmount(dir, syscall.MNT_DETACH)
	})
	_, err := s.Apply(t.Context(), daemon.Settings{Debug: on()})
	if err == nil || !strings.Contains(err.Error(), "keep "+s.File) || len(s.control.calls) > 0 || s.text(t) != "{}" || s.beside(t) != "daemon.json" {
		t.Errorf("got %v, %q, %q, %s", err, s.control.calls, s.text(t), s.beside(t))
	}
}
