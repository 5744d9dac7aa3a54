// Package command is the one door to programs outside this process; nothing
// else imports os/exec.
//
// A Command says what to run and whether that reads or changes. A Transport
// knows where programs run; Local is this machine. A Door joins the two and adds
// the rules that hold for every program: a context and a timeout end the whole
// process group in order, standard output and standard error never mix, secrets
// are masked wherever a command is shown, a failure is an *Error that holds the
// argument list, the exit code and the end of standard error, and while planning
// a changing command is printed and not run.
//
// Small results come back as a *script.Pipe. Byte streams (dumps, archives) are
// read straight from the program's pipe, and a reader of one never sees io.EOF
// when the program failed.
package command

import (
	"errors"
	"io"
	"os"
	"strings"
	"time"
)

// Command is one program to run. The zero value of every field but Program is
// useful. Commands are values: copying one and changing the copy is safe.
type Command struct {
	Program string
	Args    []string
	// Env holds NAME=VALUE lines that are added to the environment.
	Env []string
	// Dir is the working directory; empty is the caller's own, or / when the
	// program runs as another user, who may not be allowed into the caller's.
	Dir string
	// As names the user to run as. Nothing is added when that is the current
	// user; root uses setpriv, anyone else sudo -n.
	As string
	// Changes says that the program changes something. Such a command is
	// printed instead of run while planning.
	Changes bool
	// Secrets are values that are masked wherever the command is shown.
	Secrets []string
	// Stdin is what the program reads; nil is an empty input. A file is handed
	// to the program itself.
	Stdin io.Reader
	// Stderr also gets what the program writes to standard error, as it comes and
	// unmasked. It is written to from another goroutine until the program has
	// ended; what it refuses is lost. Only Local() knows it.
	Stderr io.Writer
	// Timeout ends the program after that long; 0 leaves it to the context.
	Timeout time.Duration
	// Live says that what it writes is read while it runs: a stream of it is not
	// packed on a network, where a line would wait for others.
	Live bool

	// bulk says that the output is large: Door.Stream sets it.
	bulk bool
	// foreground says that the program has the terminal: Door.Interact sets it.
	foreground bool
}

// Read is a command that only looks.
func Read(program string, args ...string) Command {
	return Command{Program: program, Args: args}
}

// Change is a command that changes something.
func Change(program string, args ...string) Command {
	return Command{Program: program, Args: args, Changes: true}
}

// String is the command as a person would type it: quoted for a shell, with its
// directory, environment and user prefix, and with secrets as ***. What it shows
// is what runs, except for LC_ALL=C, which every program gets.
func (c Command) String() string { return c.shown(os.Geteuid()) }

// shown is String for a process that runs as uid.
func (c Command) shown(uid int) string {
	mask := newMask(c.Secrets)
	argv, env := c.prefixed(uid)
	words := make([]string, 0, len(env)+len(argv))
	for _, line := range env {
		name, value, _ := strings.Cut(line, "=")
		words = append(words, name+"="+quote(mask.hide(value)))
	}
	for i, word := range argv {
		word = quote(mask.hide(word))
		if i == 0 {
			word = quoteProgram(word)
		}
		words = append(words, word)
	}
	line := strings.Join(words, " ")
	if c.Dir != "" {
		return "(cd " + quote(mask.hide(c.Dir)) + " && " + line + ")"
	}
	return line
}

// check refuses what no transport could run.
func (c Command) check() error {
	if c.Program == "" {
		return errors.New("no program is named")
	}
	for _, line := range c.Env {
		if name, _, ok := strings.Cut(line, "="); !ok || !isName(name) {
			return errors.New("environment entry " + quote(newMask(c.Secrets).hide(name)) + " is not NAME=VALUE")
		}
	}
	return nil
}

func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
