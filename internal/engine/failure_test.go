package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// refused is a step whose program fails the way psql does; the telling line is
// not the last one that it prints.
func refused() procedure.Step {
	return doing(changing(1, "demo:db"), func(ctx context.Context, w *procedure.Work) error {
		says := `echo 'psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: FATAL:  password authentication failed for user "iact"' >&2; echo 'giving up' >&2; exit 2`
		return fault.New(4, "look at pg_hba.conf", fmt.Errorf("dump iact: %w", w.Door.Run(ctx, command.Read("sh", "-c", says))))
	})
}

func TestFailureIsOneLineAndItsLongFormAdvises(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, refused())
	err := r.Target(context.Background(), "demo:db")
	if short := fmt.Sprintf("%v", err); short != "demo:db: dump iact: sh: exit 2: giving up" {
		t.Errorf("the short form is %q", short)
	}
	long := fmt.Sprintf("%+v", err)
	rows := strings.Split(long, "\n")
	if rows[0] != "demo:db: dump iact: sh: exit 2: giving up" || rows[1] != "  hint: look at pg_hba.conf" {
		t.Errorf("the long form begins\n%s", long)
	}
	for _, want := range []string{"\n  cause: ", "\n  fix: "} {
		if !strings.Contains(long, want) {
			t.Errorf("the long form has no%q:\n%s", want, long)
		}
	}
	if strings.HasSuffix(long, "\n") {
		t.Error("the long form ends in an empty line")
	}
}

func TestAdviceIsInTheUsersLanguage(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *engine.Options) { o.Lang = "es" }, refused())
	long := fmt.Sprintf("%+v", r.Target(context.Background(), "demo:db"))
	for _, want := range []string{"\n  pista: ", "\n  causa: ", "\n  arreglo: "} {
		if !strings.Contains(long, want) {
			t.Errorf("the long form has no%q:\n%s", want, long)
		}
	}
}

func TestFailureIsNotPrintedTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, refused())
	err := r.Target(context.Background(), "demo:db")
	screen := r.err.String() + fmt.Sprintf("Error: %+v\n", err)
	if got := strings.Count(screen, "exit 2"); got != 1 {
		t.Errorf("the error is shown %d times:\n%s", got, screen)
	}
	if !strings.Contains(r.err.String(), "demo:db  failed") {
		t.Errorf("the step's own line does not show that it failed:\n%s", &r.err)
	}
}

func TestLongFormOfSeveralStepsCountsThem(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil,
		failing(changing(1, "demo:left"), errors.Join(errors.New("part 1 is cut"), errors.New("part 2 is gone"))),
		failing(changing(2, "demo:right"), errors.New("no")),
		changing(3, "demo:top", "demo:left", "demo:right"),
	)
	err := r.Target(context.Background(), "demo:top")
	want := "2 problems\n  demo:left: part 1 is cut\n    part 2 is gone\n  demo:right: no"
	if long := fmt.Sprintf("%+v", err); long != want {
		t.Errorf("the long form is\n%s\nwant\n%s", long, want)
	}
	if short := err.Error(); short != "demo:left: part 1 is cut; part 2 is gone; demo:right: no" {
		t.Errorf("the short form is %q", short)
	}
}

func TestNewFailureKeepsCodeHintAndEveryLine(t *testing.T) {
	t.Parallel()
	err := engine.NewFailure("en", fault.New(2, "look it up", errors.New("a.yaml:1: bad\na.yaml:7: worse")))
	var failure *engine.Failure
	if !errors.As(err, &failure) || failure.ExitStatus() != 2 {
		t.Fatalf("NewFailure = %v", err)
	}
	if long := fmt.Sprintf("%+v", err); long != "a.yaml:1: bad\n  a.yaml:7: worse\n  hint: look it up" {
		t.Errorf("the long form is\n%s", long)
	}
	var again *engine.Failure
	if !errors.As(engine.NewFailure("en", err), &again) || again != failure {
		t.Error("a Failure does not stay as it is")
	}
	if engine.NewFailure("en", nil) != nil {
		t.Error("no error becomes a failure")
	}
}
