// Package source knows how each kind of source is looked at and captured.
//
// A source is checked before anything is written (does it answer, may it be
// read, do the versions fit, how large is it), so that a backup fails in its
// first second and not in the middle. Captured bytes go to a layer of parts.
package source

import (
	"context"
	"time"

	"iact-infra/internal/backup/archive"
	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/command"
)

// Source is something that is backed up.
type Source interface {
	// Name is unique in a set; Kind and Name name the directory in it.
	Name() string
	Kind() string
	// Origin is where it is read from, for people.
	Origin() string
	// Check only reads. It returns about how many bytes a first capture would
	// store at most, and warnings; an error says why no capture can succeed.
	Check(ctx context.Context, door *command.Door) (Check, error)
	// Capture lays the source down. It is called once, after Check.
	Capture(ctx context.Context, to To) (Captured, error)
	// Plan is what Capture amounts to, as a shell line of this machine that
	// writes into dir. door is where the source is.
	Plan(door *command.Door, dir string) string
}

// Check is what a look at a source shows.
type Check struct {
	Estimate int64 // bytes, not compressed
	Warnings []string
}

// To is where a source is captured to.
type To struct {
	Door  *command.Door
	Layer *archive.Layer
	Press *archive.Press
	Prior *Prior // nil when no earlier set holds the source
}

// Prior is the newest set that holds the source.
type Prior struct {
	Dir   string // of the source in that set
	Parts []manifest.Part
	State *manifest.State
}

// Captured is what a capture tells about what it has laid down.
type Captured struct {
	Snapshot time.Time // the moment that the data shows
	Files    int64
	Notes    []string
	// Unreadable counts what is missing although it is there: the set is
	// useful, but the run has failed.
	Unreadable int
	Detail     map[string]string
}

// Kinds of sources.
const (
	KindPostgres = "postgres"
	KindGlobals  = "globals"
	KindMariaDB  = "mariadb"
	KindFiles    = "files"
)

// Dir is the directory of a source in a set.
func Dir(s Source) string { return s.Kind() + "-" + s.Name() }
