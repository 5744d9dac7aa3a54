package report_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"iact-infra/internal/report"
)

func TestAQuestionTakesOneLineAndLeavesTheRestToTheNext(t *testing.T) {
	t.Parallel()
	console, out, errs, _ := plain(func(o *report.Options) { o.Terminal, o.Width = true, 80 })
	line := console.Step(10, "backup:restoreDB", "Restore", 0)
	answers := strings.NewReader("yes\nno\nlast")
	for _, want := range []string{"yes", "no"} {
		if got, err := line.Ask(t.Context(), answers, "sure?\x1b[2J [y/N]"); got != want || err != nil {
			t.Errorf("the answer is %q (%v), want %q", got, err, want)
		}
	}
	if got, err := line.Ask(t.Context(), answers, "still?"); got != "last" || !errors.Is(err, io.EOF) {
		t.Errorf("an answer without its newline is %q (%v)", got, err)
	}
	line.Done("done")
	if text := errs.String(); !strings.Contains(text, "sure?") || strings.Contains(text, "\x1b[2J") || out.String() != "" {
		t.Errorf("standard error shows %q, standard output %q", text, out.String())
	}
}

func TestAQuestionEndsWithTheRun(t *testing.T) {
	t.Parallel()
	console, _, _, _ := plain(nil)
	silent, typing := io.Pipe()
	defer typing.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := console.Step(10, "backup:restoreDB", "Restore", 0).Ask(ctx, silent, "sure?"); !errors.Is(err, context.Canceled) {
		t.Errorf("a question of a cancelled run gives %v", err)
	}
	if _, err := (*report.Line)(nil).Ask(t.Context(), silent, "sure?"); err == nil {
		t.Error("a line that is not there asks")
	}
}
