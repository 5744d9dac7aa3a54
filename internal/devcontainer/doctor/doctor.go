// Package doctor runs checks and finds out which finding explains the others.
//
// A check looks at one thing and says what it saw, why that is, and what to type.
// All of them run at once, each with its own time limit, and none knows of the
// others. What belongs together is said by two means: a table of codes, of which
// one is the cause of the others (roots.go), and what a finding itself says that
// it explains. A daemon that does not answer hides whatever had to be asked of
// it; what is left stands in the order in which causes work: the engine, the
// machine, the configuration, the containers.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// Limit is the time that a check has when it names none.
const Limit = 4 * time.Second

// Check is one row of a table of checks.
type Check struct {
	Code  string // of its finding: DC-NET-003
	Title procedure.Text
	Limit time.Duration // 0: Limit
	// Look looks and changes nothing. It returns at least one finding. When the
	// context ends it returns; what it has found until then counts.
	Look func(context.Context, *scene.Scene) []Finding
}

// Row is a check as a line of a table.
func Row(code, es, en string, look func(context.Context, *scene.Scene) []Finding) Check {
	return Check{Code: code, Title: procedure.Text{ES: es, EN: en}, Look: look}
}

// Examine runs all checks at once. The findings stand in the order of the table.
func Examine(ctx context.Context, s *scene.Scene, checks []Check) []Finding {
	found := make([][]Finding, len(checks))
	var all errgroup.Group
	for i, c := range checks {
		all.Go(func() error {
			found[i] = c.look(ctx, s)
			return nil
		})
	}
	_ = all.Wait() // no check returns an error
	var flat []Finding
	for _, some := range found {
		flat = append(flat, some...)
	}
	return flat
}

// look is one check within its limit. A check that panics is a finding that
// could not be had: a doctor that falls ill helps nobody.
func (c Check) look(ctx context.Context, s *scene.Scene) (found []Finding) {
	limit := c.Limit
	if limit == 0 {
		limit = Limit
	}
	limit = s.Within(limit)
	inner, cancel := context.WithTimeoutCause(ctx, limit, errLate)
	defer cancel()
	began := time.Now()
	defer func() {
		if broken := recover(); broken != nil {
			found = Unseen(fmt.Errorf("the check itself broke: %v at %s; please report it", broken, place(debug.Stack())))
		}
		for i := range found {
			f := &found[i]
			if f.Code == "" {
				f.Code = c.Code
			}
			if f.Title.Empty() {
				f.Title = c.Title
			}
			if f.State == Unknown && errors.Is(context.Cause(inner), errLate) {
				f.Evidence = fmt.Sprintf("no answer within %v", limit)
			}
			f.Took = time.Since(began)
		}
	}()
	return c.Look(inner, s)
}

// errLate is why a check was ended.
const errLate = command.Sentinel("the check took too long")

// place is the line of this program at which a check broke.
func place(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+3 < len(lines) {
			file := strings.TrimSpace(lines[i+3])
			file, _, _ = strings.Cut(file, " +0x")
			return file[strings.LastIndex(file, "/")+1:]
		}
	}
	return "an unknown place"
}
