package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// publishing is a step that has something to say on standard output.
func publishing(number int, target string, err error) procedure.Step {
	return doing(changing(number, target), func(_ context.Context, w *procedure.Work) error {
		w.Publish(map[string]string{"id": target}, func(out io.Writer) { _, _ = fmt.Fprintln(out, "set of", target) })
		return err
	})
}

func asJSON(o *engine.Options) { o.Header.Args = []string{"json"} }

func TestTargetWritesWhatItsOwnStepPublishes(t *testing.T) {
	t.Parallel()
	seal := publishing(2, "demo:seal", nil)
	seal.Needs = []string{"demo:db"}
	inText := newRig(t, nil, publishing(1, "demo:db", nil), seal)
	if err := inText.Target(context.Background(), "demo:seal"); err != nil {
		t.Fatal(err)
	}
	if got := inText.out.String(); got != "set of demo:seal\n" {
		t.Errorf("standard output is %q", got)
	}
	asDocument := newRig(t, asJSON, publishing(1, "demo:db", nil), seal)
	if err := asDocument.Target(context.Background(), "demo:seal"); err != nil {
		t.Fatal(err)
	}
	if got := asDocument.out.String(); got != "{\"id\":\"demo:seal\"}\n" {
		t.Errorf("standard output is %q", got)
	}
}

func TestFailedStepStillPublishesWhatItFound(t *testing.T) {
	t.Parallel()
	r := newRig(t, asJSON, publishing(1, "demo:verify", fault.New(3, "", errors.New("2 parts are damaged"))))
	if err := r.Target(context.Background(), "demo:verify"); fault.Code(err) != 3 {
		t.Fatalf("Target = %v, want code 3", err)
	}
	if got := r.out.String(); got != "{\"id\":\"demo:verify\"}\n" {
		t.Errorf("standard output is %q", got)
	}
}

func TestEveryTargetGivesExactlyOneDocument(t *testing.T) {
	t.Parallel()
	r := newRigOver(t, asJSON, procedure.Procedure{
		Code: "PROCED-TEST-001", Namespace: "demo",
		Steps: []procedure.Step{
			publishing(1, "demo:db", nil),
			failing(changing(2, "demo:config"), fault.New(11, "wait for it", errors.New("the store is locked"))),
			changing(3, "demo:seal", "demo:config"),
		},
		All: [][]string{{"demo:db", "demo:config"}, {"demo:seal"}},
	})
	if err := r.Target(context.Background(), "demo:all"); fault.Code(err) != 11 {
		t.Fatalf("Target = %v, want code 11", err)
	}
	if got := strings.Count(r.out.String(), "\n"); got != 1 {
		t.Fatalf("standard output has %d lines, want 1:\n%s", got, &r.out)
	}
	var summary engine.Summary
	if err := json.Unmarshal(r.out.Bytes(), &summary); err != nil {
		t.Fatal(err)
	}
	if summary.Outcome != "failed" || summary.Run != r.oneRun(t).Run || len(summary.Steps) != 2 {
		t.Errorf("the summary is %+v", summary)
	}
	if s := summary.Steps[0]; s.Outcome != "ok" || s.Evidence != "it is there" || fmt.Sprint(s.Result) != "map[id:demo:db]" {
		t.Errorf("the good step is %+v", s)
	}
	if s := summary.Steps[1]; s.ExitCode != 11 || s.Hint != "wait for it" || s.Error != "the store is locked" {
		t.Errorf("the failed step is %+v", s)
	}
}
