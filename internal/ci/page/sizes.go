package page

import (
	"fmt"

	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/report"
)

// artifactRow is a file, directory or image that a job made.
type artifactRow struct {
	Name, Kind, Digest string
	Size               string
	Change             string
	Grew               bool
	Budget, Used       string
	Width              string // of the meter
	Over               bool

	bytes, before int64
}

const mostArtifacts = 100

func (m maker) artifacts() []artifactRow {
	var rows []artifactRow
	for _, j := range m.run.Jobs {
		for _, a := range j.Artifacts {
			if len(rows) == mostArtifacts {
				return rows
			}
			rows = append(rows, m.artifactRow(a))
		}
	}
	return rows
}

func (m maker) artifactRow(a outcome.Artifact) artifactRow {
	row := artifactRow{Name: m.line(a.Name, 200), Kind: m.line(a.Kind, 40), Size: report.Bytes(a.SizeBytes), bytes: a.SizeBytes, before: a.BeforeBytes}
	switch a.Kind {
	case "file", "directory", "image":
		row.Kind = m.of("kind." + a.Kind)
	}
	row.Digest = m.line(a.Digest, 80)
	if row.Digest == "" {
		row.Digest = m.line(a.SHA256, 80)
	}
	row.Change, row.Grew = m.change(a.SizeBytes, a.BeforeBytes)
	if a.BudgetBytes > 0 {
		used := 100 * float64(a.SizeBytes) / float64(a.BudgetBytes)
		row.Budget, row.Over = report.Bytes(a.BudgetBytes), a.SizeBytes > a.BudgetBytes
		row.Used = m.of("budget.used", fmt.Sprintf("%.0f %%", used))
		row.Width = percent(min(100, max(0, used)))
	}
	return row
}

// change is the difference to the run before: "+12 KiB (+3.4 %)".
func (m maker) change(now, before int64) (text string, grew bool) {
	switch delta := now - before; {
	case before <= 0:
		return m.of("new"), false
	case delta == 0:
		return m.of("same"), false
	default:
		sign := "+"
		if delta < 0 {
			sign, delta = "−", -delta
		}
		return fmt.Sprintf("%s%s (%s%.1f %%)", sign, report.Bytes(delta), sign, 100*float64(delta)/float64(before)), now > before
	}
}

// sizeTile is the size of all artefacts, against those of the run before.
func (m maker) sizeTile(rows []artifactRow) tile {
	var now, before int64
	t := tile{Name: m.of("artifacts"), Link: "artifacts", State: "passed"}
	for _, row := range rows {
		now, before = now+row.bytes, before+row.before
		if row.Over {
			t.State = "failed"
		}
	}
	t.Value = report.Bytes(now)
	t.Note, _ = m.change(now, before)
	if t.State == "failed" {
		t.Note = m.of("over.budget")
	}
	return t
}
