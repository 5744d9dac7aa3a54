// Package annotate writes what the log of a CI system turns into folds and into
// marks on lines of code: workflow commands for GitHub, sections for GitLab.
//
// These lines are a language, and what programs print stands among them. So all
// text that comes from outside is made plain before it is written: secrets are
// taken out by the caller's function, control characters go, and a line of a
// program's output that would be a command is not taken for one.
package annotate

import (
	"fmt"
	"io"
	"strings"
	"time"

	"iact-infra/internal/ci/lenient"
	"iact-infra/internal/report"
)

// System is what runs the pipeline.
type System string

// The systems that are told apart. None is a person's own machine.
const (
	None    System = ""
	GitHub  System = "github"
	GitLab  System = "gitlab"
	Jenkins System = "jenkins"
)

// Detect tells the system from the environment. Others that follow GitHub's
// runner, as Gitea and Forgejo do, say that they are GitHub.
func Detect(getenv func(string) string) System {
	switch {
	case getenv("GITHUB_ACTIONS") == "true":
		return GitHub
	case getenv("GITLAB_CI") == "true":
		return GitLab
	case getenv("JENKINS_URL") != "":
		return Jenkins
	}
	return None
}

// Log writes to the log of a CI system.
type Log struct {
	To     io.Writer
	System System
	// Clean takes secrets out of text; nothing of a run is written without it.
	Clean func(string) string
	Now   func() time.Time
	Lang  string // es or en
	// Below is where the project is in the repository, with slashes; "" is its top.
	Below string
}

// Open begins a fold, closed at first where the system can do that. What is
// between Open and Close must go through Text.
func (l Log) Open(name, title string) {
	switch l.System {
	case GitHub:
		fmt.Fprintf(l.To, "::group::%s\n", data(l.line(title)))
	case GitLab:
		fmt.Fprintf(l.To, "\x1b[0Ksection_start:%d:%s[collapsed=true]\r\x1b[0K%s\n", l.Now().Unix(), section(name), l.line(title))
	default:
		fmt.Fprintf(l.To, "== %s\n", l.line(title))
	}
}

// Close ends the fold of that name.
func (l Log) Close(name string) {
	switch l.System {
	case GitHub:
		fmt.Fprint(l.To, "::endgroup::\n")
	case GitLab:
		fmt.Fprintf(l.To, "\x1b[0Ksection_end:%d:%s\r\x1b[0K\n", l.Now().Unix(), section(name))
	}
}

// Text writes what a program has printed, as text and nothing else.
func (l Log) Text(text string) {
	for _, line := range l.lines(text) {
		if l.System == GitHub {
			line = harmless(line)
		}
		fmt.Fprintln(l.To, line)
	}
}

// harmless keeps a line from being a command: the runner takes one that begins
// with two colons, and ##[ wherever it stands.
func harmless(line string) string {
	if strings.HasPrefix(strings.TrimSpace(line), "::") {
		line = strings.Replace(line, "::", ":\u200b:", 1)
	}
	return strings.ReplaceAll(line, "##[", "##\u200b[")
}

// line is text from outside on one line, without secrets. What makes it plain can
// put a secret together that a colour had parted, so they are taken out last, and
// before that those that have several lines.
func (l Log) line(text string) string { return l.Clean(report.Clean(l.Clean(lenient.Plain(text)))) }

// lines is text from outside, line by line, with its indent.
func (l Log) lines(text string) []string {
	var all []string
	for line := range strings.Lines(l.Clean(lenient.Plain(text))) {
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		all = append(all, strings.ReplaceAll(line[:indent], "\t", "    ")+l.line(line))
	}
	return all
}

// section is a name that GitLab takes: letters, digits, _ . and -.
func section(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '.' || r == '-' {
			return r
		}
		return '_'
	}, name)
}

// data escapes the message of a command.
func data(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// property escapes the value of a property of a command.
func property(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(text)
}
