package manifest_test

import (
	"reflect"
	"testing"
	"time"

	"iact-infra/internal/backup/manifest"
)

func TestAStateComesBackAsItWasWritten(t *testing.T) {
	t.Parallel()
	hash := manifest.Sum([]byte("bad"))
	want := &manifest.State{
		VerifiedAt: time.Date(2026, 11, 23, 1, 2, 3, 4, time.UTC), ScrubAfter: 86400, Seconds: 2.5,
		Sources: map[string]manifest.SourceState{
			"config": {State: manifest.Verified},
			"db": {State: manifest.Damaged, Findings: []manifest.Finding{
				{Source: "db", Part: "postgres-db/00000001.zst", Problem: "missing", Hash: &hash}, {Source: "db", Problem: "structure not checked"},
			}},
		},
	}
	data, err := manifest.EncodeState(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := manifest.DecodeState(data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("came back as %+v, written was %+v", got, want)
	}
	for n := range len(data) - 2 {
		if _, err := manifest.DecodeState(data[:n]); err == nil {
			t.Fatalf("a state cut to %d of %d bytes was read", n, len(data))
		}
	}
}

func TestTheStateOfASource(t *testing.T) {
	t.Parallel()
	known := func(state string) *manifest.State {
		return &manifest.State{Sources: map[string]manifest.SourceState{"db": {State: state}}}
	}
	for _, test := range []struct {
		name   string
		state  *manifest.State
		source manifest.Source
		want   string
	}{
		{"no state file", nil, manifest.Source{Name: "db", State: manifest.Written}, manifest.Written},
		{"state file without sources", &manifest.State{}, manifest.Source{Name: "db", State: manifest.Written}, manifest.Written},
		{"state of another source", known(manifest.Verified), manifest.Source{Name: "config", State: manifest.Written}, manifest.Written},
		{"verified", known(manifest.Verified), manifest.Source{Name: "db", State: manifest.Written}, manifest.Verified},
		{"damaged", known(manifest.Damaged), manifest.Source{Name: "db", State: manifest.Written}, manifest.Damaged},
		{"failed capture stays failed", known(manifest.Verified), manifest.Source{Name: "db", State: manifest.Failed}, manifest.Failed},
		{"failed capture without a state file", nil, manifest.Source{Name: "db", State: manifest.Failed}, manifest.Failed},
	} {
		if got := test.state.Of(&test.source); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// TestWhenAPartWasLastReadBack pins the rule that the rolling scrub rests on:
// a part counts as read only at a moment when somebody has read it.
func TestWhenAPartWasLastReadBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	state := func(of string, scrubAfter time.Duration) *manifest.State {
		return &manifest.State{VerifiedAt: now, ScrubAfter: scrubAfter.Seconds(), Sources: map[string]manifest.SourceState{"db": {State: of}}}
	}
	for _, test := range []struct {
		name   string
		state  *manifest.State
		source string
		readAt time.Time
		want   time.Time
	}{
		{"no state file, new part", nil, "db", time.Time{}, time.Time{}},
		{"no state file, linked part", nil, "db", now.Add(-day), now.Add(-day)},
		{"verified, new part", state(manifest.Verified, 7*day), "db", time.Time{}, now},
		{"verified, part younger than the age", state(manifest.Verified, 7*day), "db", now.Add(-6 * day), now.Add(-6 * day)},
		{"verified, part exactly of the age", state(manifest.Verified, 7*day), "db", now.Add(-7 * day), now.Add(-7 * day)},
		{"verified, part older than the age", state(manifest.Verified, 7*day), "db", now.Add(-8 * day), now},
		{"verified in full", state(manifest.Verified, 0), "db", now.Add(-time.Hour), now},
		{"verified, the clock went back since", state(manifest.Verified, 7*day), "db", now.Add(day), now.Add(day)},
		{"damaged, new part", state(manifest.Damaged, 7*day), "db", time.Time{}, time.Time{}},
		{"damaged, old part", state(manifest.Damaged, 7*day), "db", now.Add(-30 * day), now.Add(-30 * day)},
		{"written", state(manifest.Written, 0), "db", time.Time{}, time.Time{}},
		{"another source verified", state(manifest.Verified, 0), "config", time.Time{}, time.Time{}},
	} {
		if got := test.state.ReadAt(test.source, manifest.Part{ReadAt: test.readAt}); !got.Equal(test.want) {
			t.Errorf("%s: read at %v, want %v", test.name, got, test.want)
		}
	}
}
