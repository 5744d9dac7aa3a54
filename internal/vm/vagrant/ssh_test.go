package vagrant_test

import (
	"bytes"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// inside runs a line in the machine, in a process of its own.
func (r *rig) inside(line string) (out, errs string, err error) {
	r.t.Helper()
	p := r.process()
	defer p.places.Close()
	var o, e bytes.Buffer
	err = p.room.Run(r.t.Context(), command.NewDoor(command.Local()), line, &o, &e)
	r.must(p.Close())
	return o.String(), e.String(), err
}

func TestALineInAMachineHasItsOwnOutputsAndExitCode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.good("vm:up")
	r.calls()
	for _, c := range []struct {
		line, out, errs string
		code            int
	}{
		{"echo out; echo err >&2", "out\n", "err\n", 0},
		{"echo 'a  b' \"$((1+1))\"", "a  b 2\n", "", 0},
		{"echo bad >&2; exit 3", "", "bad\n", 3},
		{"echo 'ssh: it is mine' >&2; exit 255", "", "ssh: it is mine\n", 255},
	} {
		out, errs, err := r.inside(c.line)
		if out != c.out || errs != c.errs || fault.Code(err) != c.code {
			t.Errorf("%s: %q, %q, exit %d: %v", c.line, out, errs, fault.Code(err), err)
		}
	}
	long, errs, err := r.inside("seq 200000; seq 200000 >&2")
	if err != nil || len(long) != len(errs) || len(long) < 1<<20 {
		t.Errorf("%d and %d bytes came through: %v", len(long), len(errs), err)
	}
	if calls := r.calls(); calls != "" {
		t.Errorf("vagrant was asked: %s", calls)
	}
}

func TestAWayThatLeadsNowhereAnyMoreIsAskedForAnew(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*rig){
		"nobody answers there":        func(r *rig) { r.write(".lab/away.192.168.121.10", "") },
		"the provider says otherwise": func(r *rig) {}, // another machine may answer there
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.good("vm:up")
			change(r)
			r.write(".lab/address.default", "192.168.121.77")
			r.write(".lab/reached", "")
			r.calls()
			out, errs, err := r.inside("echo here")
			if err != nil || out != "here\n" || errs != "" || r.calls() != "ssh-config default" {
				t.Errorf("%q, %q, %v", out, errs, err)
			}
			if reached := r.read(".lab/reached"); strings.Contains(reached, "121.10") {
				t.Errorf("reached: %s", reached)
			}

		})
	}
}

func TestAMachineThatDoesNotRunOrAnswerIsNotEntered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, _, err := r.inside("true"); fault.Code(err) != fault.Missing || !strings.Contains(fault.Hint(err), "vm:up") {
		t.Errorf("not made: exit %d, %v", fault.Code(err), err)
	}
	r.good("vm:up")
	r.write(".lab/away.192.168.121.10", "")
	if _, errs, err := r.inside("true"); err == nil || errs != "" {
		t.Errorf("away: %q, %v", errs, err)
	}
	r.become("default", provider.Paused)
	if _, _, err := r.inside("true"); fault.Code(err) != fault.Missing || !strings.Contains(err.Error(), "it is paused") {
		t.Errorf("suspended: exit %d, %v", fault.Code(err), err)
	}
}
