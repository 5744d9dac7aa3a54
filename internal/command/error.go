package command

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Error is a program that failed, could not be started or was stopped.
type Error struct {
	Program string
	Argv    string // Command.String: secrets are masked
	Exit    int    // -1 when a signal ended it or it never started
	Signal  string
	Stderr  string // the last 8 KiB, masked
	Err     error  // the cause when it is not the exit code
}

// Error is one line: "pg_dump: exit 1: <last meaningful line of stderr>".
func (e *Error) Error() string {
	var missing *NotFound
	if errors.As(e.Err, &missing) {
		return missing.Error()
	}
	var why string
	switch {
	case e.Err != nil:
		why = e.Err.Error()
	case e.Signal != "":
		why = "ended by " + e.Signal
	default:
		why = fmt.Sprintf("exit %d", e.Exit)
	}
	line := e.Program + ": " + why
	if last := lastLine(e.Stderr, e.Program); last != "" {
		line += ": " + last
	}
	return line
}

func (e *Error) Unwrap() error { return e.Err }

// NotFound is a program that is not there. Package may be filled in by a caller
// that knows which Debian package holds the program.
type NotFound struct {
	Program string
	Package string
	Place   string // where it is missing; empty is this machine
}

func (e *NotFound) Error() string {
	if e.Place != "" {
		return "find program " + e.Program + " at " + e.Place + ": not in PATH there"
	}
	return "find program " + e.Program + ": not in PATH"
}

// Hint says what to do about it.
func (e *NotFound) Hint() string {
	switch {
	case e.Package != "" && e.Place != "":
		return "at " + e.Place + ": apt-get install " + e.Package
	case e.Package != "":
		return "apt-get install " + e.Package
	case e.Place != "":
		return "install " + e.Program + " at " + e.Place + " and see that it is in PATH there"
	}
	return "install " + e.Program + " and see that it is in PATH"
}

// ExitCode is the code for a missing prerequisite.
func (e *NotFound) ExitCode() int { return 4 }

// Sentinel is a cause that callers can test for with errors.Is.
type Sentinel string

func (s Sentinel) Error() string { return string(s) }

const (
	// ErrCutShort says that a Stream was closed before its end.
	ErrCutShort = Sentinel("its output was not read to the end")
	// ErrUnread says that a program ended well without reading all its input.
	ErrUnread = Sentinel("it ended before it had read all its input")
	// ErrHeld says that a program ended but one that it started still holds its
	// output open, so that the end of the output cannot be seen.
	ErrHeld = Sentinel("a program that it left behind holds its output open")
	// ErrTooLong says that Text got more than it keeps.
	ErrTooLong = Sentinel("its output is longer than 64 MiB")
	// ErrPlanning says that a changing stream was asked for while planning.
	ErrPlanning = Sentinel("it changes something and this is a plan")
)

// lastLine is the last line of stderr that says what went wrong. Lines that only
// comment on the one before (psql indents them), and a leading name of the
// program, are left out.
func lastLine(stderr, program string) string {
	colours := regexp.MustCompile(`\x1b\[[0-9;?]*[ -/]*[@-~]`)
	lines := strings.Split(colours.ReplaceAllString(stderr, ""), "\n")
	found := ""
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(strings.Map(printable, lines[i]))
		if !strings.ContainsFunc(line, isWordRune) {
			continue
		}
		if found == "" {
			found = line
		}
		if !comments(strings.TrimPrefix(line, program+": ")) && !strings.HasPrefix(lines[i], "\t") {
			found = line
			break
		}
	}
	found = strings.TrimPrefix(found, program+": ")
	if runes := []rune(found); len(runes) > 300 {
		found = string(runes[:300]) + "…"
	}
	return found
}

// comments reports whether a line only adds to the error before it.
func comments(line string) bool {
	for _, start := range []string{"detail:", "hint:", "context:", "statement:", "query was", "try '", "try \"", "line ", "see "} {
		if len(line) >= len(start) && strings.EqualFold(line[:len(start)], start) {
			return true
		}
	}
	return false
}

func printable(r rune) rune {
	if r == '\t' {
		return ' '
	}
	if r < ' ' || r == 0x7f {
		return -1
	}
	return r
}

func isWordRune(r rune) bool {
	return r == '_' || r > 0x7f || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// Reason is why a program failed, in one line: the first one of what it said, else
// of the error. Empty for nil.
func Reason(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var failed *Error
	if errors.As(err, &failed) && strings.TrimSpace(failed.Stderr) != "" {
		text = strings.TrimSpace(failed.Stderr)
	}
	line, _, _ := strings.Cut(text, "\n")
	return line
}
