package backup_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/disk"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// simulated is the JSON of a simulation.
func (r *rig) simulated(history, now string) string {
	r.t.Helper()
	done, err := r.room(evening).Simulate(strings.NewReader(history), "history", now)
	must(r.t, err)
	document, err := json.Marshal(done)
	must(r.t, err)
	return string(document)
}

func TestASimulationSaysWhatThePolicyWouldKeepOfAHistory(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1, daily: 2, tags: [golden]}")
	same(t, r.simulated("2026-11-20T10:00:00Z\n# one of these is golden\n2026-11-21T10:00:00-06:00\tgolden\n\n2026-11-23T10:00:00+01:00\n2026-11-22t10:00:00Z\n2026-11-23T09:00:00Z\n", ""),
		`{"keep":[{"time":"2026-11-23T10:00:00+01:00","reasons":["last snapshot","daily snapshot"]},`+
			`{"time":"2026-11-22t10:00:00Z","reasons":["daily snapshot"]},`+
			`{"time":"2026-11-21T10:00:00-06:00","reasons":["has tags [golden]"]}],`+
			`"remove":[{"time":"2026-11-23T09:00:00Z"},{"time":"2026-11-20T10:00:00Z"}]}`)
	same(t, r.simulated("# nothing\n", ""), `{"keep":[],"remove":[]}`)
	// One source, all of it good: no set stays for its state.
	r.keeps("{within: 1h}")
	now := "2026-11-21T00:00:00Z"
	history := "2026-11-23T10:00:00Z\n2026-11-20T10:30:00Z\n2026-11-20T10:00:00Z\n2026-11-20T09:00:00Z\n"
	same(t, r.simulated(history, now), `{"keep":[{"time":"2026-11-23T10:00:00Z","reasons":["within 1h"]},{"time":"2026-11-20T10:30:00Z","reasons":["within 1h"]},`+
		`{"time":"2026-11-20T10:00:00Z","reasons":["within 1h"]}],"remove":[{"time":"2026-11-20T09:00:00Z"}]}`)
	same(t, r.simulated(history, ""), `{"keep":[{"time":"2026-11-23T10:00:00Z","reasons":["within 1h"]}],"remove":[{"time":"2026-11-20T10:30:00Z"},{"time":"2026-11-20T10:00:00Z"},{"time":"2026-11-20T09:00:00Z"}]}`)
	if _, err := os.Lstat(r.store); err == nil {
		t.Error("a simulation made a store")
	}
}

func TestASimulationIsReadableAsText(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1}")
	done, err := r.room(evening).Simulate(strings.NewReader("2026-11-20T10:00:00Z\n2026-11-21T10:00:00Z\n"), "history", "")
	must(t, err)
	var text bytes.Buffer
	done.Write(&text)
	same(t, text.String(), "keep    2026-11-21T10:00:00Z  last snapshot\nremove  2026-11-20T10:00:00Z\n1 set kept, 1 removed\n")
}

func TestABadSimulationIsOneClearLine(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{tags: [golden]}")
	for _, test := range []struct{ history, now, want string }{
		{"2026-11-20T10:00:00Z\nyesterday\n", "", `read history FILE: line 2: "yesterday" is no RFC 3339 time such as `},
		{"", "today", `read -now: "today" is no RFC 3339 time such as `},
		{"", "2026-11-20", `read -now: "2026-11-20" is no RFC 3339 time such as `},
		{"2026-11-20T10:00:00Z\tgold\n", "", "apply policy: backup.keep.tags [golden] fits none of the 1 sets, and a policy that keeps nothing is refused"},
	} {
		_, err := r.room(evening).Simulate(strings.NewReader(test.history), "FILE", test.now)
		if fault.Code(err) != fault.Usage || fault.Hint(err) == "" || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%q: %v, hint %q", test.history, err, fault.Hint(err))
		}
	}
}

// BenchmarkRotationOfAThousandSets: deciding has 0.1 s to stay below; for it the
// store is read, and four sources of each set are judged. Showing it measures
// what comes free as well.
func BenchmarkRotationOfAThousandSets(b *testing.B) {
	r := newRig(b)
	r.inMemory()
	r.keeps("{last: 3, hourly: 24, daily: 7, weekly: 5, monthly: 12, yearly: unlimited, within_daily: 1m}")
	must(b, store.New(r.store, disk.New(nil)).Prepare())
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for n := 1; n <= 1000; n++ {
		r.craft(n, start.Add(time.Duration(n)*7*time.Hour).Format(time.RFC3339), fmt.Sprint(n), "config:verified", "iact:verified", "ivr:verified", "roles:verified")
	}
	room := r.room(evening)
	steps := room.Procedure().Steps
	step := steps[slices.IndexFunc(steps, func(s procedure.Step) bool { return s.Target == "backup:rotate" })]
	b.Run("decided", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if lines, err := step.Plan(b.Context(), nil); err != nil || len(lines) < 800 {
				b.Fatalf("%d sets go, %v", len(lines), err)
			}
		}
	})
	b.Run("shown", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := room.Rotate(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
