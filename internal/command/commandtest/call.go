package commandtest

import (
	"io"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
)

const (
	// Any stands for one argument of any value in an expected call.
	Any = "\x00any"
	// Rest stands for all arguments that follow, or none.
	Rest = "\x00rest"
)

// Call is an expected command and what it answers. Build one with Expect and
// the methods below; each returns the same Call.
type Call struct {
	program string
	args    []string
	as      *string
	env     []string
	changes *bool

	stdout, stderr string
	exit           int
	signal         string
	delay          time.Duration
	blocks         bool
	reads          io.Writer

	least, most int // how often it must and may come
	came        int
}

// Expect is a call that must come exactly once and ends well without output.
func Expect(program string, args ...string) *Call {
	return &Call{program: program, args: args, least: 1, most: 1}
}

// As requires the user it runs as.
func (c *Call) As(user string) *Call { c.as = &user; return c }

// Env requires a NAME=VALUE line.
func (c *Call) Env(line string) *Call { c.env = append(c.env, line); return c }

// Changing requires a command that says it changes something.
func (c *Call) Changing() *Call { yes := true; c.changes = &yes; return c }

// Reading requires a command that says it only reads.
func (c *Call) Reading() *Call { no := false; c.changes = &no; return c }

// Prints is what it writes to standard output.
func (c *Call) Prints(s string) *Call { c.stdout = s; return c }

// Complains is what it writes to standard error.
func (c *Call) Complains(s string) *Call { c.stderr = s; return c }

// Exits is its exit code.
func (c *Call) Exits(code int) *Call { c.exit = code; return c }

// Dies ends it by a signal: "SIGKILL".
func (c *Call) Dies(signal string) *Call { c.exit, c.signal = -1, signal; return c }

// Takes makes it end only after d.
func (c *Call) Takes(d time.Duration) *Call { c.delay = d; return c }

// Blocks makes it end only with its context.
func (c *Call) Blocks() *Call { c.blocks = true; return c }

// Reads copies what it gets on standard input to w.
func (c *Call) Reads(w io.Writer) *Call { c.reads = w; return c }

// Times makes it come exactly n times.
func (c *Call) Times(n int) *Call { c.least, c.most = n, n; return c }

// AnyTimes lets it come as often as it likes, or never.
func (c *Call) AnyTimes() *Call { c.least, c.most = 0, int(^uint(0)>>1); return c }

// matches reports whether got is this call and there is one of it left.
func (c *Call) matches(got command.Command) bool {
	if c.came >= c.most || c.program != got.Program || !argsMatch(c.args, got.Args) {
		return false
	}
	for _, line := range c.env {
		if !slices.Contains(got.Env, line) {
			return false
		}
	}
	return (c.as == nil || *c.as == got.As) && (c.changes == nil || *c.changes == got.Changes)
}

func argsMatch(want, got []string) bool {
	for i, w := range want {
		switch {
		case w == Rest:
			return true
		case i >= len(got), w != Any && w != got[i]:
			return false
		}
	}
	return len(got) == len(want)
}

func (c *Call) String() string {
	line := command.Command{Program: c.program, Args: c.args}.String()
	return strings.NewReplacer("'"+Any+"'", "<any>", "'"+Rest+"'", "<rest>").Replace(line)
}
