package compat

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/command"
)

//go:embed probe/*.py
var probes embed.FS

// answerLimit is more than any probe has to say.
const answerLimit = 64 << 20

// probe is a script for the interpreter: its parts, in order.
type probe string

const (
	factsProbe   probe = "facts"
	declareProbe probe = "vendored declare"
	judgeProbe   probe = "vendored judge"
	loadProbe    probe = "load"
	scanProbe    probe = "scan"
)

func (p probe) file() string { return strings.ReplaceAll(string(p), " ", "-") + ".py" }

// lay writes the probes into the scratch directory: in an argument list they
// would fill the journal.
func lay(scratch string) error {
	for _, p := range []probe{factsProbe, declareProbe, judgeProbe, loadProbe, scanProbe} {
		var text bytes.Buffer
		for _, part := range append([]string{"channel"}, strings.Fields(string(p))...) {
			one, err := fs.ReadFile(probes, "probe/"+part+".py")
			if err != nil {
				return err
			}
			text.Write(one)
		}
		if err := os.WriteFile(filepath.Join(scratch, p.file()), text.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// line is what any probe says between its answers.
type line struct {
	Begin *string `json:"begin"` // what it begins with
	Done  bool    `json:"done"`  // it came to its end
}

// ask runs a probe and gives its answers, also those before a failure. begun is
// what it was at when it ended before its time.
func ask[T any](ctx context.Context, r *run, s *side, p probe, question any, limit time.Duration) (answers []T, begun string, err error) {
	text, err := json.Marshal(question)
	if err != nil {
		return nil, "", err
	}
	// No bytecode is written, but what is there is read: compiling Django anew for
	// every process would take longer than all else.
	c := command.Read(s.program, "-I", "-B", "-X", "faulthandler", filepath.Join(r.scratch, p.file()))
	c.Stdin, c.Timeout = bytes.NewReader(text), limit
	c.Dir, c.As, c.Env = s.home, s.as, s.env()
	stream, err := r.Door.Stream(ctx, c)
	if err != nil {
		return nil, "", err
	}
	said, read := io.ReadAll(io.LimitReader(stream, answerLimit))
	closed := stream.Close()
	ended := false
	for one := range bytes.Lines(said) {
		var l line
		if json.Unmarshal(one, &l) != nil {
			break // cut in the middle
		}
		switch {
		case l.Done:
			ended = true
		case l.Begin != nil:
			begun = *l.Begin
		default:
			var answer T
			if err := json.Unmarshal(one, &answer); err != nil {
				return answers, begun, fmt.Errorf("read answer of %s: %w", s.program, err)
			}
			answers, begun = append(answers, answer), ""
		}
	}
	switch {
	case ended: // what a module leaves behind is nothing to us
		return answers, "", nil
	case ctx.Err() != nil:
		return answers, begun, command.Stopped(ctx)
	case closed != nil:
		return answers, begun, closed
	case read != nil:
		return answers, begun, read
	}
	return answers, begun, errQuit
}

// errQuit says that foreign code ended the process.
const errQuit = command.Sentinel("it ended its process")

// ending sorts how a process ended before its time.
func ending(err error) (state, text string) {
	var failed *command.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return hung, err.Error()
	case errors.As(err, &failed) && failed.Signal != "":
		return crashed, "ended by " + failed.Signal + trace(failed.Stderr)
	case errors.As(err, &failed) && failed.Exit > 0:
		return quit, fmt.Sprintf("it ended its process with exit %d", failed.Exit) + trace(failed.Stderr)
	}
	return quit, err.Error()
}

// trace is the end of what was said on standard error.
func trace(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if lines[0] == "" {
		return ""
	}
	return "\n" + strings.Join(lines[max(0, len(lines)-12):], "\n")
}
