package compat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// smokeCommand is one that the project is tried with.
type smokeCommand struct {
	line  string
	env   []string
	words []string
	ours  bool // found here: it is known to change nothing
}

// ended is how a command went on one side.
type ended struct {
	state string
	cell  string
	text  string
}

// commands reads the configured commands, or finds those that are safe.
func (c *Checker) commands() ([]smokeCommand, error) {
	var all []smokeCommand
	for _, line := range c.Smoke {
		one := smokeCommand{line: line}
		var err error
		if one.words, err = words(line); err != nil {
			return nil, err
		}
		for len(one.words) > 0 && regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*=`).MatchString(one.words[0]) {
			one.env, one.words = append(one.env, one.words[0]), one.words[1:]
		}
		if len(one.words) == 0 {
			return nil, fault.New(fault.Usage, "name a program behind it", fmt.Errorf("read command %q: it sets variables and runs nothing", line))
		}
		all = append(all, one)
	}
	if len(c.Smoke) > 0 {
		return all, nil
	}
	if info, err := os.Stat(filepath.Join(c.Project, "manage.py")); err == nil && info.Mode().IsRegular() {
		all = append(all, smokeCommand{line: "python manage.py check", words: []string{"python", "manage.py", "check"}, ours: true})
	}
	return append(all, smokeCommand{line: "python -m pip check", words: []string{"python", "-m", "pip", "check"}, ours: true}), nil
}

// smoke runs the commands, one at a time: they may share a database or a port.
func (r *run) smoke(ctx context.Context, all []smokeCommand) error {
	for _, one := range all {
		if one.ours && slices.Contains(one.words, "pip") && r.new.names["pip"] == nil {
			continue
		}
		if r.Door.Planning() && !one.ours {
			c, err := r.command(r.new, one)
			if err != nil {
				return err
			}
			if err := r.Door.Run(ctx, c); err != nil {
				return err
			}
			continue
		}
		before := ended{cell: "?"}
		if r.old.compares() {
			before = r.try(ctx, r.old, one)
		}
		after := r.try(ctx, r.new, one)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.judgeSmoke(one, before, after)
	}
	return nil
}

// try runs a command and keeps the end of what it says.
func (r *run) try(ctx context.Context, s *side, one smokeCommand) ended {
	c, err := r.command(s, one)
	if err != nil {
		return ended{failed, "cannot run", err.Error()}
	}
	stream, err := r.Door.Stream(ctx, c)
	if err != nil {
		return ended{failed, "cannot run", err.Error()}
	}
	var last tail
	_, read := io.Copy(&last, stream)
	err = stream.Close()
	if err == nil {
		err = read
	}
	var wrong *command.Error
	text := strings.TrimSpace(last.String() + "\n" + stream.Stderr())
	switch {
	case err == nil, errors.Is(err, command.ErrHeld):
		return ended{good, "ok", text}
	case errors.Is(err, context.DeadlineExceeded):
		return ended{hung, "does not end", text}
	case errors.As(err, &wrong) && wrong.Signal != "":
		return ended{crashed, wrong.Signal, text}
	case errors.As(err, &wrong) && wrong.Exit > 128 && wrong.Exit < 160: // a shell's word for a signal
		return ended{crashed, fmt.Sprintf("exit %d", wrong.Exit), text}
	case errors.As(err, &wrong) && wrong.Exit > 0:
		return ended{failed, fmt.Sprintf("exit %d", wrong.Exit), text}
	}
	return ended{failed, "cannot run", strings.TrimSpace(err.Error() + "\n" + text)}
}

func (r *run) judgeSmoke(one smokeCommand, was, now ended) {
	verdict, level := judge(was.state, now.state)
	r.report.row(Row{Kind: "smoke", Name: one.line, Old: was.cell, New: now.cell, Verdict: verdict, Level: level})
	if now.state == good {
		return
	}
	f := Finding{Code: "CP-RUN-001", Level: level, Verdict: verdict, Title: one.line + ": " + now.cell,
		Evidence: now.text + before(verdict), Cause: "the first error above names it; what imports above have failed is the likely reason",
		Fix: "(cd " + quoted(r.Project) + " && PATH=" + quoted(filepath.Dir(r.new.program)) + ":$PATH " + one.line + ") shows all of it"}
	switch now.state {
	case hung:
		f.Code, f.Title = "CP-RUN-002", one.line+" does not end"
		f.Cause = "it was stopped at its time; it waits for something, or needs longer"
	case crashed:
		f.Code, f.Cause = "CP-RUN-003", "a compiled module crashed: the trace above names the line that called it"
	}
	r.report.add(f)
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

const tailKept = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if len(t.kept) > 2*tailKept {
		t.kept = append([]byte(nil), t.kept[len(t.kept)-tailKept:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	text := bytes.ToValidUTF8(t.kept[max(0, len(t.kept)-tailKept):], []byte("?"))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-25):], "\n")
}
