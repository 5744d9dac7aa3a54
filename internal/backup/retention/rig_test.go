package retention_test

import (
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/retention"
	"iact-infra/internal/config"
)

// late is later than every moment of the histories here.
func late() time.Time { return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC) }

// history reads one time a line, as a simulation does.
func history(t testing.TB, text string) *retention.History {
	t.Helper()
	h, err := retention.ReadHistory(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// told writes verdicts as the golden tables do: "TIME  REASON, REASON", and the
// time alone for what goes.
func told(h *retention.History, verdicts []retention.Verdict) string {
	var b strings.Builder
	for _, v := range verdicts {
		b.WriteString(strings.TrimRight(h.Given[v.Set]+"  "+strings.Join(v.Reasons, ", "), " ") + "\n")
	}
	return b.String()
}

func span(t testing.TB, s string) config.Span {
	t.Helper()
	v, err := config.ParseSpan(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
