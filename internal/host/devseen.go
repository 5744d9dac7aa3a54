package host

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"iact-infra/internal/devjson"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/devcontainer"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// devseen is what step 8 has seen and done. Its JSON is the result of
// host:devcontainer.
type devseen struct {
	devcontainer.Clone
	Did       string            `json:"did"` // cloned, updated, or nothing
	Config    string            `json:"config"`
	Findings  []devjson.Finding `json:"findings"`
	CLI       string            `json:"cli"` // its version; "" when it is not there or not wanted
	Running   bool              `json:"running"`
	Container string            `json:"container,omitempty"`
	Command   string            `json:"command,omitempty"`
	Said      string            `json:"said,omitempty"` // by the command
}

func (s devseen) failed() bool { return devjson.Failed(s.Findings) }

// err is nil when nothing keeps the devcontainer from starting.
func (s devseen) err() error {
	if !s.failed() {
		return nil
	}
	var places, fixes []string
	for _, f := range s.Findings {
		if f.State == devjson.Fail {
			places, fixes = append(places, f.Code+" at "+f.Where+" ("+f.Evidence+")"), append(fixes, f.Fix)
		}
	}
	return fault.New(fault.Invalid, strings.Join(fixes, "; "), fmt.Errorf("check the devcontainer of %s: %s", s.Dir, strings.Join(places, ", ")))
}

// evidence is the state in one line.
func (s devseen) evidence() procedure.Evidence {
	if s.Absent {
		return procedure.Evidence(s.Dir + " is not there")
	}
	line := s.Dir + " is " + s.Name()
	switch {
	case s.Left != "":
		line += ", left as it is (" + report.Clean(s.Left) + ")"
	case s.Unasked != "":
		line += ", its repository was not reached"
	}
	switch {
	case s.failed():
		line += ", its devcontainer.json has faults"
	case s.Running:
		line += ", its devcontainer runs"
	default:
		line += ", its devcontainer.json is right; it was not started"
	}
	return procedure.Evidence(line)
}

// warn tells what a person should know, and what to type.
func (b *devbox) warn(w *procedure.Work) {
	if b.seen.Left != "" {
		w.Say.Warn("%s is left as it is: %s; see %s", b.seen.Dir, report.Clean(b.seen.Left), b.seen.Next)
	}
	if b.seen.Unasked != "" {
		w.Say.Warn("%s is as it was: its repository was not reached: %s", b.seen.Dir, report.Clean(b.seen.Unasked))
	}
	switch up := "devcontainer up --workspace-folder " + b.seen.Dir; {
	case b.seen.Running || b.seen.Absent || b.seen.failed():
	case b.seen.Config == "":
		w.Say.Warn("cloned and checked, and not started: there are several devcontainers and none comes first; %s --config FILE", up)
	case b.mode == "none":
		w.Say.Info("cloned and checked, and not started, since host.devcontainer.cli is none; by hand: %s", up)
	case b.program == "":
		w.Say.Warn("cloned and checked, and not started: there is no devcontainers CLI. host.devcontainer.cli: npm installs it; or npm install --global @devcontainers/cli@%s, and then %s", b.Version, up)
	}
}

// write is the result for people.
func (s devseen) write(out io.Writer, lang string) {
	cause, fix := "cause", "fix"
	if lang == "es" {
		cause, fix = "causa", "remedio"
	}
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, f := range s.Findings {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s: %s\n", f.State, f.Code, f.Title.In(lang), report.Clean(f.Where), report.Clean(f.Evidence))
		fmt.Fprintf(table, "\t\t  %s\t%s\n\t\t  %s\t%s\n", cause, report.Clean(f.Cause), fix, report.Clean(f.Fix))
	}
	_ = table.Flush() // standard output says what there is to say
	if s.Commit != "" {
		fmt.Fprintf(out, "%s: %s\n", s.Dir, s.Name())
	}
	if s.Container != "" {
		fmt.Fprintf(out, "container %.12s, %s: %s\n", s.Container, s.Command, report.Clean(s.Said))
	}
}
