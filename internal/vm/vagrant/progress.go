package vagrant

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/command"
)

// kept is how many lines a failure takes along for the catalogue of symptoms.
const kept = 60

// Event is a line of Vagrant that tells how far it has come.
type Event struct {
	Machine    string
	Text       string
	Stage      string // of bootstrap.sh that begins: "mariadb_install.sh"
	Makes      bool   // the machine is being made out of nothing, by this Vagrant
	Provisions bool   // the machine is started, and is provisioned or was before
}

// words are how lines of Vagrant and of bootstrap.sh are known.
type words struct{ prefix, stage, wrong *regexp.Regexp }

func newWords() words {
	return words{
		prefix: regexp.MustCompile(`^(?:==>|   ) ([^ :]+): (.*)$`), // "==> NAME: text" and "    NAME: text"
		stage:  regexp.MustCompile(`^\[STEP [0-9]+/[0-9]+\] (\S+)`),
		wrong:  regexp.MustCompile(`^\[ERROR\] \S+ failed with code: [0-9]+`),
	}
}

// making are the beginnings of lines by which a provider says that it makes a
// machine; telling are those of all others that people want to see.
func making() []string {
	return []string{"Importing base box", "Cloning VM", "Creating image", "Creating domain"}
}

func telling() []string {
	return []string{
		"Box '", "Adding box", "Downloading", "Successfully added box", "Uploading base box image", "Starting domain", "Booting VM", "Resuming", "Waiting for domain to get",
		"Waiting for machine to boot", "Machine booted", "Rsyncing folder", "Mounting shared folders", "Running provisioner", "Attempting graceful shutdown",
		"Halting domain", "Forcing shutdown", "Destroying VM", "Removing domain", "Machine already provisioned",
	}
}

// progress finds out whether a line tells how far Vagrant has come.
func (w words) progress(line string) (e Event, tells bool) {
	parts := w.prefix.FindStringSubmatch(line)
	if parts == nil {
		return Event{}, false
	}
	e = Event{Machine: parts[1], Text: strings.TrimSpace(parts[2])}
	begins := func(with string) bool { return strings.HasPrefix(e.Text, with) }
	if stage := w.stage.FindStringSubmatch(e.Text); stage != nil {
		e.Stage = stage[1]
		return e, true
	}
	e.Provisions = begins("Running provisioner") || begins("Machine already provisioned")
	e.Makes = slices.ContainsFunc(making(), begins)
	return e, e.Makes || w.wrong.MatchString(e.Text) || begins("[SUCCESS]") || slices.ContainsFunc(telling(), begins)
}

// follower reads what Vagrant prints.
type follower struct {
	words
	tell   func(Event)
	last   []string
	amid   map[string]string // the stage that runs, by machine
	failed []string          // the lines in which a stage has failed
}

func (f *follower) line(text string) {
	if text == "" {
		return
	}
	if f.last = append(f.last, text); len(f.last) > kept {
		f.last = slices.Delete(f.last, 0, 1)
	}
	e, tells := f.progress(text)
	if !tells {
		return
	}
	if e.Stage != "" {
		f.amid[e.Machine] = e.Stage
	}
	if f.wrong.MatchString(e.Text) {
		f.failed = append(f.failed, fmt.Sprintf("%s: %s", e.Machine, strings.TrimPrefix(e.Text, "[ERROR] ")))
		delete(f.amid, e.Machine)
	}
	if strings.HasPrefix(e.Text, "[SUCCESS]") {
		delete(f.amid, e.Machine)
	}
	if f.tell != nil {
		f.tell(e)
	}
}

// because adds what was read to the error of the program: the last lines, and the
// stage that has failed, or in which it was cut off.
func (f *follower) because(err error) error {
	var program *command.Error
	if errors.As(err, &program) {
		program.Stderr = strings.Join(f.last, "\n") + "\n" + program.Stderr
	}
	stages := f.failed
	for _, machine := range slices.Sorted(maps.Keys(f.amid)) {
		stages = append(stages, fmt.Sprintf("%s: cut off in %s", machine, f.amid[machine]))
	}
	if len(stages) > 0 {
		err = fmt.Errorf("%s: %w", strings.Join(stages, "; "), err)
	}
	return Explained(err)
}
