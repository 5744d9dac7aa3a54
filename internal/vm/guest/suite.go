package guest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
)

// suite is the machine's own test, by the procedure's name.
const suite = "/vagrant/tests/bootstrap_test.sh"

// Suite runs the machine's own test where it has one. Each of its lines that says
// [PASS] or [FAIL] is a finding.
func Suite(ctx context.Context, door *command.Door, machine string) ([]Finding, error) {
	c := command.Read("sh", "-c", `if [ -f "$1" ]; then bash "$1" 2>&1; echo "== $?"; fi`, "sh", suite)
	c.Timeout = 10 * time.Minute
	out, err := door.Text(ctx, c).String()
	if err != nil {
		return nil, fmt.Errorf("run the tests of the machine: %w", err)
	}
	j := &judge{machine: machine}
	row := regexp.MustCompile(`^\s*\[(PASS|FAIL|OK|ERROR)\]\s*(.+)$`)
	for line := range strings.Lines(out) {
		line = regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(strings.TrimSpace(line), "")
		if found := row.FindStringSubmatch(line); found != nil {
			j.that(found[1] == "PASS" || found[1] == "OK", "bootstrap_test.sh", "bootstrap_test.sh", found[2], "go tool mage vm:ssh -machine="+machine+" -c='bash "+suite+"'")
		}
		if code, is := strings.CutPrefix(line, "== "); is {
			j.that(code == "0", "código de bootstrap_test.sh", "exit code of bootstrap_test.sh", code, "go tool mage vm:ssh -machine="+machine+" -c='bash "+suite+"'")
		}
	}
	return j.found, nil
}

// Down is the finding about a machine that does not run.
func Down(machine, state string) Finding {
	return Finding{
		Machine: machine, Check: procedure.Text{ES: "en marcha", EN: "runs"}, Name: "runs", State: Fail, Seen: state,
		Fix: "go tool mage vm:up -machine=" + machine,
	}
}

// Nothing is the finding about a machine of which nothing is expected.
func Nothing(machine string) Finding {
	return Finding{
		Machine: machine, Check: procedure.Text{ES: "algo que probar", EN: "something to test"}, Name: "something to test", State: Warn, Seen: "no database, no web server",
		Fix: "is it provisioned? go tool mage vm:provision -machine=" + machine,
	}
}

// Mute is the finding about a machine that lets us in and does not say how it is.
func Mute(machine string, why error) Finding {
	return Finding{
		Machine: machine, Check: procedure.Text{ES: "responde a lo que se le pregunta", EN: "answers what it is asked"}, Name: "answers what it is asked", State: Fail, Seen: command.Reason(why),
		Fix: "its user needs sudo without a password: go tool mage vm:ssh -machine=" + machine + " -c='sudo -n true'",
	}
}

// Silent is the finding about a machine that does not answer by SSH.
func Silent(machine string, why *command.Unreachable) Finding {
	fix := why.Fix
	if errors.Is(why.Err, context.DeadlineExceeded) {
		fix = "go tool mage vm:reload -machine=" + machine
	}
	return Finding{Machine: machine, Check: procedure.Text{ES: "responde por SSH", EN: "answers by SSH"}, Name: "answers by SSH", State: Fail, Seen: why.Why, Fix: fix}
}
