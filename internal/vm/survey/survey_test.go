package survey

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/fault"
	"iact-infra/internal/verdict"
)

func TestRealThisHostTellsEverythingForLittle(t *testing.T) {
	w := wants("libvirt")
	w.Home = filepath.Join(t.TempDir(), ".vagrant.d")
	if err := os.MkdirAll(filepath.Join(w.Home, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	door := command.NewDoor(commandtest.ReadOnly(t, command.Local()))
	before := childrenUsed(t)
	f, err := Survey(t.Context(), door, w)
	if err != nil {
		t.Fatal(err)
	}
	for section, why := range f.Unread {
		t.Errorf("%s: %s", section, why)
	}
	if f.System == "" || f.Kernel == "" || f.Arch == "" || f.CPUs == 0 || f.Memory == 0 || f.Available == 0 || f.UID != os.Geteuid() || f.Home != "writable" || f.Git == "" {
		t.Errorf("something is missing in %+v", f)
	}
	if _, err := os.Stat("/dev/kvm"); (err == nil) == (f.KVM == Absent) {
		t.Errorf("/dev/kvm is said to be %s; stat says %v", f.KVM, err)
	}
	for _, p := range f.Places {
		if p.Unknown != "" || p.Free == 0 {
			t.Errorf("place = %+v", p)
		}
	}
	if off := f.Clock.Sub(f.Asked).Abs(); off > time.Minute {
		t.Errorf("the clock of this very host is off by %s", off)
	}
	// Others may be at work, so what the programs used counts, not the clock.
	if used := childrenUsed(t) - before; used > 2*time.Second {
		t.Errorf("its programs used %s of a processor", used)
	}
}

// childrenUsed is the processor time of all programs that have ended.
func childrenUsed(t *testing.T) time.Duration {
	t.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func TestALockThatAProcessHoldsIsToldAndAFileThatIsLeftIsNot(t *testing.T) {
	t.Parallel()
	w := wants("libvirt")
	w.Home = t.TempDir()
	if err := os.Mkdir(filepath.Join(w.Home, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	held, left := filepath.Join(w.Home, "data", "lock.machine-action-1.lock"), filepath.Join(w.Home, "data", "lock.dotlock.lock")
	for _, name := range []string{held, left} {
		file, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if name == held {
			if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil { // as Vagrant does
				t.Fatal(err)
			}
		}
	}
	f, err := Survey(t.Context(), command.NewDoor(commandtest.ReadOnly(t, command.Local())), w)
	if want := []Lock{{held, os.Getpid()}}; err != nil || !slices.Equal(f.Locks, want) {
		t.Errorf("locks = %v, %v, want %v", f.Locks, err, want)
	}
}

func TestSurveyCutShortIsAnError(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Survey(ctx, command.NewDoor(command.Local()), wants("libvirt")); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}

// What the script writes goes to its output.
func TestTheScriptWritesNoFile(t *testing.T) {
	t.Parallel()
	rest := regexp.MustCompile(`[0-9]?>(&[0-9-]|/dev/null)`).ReplaceAllString(script, "")
	for line := range strings.Lines(rest) {
		if strings.Contains(line, ">") {
			t.Errorf("a redirection: %s", line)
		}
	}
	for _, word := range []string{"rm ", "mv ", "mkdir", "touch ", "tee ", "modprobe ", "mount ", "chmod ", "mktemp", "sysctl -w", "flock"} {
		if strings.Contains(script, word) {
			t.Errorf("the script says %q", word)
		}
	}
}

func TestAKVMThatIsNoneIsTold(t *testing.T) {
	t.Parallel()
	if got := askKVM(filepath.Join(t.TempDir(), "kvm")); got != Absent {
		t.Errorf("nothing there: %s", got)
	}
	if got := askKVM(os.DevNull); got != Dead {
		t.Errorf("another device: %s", got)
	}
}

func TestAPlaceThatIsToBeMadeIsMeasuredAbove(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := measure(ForBoxes, filepath.Join(dir, "to", "be", "made"))
	if p.Existing != dir || p.Free == 0 || p.Unknown != "" {
		t.Errorf("place = %+v", p)
	}
	if p := measure(ForMachines, ""); p.Unknown == "" {
		t.Errorf("nowhere is %+v", p)
	}
}

func TestOnlyAFailureIsAnErrorAndAPrerequisiteIsMissing(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]verdict.State{"debian-12-libvirt": verdict.OK, "wsl2": verdict.Fail} {
		r := fixture(t, name).Report(wants("libvirt"))
		err := r.Err("en")
		if r.State != want || (err != nil) != (want == verdict.Fail) {
			t.Errorf("%s: %s, %v", name, r.State, err)
		}
		if err != nil && (fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), "systemctl enable") || err.Error() != "check host: it cannot run the machines: VC-PRV-006") {
			t.Errorf("code %d, hint %q, %v", fault.Code(err), fault.Hint(err), err)
		}
	}
}

func TestTheJSONIsStable(t *testing.T) {
	t.Parallel()
	f := fixture(t, "no-group")
	f.Took = 1500 * time.Millisecond
	r := f.Report(wants("libvirt"))
	r.Findings = []verdict.Finding{finding(t, r.Findings, "VC-PRV-006")}
	got, err := json.Marshal(r)
	want := `{"provider":"libvirt","state":"fail","duration_seconds":1.5,"findings":[{"code":"VC-PRV-006","state":"fail","unknown":false,` +
		`"title":{"es":"libvirt contesta","en":"Libvirt answers"},"seen":"Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",` +
		`"cause":{"es":"eva no puede usar el servicio del sistema","en":"eva may not use the system's service"},` +
		`"fix":{"es":"sudo usermod -aG libvirt eva, y entre de nuevo","en":"sudo usermod -aG libvirt eva, and log in again"}}]}`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}

func TestTheTableIsForPeople(t *testing.T) {
	t.Parallel()
	r := fixture(t, "lab").Report(wants("libvirt"))
	r.Findings[0].Seen = "a\tb\x1b[31m\nc" // from a host that means no good
	var es, en strings.Builder
	if err := errors.Join(r.Write(&es, "es"), r.Write(&en, "en")); err != nil {
		t.Fatal(err)
	}
	for text, wants := range map[string][]string{
		es.String(): {"Puertos reenviados libres", "fail  VC-NET-001  ", "remedio", "kill -TERM 917", "1 fallos"},
		en.String(): {"Forwarded ports free", `a b\x1b[31m c`, "cause", "0 warnings, 1 failures"},
	} {
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
	}
	if err := r.Write(full{}, "en"); !errors.Is(err, errFull) {
		t.Errorf("err = %v", err)
	}
}

const errFull = command.Sentinel("no space left on device")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }
