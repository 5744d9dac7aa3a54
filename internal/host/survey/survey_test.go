package survey

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/verdict"
)

// as runs everything as another user.
type as struct {
	command.Transport
	user string
}

func (a as) Start(ctx context.Context, c command.Command, stdout *os.File) (command.Process, error) {
	c.As = a.user
	return a.Transport.Start(ctx, c, stdout)
}

func TestThisMachineTellsEverything(t *testing.T) {
	t.Parallel()
	door := command.NewDoor(commandtest.ReadOnly(t, command.Local()))
	f, err := Survey(t.Context(), door, wants())
	if err != nil {
		t.Fatal(err)
	}
	for section, why := range f.Unread {
		// A kernel need not show its configuration.
		if section != "config" {
			t.Errorf("%s: %s", section, why)
		}
	}
	if f.OS.ID == "" || f.Kernel == "" || f.Arch == "" || f.Memory.Total == 0 || f.Data.Type == "" || f.Data.Size == 0 ||
		f.Cgroup.Version == "" || f.Init.Name == "" || f.Rights.UID != os.Geteuid() || len(f.Tools) == 0 || len(f.Modules.Namespaces) == 0 {
		t.Errorf("something is missing in %+v", f)
	}
	if off := f.Clock.Sub(f.Asked).Abs(); off > time.Minute {
		t.Errorf("the clock of this very machine is off by %s", off)
	}
}

// A machine that needs a second only to start as many programs as the survey does is no measure of it.
func TestSlowItTakesLessThanASecond(t *testing.T) {
	// Alone: others' work must not count. The best of some, for the same reason.
	door := command.NewDoor(command.Local())
	best, starting := time.Hour, time.Hour
	for range 5 {
		f, err := Survey(t.Context(), door, Wants{})
		if err != nil {
			t.Fatal(err)
		}
		if best = min(best, f.Took); best < time.Second {
			return
		}
		began := time.Now()
		if err := door.Run(t.Context(), command.Read("sh", "-c", "i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done")); err != nil {
			t.Fatal(err)
		}
		starting = min(starting, time.Since(began))
	}
	if best > 2*starting {
		t.Errorf("it took %s, and starting 300 programs %s", best, starting)
	}
}

func TestAUserWithoutRightsGetsFindings(t *testing.T) {
	t.Parallel()
	transport := command.Local()
	if os.Geteuid() == 0 {
		transport = as{transport, "nobody"}
	}
	f, err := Survey(t.Context(), command.NewDoor(transport), wants())
	if err != nil {
		t.Fatal(err)
	}
	r := f.Report(wants())
	if len(r.Findings) != len(rules()) || f.OS.ID == "" || f.Memory.Total == 0 || f.Data.Size == 0 {
		t.Errorf("%d findings, facts %+v", len(r.Findings), f)
	}
	if os.Geteuid() == 0 && (f.Rights.UID == 0 || finding(t, r.Findings, "HC-RGT-001").State != verdict.Fail) {
		t.Errorf("nobody may install: %+v", f.Rights)
	}
}

// What the script writes goes to its output, and what it calls is not meant to
// change anything; the programs were gone through one by one.
func TestTheScriptWritesNoFile(t *testing.T) {
	t.Parallel()
	rest := regexp.MustCompile(`[0-9]?>(&[0-9-]|/dev/null)`).ReplaceAllString(script, "")
	for line := range strings.Lines(rest) {
		if strings.Contains(line, ">") {
			t.Errorf("a redirection: %s", line)
		}
	}
	for _, word := range []string{"rm ", "mv ", "mkdir", "touch ", "tee ", "modprobe ", "mount ", "chmod ", "mktemp", "sysctl -w"} {
		if strings.Contains(script, word) {
			t.Errorf("the script says %q", word)
		}
	}
}

func TestASymlinkedDataRootIsMeasuredWhereItLeads(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("/proc", dir+"/link"); err != nil {
		t.Fatal(err)
	}
	w := Wants{DataRoot: dir + "/link/one/it's \"two\""}
	f, err := Survey(t.Context(), command.NewDoor(command.Local()), w)
	if err != nil {
		t.Fatal(err)
	}
	if f.Data.Root != w.DataRoot || f.Data.Existing != "/proc" || f.Data.Type != "proc" {
		t.Errorf("data = %+v", f.Data)
	}
}

func TestBadAnswersAreErrorsThatNameThePlace(t *testing.T) {
	t.Parallel()
	if _, err := Survey(t.Context(), command.NewDoor(command.Local()), Wants{DataRoot: "data"}); err == nil || !strings.Contains(err.Error(), `survey local: data root "data" is not an absolute path`) {
		t.Errorf("err = %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Survey(ctx, command.NewDoor(command.Local()), Wants{}); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	for raw, want := range map[string]string{
		"":                                   "does not begin",
		"sh: not found\n":                    "does not begin",
		"@@ iact survey 1\n@ os\n|ID=debian": "cut off",
	} {
		if _, err := Parse(raw); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: err = %v, want %s", raw, err, want)
		}
	}
}
