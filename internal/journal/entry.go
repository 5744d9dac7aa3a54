package journal

import (
	"encoding/json"
	"time"
)

// Header says which run a journal belongs to. It is the first line.
type Header struct {
	Run     string    `json:"run"`
	Who     string    `json:"who,omitempty"`
	Host    string    `json:"host,omitempty"`
	Version string    `json:"version,omitempty"`
	Args    []string  `json:"args,omitempty"`
	PID     int       `json:"pid,omitempty"`
	Started time.Time `json:"started"`
	// Targets are those of the command line that run steps, in order. A run that
	// continues another one has the targets of that one.
	Targets []string `json:"targets,omitempty"`
	// Settings holds a digest of every value of the configuration in force.
	Settings map[string]string `json:"settings,omitempty"`
	// Resumes is the run that this one continues, Undoes the one that it takes back.
	Resumes string `json:"resumes,omitempty"`
	Undoes  string `json:"undoes,omitempty"`
}

// What an entry tells.
const (
	Begin   = "begin"   // the run starts; the line also holds the header
	Intent  = "intent"  // a step is about to change something
	Command = "command" // a program ran
	Record  = "record"  // a value that resume or rollback will need
	Result  = "result"  // how a step ended
	End     = "end"     // how the run ended

	// Later processes may add these to the journal of a run, after its end or
	// where it was cut off.
	Undo      = "undo"      // a step is about to be undone
	Undone    = "undone"    // how that ended
	Continued = "continued" // another run goes on from here
)

// How a step or a run ended.
const (
	OK        = "ok"
	Skipped   = "skipped"
	Failed    = "failed"
	Cancelled = "cancelled"
	Broken    = "broken" // only Run.State says this
	Kept      = "kept"   // of an undo that nobody asked for: it left the step as it is
)

// Entry is one line of a journal.
type Entry struct {
	Time      time.Time       `json:"time"`
	Event     string          `json:"event"`
	Procedure string          `json:"procedure,omitempty"`
	Step      string          `json:"step,omitempty"`
	Number    int             `json:"number,omitempty"`
	Command   string          `json:"command,omitempty"`
	Changes   bool            `json:"changes,omitempty"`
	Exit      int             `json:"exit,omitempty"`
	Seconds   float64         `json:"duration_seconds,omitempty"`
	Key       string          `json:"key,omitempty"`
	Value     json.RawMessage `json:"value,omitempty"`
	Evidence  string          `json:"evidence,omitempty"`
	Outcome   string          `json:"outcome,omitempty"`
	Error     string          `json:"error,omitempty"`
	Run       string          `json:"run,omitempty"` // of Continued: which run goes on
}

// Step names a step of a procedure in an entry.
type Step struct {
	Procedure string // "PROCED-INFRA-004"
	Target    string // "backup:db"
	Number    int
}

// Ran is a program that ran. Everything in it is masked already.
type Ran struct {
	Command  string
	Changes  bool
	Exit     int
	Duration time.Duration
	Error    string
}

// Outcome is how a step or a run ended.
type Outcome struct {
	Outcome  string
	Evidence string
	Error    string
	Duration time.Duration
}

// format is the version of the lines. A reader refuses what it does not know.
const format = 1

// line is an entry as it stands in the file.
type line struct {
	Format int `json:"format,omitempty"`
	Entry
	Header *Header `json:"header,omitempty"`
}
