package page_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
)

// place is an attribute in percent.
func place(t *testing.T, n *html.Node, name string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(strings.TrimSuffix(attribute(n, name), "%"), 64)
	if err != nil {
		t.Fatalf("%s is %q: %v", name, attribute(n, name), err)
	}
	return x
}

func TestTheTimelinePlacesJobsByTimeInTheirSlots(t *testing.T) {
	t.Parallel()
	run := failedRun()
	_, root := made(t, run, page.Options{Lang: "en"})
	bars := find(byID(t, root, "timeline"), "svg.bar")
	if len(bars) != 10 {
		t.Fatalf("there are %d bars, want one for each of the 10 jobs that ran", len(bars))
	}
	ends := map[*html.Node]float64{}
	for _, bar := range bars {
		x, w := place(t, bar, "x"), place(t, bar, "width")
		if x < 0 || w < 0 || x+w > 100.01 {
			t.Errorf("a bar goes from %.1f to %.1f %%", x, x+w)
		}
		if x < ends[bar.Parent]-0.2 {
			t.Errorf("%s lies over the one before it", text(bar))
		}
		ends[bar.Parent] = x + w
	}
	if len(ends) != 2 {
		t.Errorf("the jobs ran in %d slots, want 2", len(ends))
	}
	var unit *html.Node
	for _, bar := range bars {
		if strings.Contains(text(bar), "api:unit") {
			unit = bar
		}
	}
	if x, w := place(t, unit, "x"), place(t, unit, "width"); x < 12.5 || x > 12.7 || w < 52.2 || w > 52.4 {
		t.Errorf("api:unit, from 6.1 to 31.4 of 48.4 s, is at %.2f %% and %.2f %% wide", x, w)
	}
}

func TestWhatIsRestoredWaitedOrWasNotRunIsSeen(t *testing.T) {
	t.Parallel()
	_, root := made(t, failedRun(), page.Options{Lang: "en"})
	rows := map[string]*html.Node{}
	for _, row := range find(find(byID(t, root, "jobs"), "tbody")[0], "tr") {
		rows[strings.Fields(text(find(row, "th")[0]))[0]] = row
	}
	for name, want := range map[string]string{"api:env": "from cache", "api:unit": "failed", "ui:lint:eslint": "waited 14.6 s", "api:build": "not run"} {
		if got := text(rows[name]); !strings.Contains(got, want) {
			t.Errorf("%s says %q, want %q in it", name, got, want)
		}
	}
	if got := len(find(rows["ui:lint:eslint"], "rect.waiting")); got != 1 {
		t.Errorf("the wait of ui:lint:eslint is drawn %d times", got)
	}
	if got := len(find(rows["api:build"], "rect")); got != 0 {
		t.Errorf("what was not run has a bar")
	}
	if got := text(find(rows["api:env"], "td.figure")[1]); got != "340 ms" {
		t.Errorf("the cache saved %q for api:env", got)
	}
}

func TestTheTimelineSaysWhatOneAfterTheOtherWouldHaveTaken(t *testing.T) {
	t.Parallel()
	_, root := made(t, restoredRun(), page.Options{Lang: "en"})
	want := "One after the other and without cache: 1 min 50 s. This way: 340 ms, 324 times as fast. The cache saved 1 min 50 s."
	if got := text(find(byID(t, root, "timeline"), "p")[0]); got != want {
		t.Errorf("the timeline says %q, want %q", got, want)
	}
}

func TestTheCriticalPathIsWhatHeldTheRunUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		jobs []outcome.Job
		want string
	}{
		{"by need", []outcome.Job{job("a:deps", 0, 0, 0, 5), job("b:deps", 1, 0, 0, 2), job("a:unit", 0, 5, 5, 9, "a:deps"), job("b:unit", 1, 2, 2, 3, "b:deps")}, "a:deps a:unit"},
		{"by the later need", []outcome.Job{job("a:deps", 0, 0, 0, 5), job("b:deps", 1, 0, 0, 6), job("a:integration", 0, 6, 6, 9, "a:deps", "b:deps")}, "b:deps a:integration"},
		{"by the slot", []outcome.Job{job("a:deps", 0, 0, 0, 2), job("b:lint", 1, 0, 0, 7), job("a:unit", 1, 2, 7, 9, "a:deps")}, "b:lint a:unit"},
		{"by a blocked need", []outcome.Job{{Name: "a:deps", State: outcome.Blocked}, job("a:unit", 0, 0, 0, 4, "a:deps")}, ""},
		{"two that need each other", []outcome.Job{job("a:unit", 0, 0, 0, 4, "a:lint"), job("a:lint", 1, 0, 0, 4, "a:unit")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, root := made(t, outcome.Run{Start: began(), Duration: seconds(9), Jobs: c.jobs}, page.Options{Lang: "en"})
			var path []string
			for _, chain := range find(byID(t, root, "timeline"), "p.chain") {
				path = texts(find(chain, "a"))
			}
			if got := strings.Join(path, " "); got != c.want {
				t.Errorf("the critical path is %q, want %q", got, c.want)
			}
		})
	}
}

func TestStrangeClocksAndSlotsStillMakeATimeline(t *testing.T) {
	t.Parallel()
	far, negative, never, newer := job("a:unit", 1<<40, 0, 1, 2), job("b:unit", -7, 0, 3, 2), job("c:unit", 0, 0, 0, 1), job("d:unit", 3, 0, 1, 1e7)
	never.Start = time.Time{}
	newer.State = "dreaming"
	_, root := made(t, outcome.Run{Start: began().Add(time.Hour), Jobs: []outcome.Job{far, negative, never, newer}}, page.Options{Lang: "en"})
	for _, bar := range find(byID(t, root, "timeline"), "svg.bar") {
		if x, w := place(t, bar, "x"), place(t, bar, "width"); x < 0 || w < 0 || x+w > 100.01 {
			t.Errorf("a bar goes from %.1f, %.1f %% wide", x, w)
		}
	}
	if got := texts(find(byID(t, root, "jobs"), ".state")); !slices.Contains(got, "unknown") {
		t.Errorf("the states are %q", got)
	}
	if marks := len(find(byID(t, root, "timeline"), "text.axis")); marks < 2 || marks > 9 {
		t.Errorf("the axis has %d marks", marks)
	}
}
