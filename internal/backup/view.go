package backup

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/report"
)

// View is a set as backup:list, backup:show and the capture targets print it.
// Its JSON is part of the public interface.
type View struct {
	ID       string       `json:"id"`
	Sequence int64        `json:"sequence"`
	Time     time.Time    `json:"time"`
	Host     string       `json:"host"`
	Tags     []string     `json:"tags,omitempty"`
	Safety   bool         `json:"safety,omitempty"` // made by a restore of what it took the place of
	State    string       `json:"state"`            // proven, verified, written, incomplete or damaged
	Seconds  float64      `json:"duration_seconds"`
	Sources  []SourceView `json:"sources"`
	Error    string       `json:"error,omitempty"` // why the set cannot be read
	Phases   *PhasesView  `json:"phases,omitempty"`
	Dir      string       `json:"dir"`
}

// SourceView is one source of a View.
type SourceView struct {
	Name     string             `json:"name"`
	Kind     string             `json:"kind"`
	State    string             `json:"state"`
	Size     int64              `json:"size_bytes"`
	Stored   int64              `json:"stored_bytes"`
	New      int64              `json:"new_bytes"`
	Parts    int                `json:"parts"`
	Snapshot time.Time          `json:"snapshot_time,omitzero"`
	Seconds  float64            `json:"duration_seconds"`
	Origin   string             `json:"origin,omitempty"`
	Error    string             `json:"error,omitempty"`
	Notes    []string           `json:"notes,omitempty"`
	Findings []manifest.Finding `json:"findings,omitempty"`
	Proof    *manifest.Proof    `json:"proof,omitempty"` // of the drill
}

// PhasesView says where the time went.
type PhasesView struct {
	Capture float64 `json:"capture_seconds"`
	Sync    float64 `json:"sync_seconds"`
	Seal    float64 `json:"seal_seconds"`
	Verify  float64 `json:"verify_seconds"`
}

// viewOf is the whole view of a set.
func viewOf(set *store.Set) View {
	m := set.Manifest
	v := View{
		ID: m.ID, Sequence: m.Sequence, Time: m.Time, Host: m.Host, Tags: m.Tags, Safety: forSafety(set), Seconds: m.Seconds, Dir: set.Dir, Sources: []SourceView{},
		Phases: &PhasesView{Capture: m.Phases.Capture, Sync: m.Phases.Sync, Seal: m.Phases.Seal},
	}
	if set.State != nil {
		v.Phases.Verify = set.State.Seconds
	}
	for i := range m.Sources {
		s := &m.Sources[i]
		one := SourceView{
			Name: s.Name, Kind: s.Kind, State: set.State.Of(s), Size: s.Size, Stored: s.Stored, New: s.New, Parts: s.Parts,
			Snapshot: s.Snapshot, Seconds: s.Seconds, Origin: s.Origin, Error: s.Error, Notes: s.Notes,
		}
		if set.State != nil {
			known := set.State.Sources[s.Name]
			one.Findings, one.Proof = known.Findings, known.Proof
		}
		v.Sources = append(v.Sources, one)
	}
	v.State = stateOf(v.Sources)
	return v
}

// stateOf is the state of a set: that of its worst source.
func stateOf(sources []SourceView) string {
	const incomplete = "incomplete"
	order := []string{manifest.Damaged, incomplete, manifest.Written, manifest.Verified, manifest.Proven}
	if len(sources) == 0 {
		return manifest.Verified
	}
	worst := len(order) - 1
	for _, s := range sources {
		state := s.State
		if state == manifest.Failed {
			state = incomplete
		}
		worst = min(worst, slices.Index(order, state))
	}
	return order[max(worst, 0)]
}

// short is the view of a list.
func (v View) short() View {
	v.Phases = nil
	v.Sources = slices.Clone(v.Sources)
	for i := range v.Sources {
		v.Sources[i].Notes, v.Sources[i].Findings = nil, nil
	}
	return v
}

// damagedView stands for a directory whose manifest cannot be read.
func damagedView(l store.Listed) View {
	return View{ID: l.ID, State: manifest.Damaged, Error: l.Err.Error(), Sources: []SourceView{}}
}

// writeList prints one line a set.
func writeList(w io.Writer, views []View, now time.Time) {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "SET\tAGE\tSTATE\tSOURCES\tSIZE\tSTORED\tNEW")
	for _, v := range views {
		var size, stored, fresh int64
		for _, s := range v.Sources {
			size, stored, fresh = size+s.Size, stored+s.Stored, fresh+s.New
		}
		age := report.Age(now, v.Time)
		if v.Error != "" {
			age = "?"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", v.ID, age, v.standing(), len(v.Sources), report.Bytes(size), report.Bytes(stored), report.Bytes(fresh))
	}
	_ = t.Flush()
	for _, v := range views {
		if v.Error != "" {
			fmt.Fprintf(w, "%s: %s\n", v.ID, report.Clean(v.Error))
		}
	}
}

// standing is the state for people. A safety set holds what somebody wanted to
// be rid of.
func (v View) standing() string {
	if v.Safety {
		return v.State + " (safety)"
	}
	return v.State
}

// writeSet prints everything about a set.
func (v View) writeSet(w io.Writer) {
	tags := ""
	if len(v.Tags) > 0 {
		tags = ", tags " + report.Clean(strings.Join(v.Tags, ","))
	}
	fmt.Fprintf(w, "set %s (number %d), %s, %s%s\n%s\n", v.ID, v.Sequence, v.Time.Format(moment), v.standing(), tags, v.Dir)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "  SOURCE\tKIND\tSTATE\tSIZE\tSTORED\tNEW\tPARTS")
	for _, s := range v.Sources {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%d\n", s.Name, s.Kind, s.State, report.Bytes(s.Size), report.Bytes(s.Stored), report.Bytes(s.New), s.Parts)
	}
	_ = t.Flush()
	for _, s := range v.Sources {
		if s.Proof != nil {
			fmt.Fprintf(w, "  %s: proven %s by %s; it answered after %s\n", s.Name, s.Proof.At.Format(moment), counted(s.Proof.Checks, "check"), report.Duration(time.Duration(s.Proof.Seconds*float64(time.Second))))
		}
		for _, line := range s.Notes {
			fmt.Fprintf(w, "  %s: %s\n", s.Name, report.Clean(line))
		}
		if s.Error != "" {
			fmt.Fprintf(w, "  %s: %s\n", s.Name, report.Clean(s.Error))
		}
		for _, f := range s.Findings {
			fmt.Fprintf(w, "  %s: %s %s\n", s.Name, f.Part, report.Clean(f.Problem))
		}
	}
}

// counted is a number with its noun: "1 part", "2 parts".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
