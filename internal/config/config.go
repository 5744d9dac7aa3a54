// Package config reads what a user may set: config/iact.yaml, overlaid by
// config/iact.local.yaml, or the one file that IACT_CONFIG names.
//
// One table of keys (see keys.go) is the whole truth about the configuration.
// It drives reading and its errors, the listing of effective values with their
// origin, the JSON schema for editors and the commented config/iact.yaml, so
// that none of them can drift from the others. Every key has a default: the
// toolkit runs with an empty file. A file with faults is never read half: all
// faults are reported together, each with file, line and column.
package config

import (
	"os"
	"path/filepath"
	"reflect"
	"time"

	"iact-infra/internal/fault"
)

// Config is the effective configuration. All paths in it are absolute.
type Config struct {
	Root    string // the checkout of this toolkit
	Project string // the IACT checkout that the procedures work on
	Backup  Backup
	SSH     SSH
	VM      VM
	CPython CPython
	Host    Host
	CI      CI

	Devcontainer Workspace

	origins map[string]place // by key path; a key that is missing here has its default
}

// Backup is the section of the backup procedure.
type Backup struct {
	Store      string
	Auto       bool     // sources: auto; Sources is empty then
	Sources    []Source // as configured, in order
	Retired    []string // sources of earlier sets that are gone for good
	Keep       Keep
	Level      string        // fast, default, better or best
	Exclude    []string      // gitignore patterns for the project directory of auto
	Volumes    Volumes       // of Docker, besides the sources
	ScrubAfter time.Duration // age after which a linked part is read again
	Margin     int           // percent of the estimate that has to be free besides it
}

// SSH is how other hosts are reached.
type SSH struct {
	Config string // a configuration file of OpenSSH; "" is the user's own
}

// Keep says which sets rotation keeps: what any of its rules keeps. The zero
// value of a rule is no rule.
type Keep struct {
	Last, Hourly, Daily, Weekly, Monthly, Yearly int  // how many of each period; Unlimited is all
	Within                                       Span // every set that is that much older than the newest, or less
	WithinHourly, WithinDaily                    Span // of those, the newest of each period
	WithinWeekly, WithinMonthly, WithinYearly    Span
	Tags                                         []string // every set that has all tags of one of these, such as "a,b"
}

// Unlimited is the number that has no end.
const Unlimited = -1

// Empty reports that no rule would keep anything.
func (k Keep) Empty() bool {
	tags := len(k.Tags)
	k.Tags = nil
	return tags == 0 && reflect.DeepEqual(k, Keep{})
}

// Source is one thing that is backed up. Which fields count depends on Kind.
type Source struct {
	Name, Kind     string
	Database, Host string
	Port           int
	Socket         string
	Lock           bool
	Volume, Mode   string // of Docker; live, pause or stop
	Image          string
	Machine        string // of Vagrant, or as its provider calls it
	User           string
	PasswordFile   string
	Path           string
	Exclude        []string
	Via, As        string        // a place of command.Places
	Retries        int           // after a lost connection
	Timeout        time.Duration // 0: no limit
	Before, After  []string      // shell lines
	Origin         string        // FILE:LINE of the source
}

// Options is what Load depends on.
type Options struct {
	Root   string                   // the checkout, as FindRoot returns it
	Getenv func(name string) string // nil: the environment of this process
	// Draft is what files would hold, by absolute path: a change is tried before
	// it is made.
	Draft map[string][]byte
}

// Load reads the configuration. Its error lists every problem of every file
// and has the exit code of wrong configuration; Problems can be had from it
// with errors.As.
func Load(o Options) (*Config, error) {
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return nil, fault.New(fault.Usage, "", err)
	}
	files, err := findFiles(root, o.Getenv("IACT_CONFIG"), o.Draft)
	if err != nil {
		return nil, err
	}
	r := newReader(root, o.Getenv("HOME"))
	r.defaults()
	for _, f := range files {
		r.read(f)
	}
	r.checkTogether()
	if len(r.problems) > 0 {
		r.problems.sort()
		return nil, fault.New(fault.Usage, hint, r.problems)
	}
	return r.config, nil
}

// hint is the way out of every wrong configuration.
const hint = "config/iact.yaml explains every key; check again with: go tool mage config:check"
