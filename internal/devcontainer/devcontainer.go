// Package devcontainer is the room of procedure PROCED-INFRA-005: what is wrong
// with a devcontainer, why, and what to type.
//
// The procedure's steps 1 to 8 look, each at one side: they are tables of checks,
// in a folder each. devcontainer:doctor asks all of them at once and puts first
// what explains the rest. Nothing is changed by looking. steps.go is the
// procedure as a table.
package devcontainer

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/config"
	"iact-infra/internal/devcontainer/reset"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/symptom"
)

// Options are what the room takes from the house.
type Options struct {
	Config  func() (*config.Config, error) // asked by the first step that needs it
	Environ []string                       // of this process, as NAME=VALUE lines
	Now     func() time.Time
	Version string // of the toolkit
	// Patience is what all limits of a look are multiplied by; 0 is 1.
	Patience int
	// Docker are variables for the docker client, as NAME=VALUE lines; nil: this
	// process's own say which engine it is.
	Docker []string
	// In and Out are the terminal of a person, nil when there is none.
	In, Out *os.File
	Answers io.Reader // of that person; nil: they are typed at In
	// SaveVolumes backs volumes up, and RestoreVolumes brings them back: another
	// procedure's work. Nil: no volume is removed.
	SaveVolumes    func(ctx context.Context, w *procedure.Work, volumes []string) (set string, err error)
	RestoreVolumes func(ctx context.Context, w *procedure.Work, set string, volumes []string) error
	// Catalogue explains lines of logs; nil explains none.
	Catalogue func() (*symptom.Catalogue, error)
}

// Room runs the procedure. It lives as long as the process.
type Room struct {
	o Options

	mu     sync.Mutex
	pick   Selection
	picked bool
	made   bool // step 9 has made something in Docker
}

// New returns a room that has touched nothing yet.
func New(o Options) *Room { return &Room{o: o} }

// Selection is what a command line asks for.
type Selection struct {
	Workspace string // absolute; "" is that of the configuration
	Config    string // the devcontainer.json of several, from the workspace
	Strict    bool   // a warning fails, too
	All       bool   // shows what a root cause explains
	Yes       bool   // agrees to what loses something
	Symptom   string // a row of the matrix: its number, or words of it
	To        string // a file for the report: .md, .xml (JUnit) or .json
	Debug     Debugging
	Recover   Recovering
}

// Select says what the next targets are about. Another workspace is refused: a
// step runs once in an invocation, and would be passed over for the second one.
func (r *Room) Select(s Selection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.picked && s.Workspace != "" && s.Workspace != r.pick.Workspace {
		return fault.New(fault.Usage, "type the other workspace in a command of its own",
			fmt.Errorf("select workspace %s: the targets before it are about %s", s.Workspace, named(r.pick.Workspace)))
	}
	if r.picked {
		s.Workspace = r.pick.Workspace
		if s.Config == "" {
			s.Config = r.pick.Config
		}
	}
	r.pick, r.picked = s, true
	return nil
}

func named(workspace string) string {
	if workspace == "" {
		return "that of the configuration"
	}
	return workspace
}

// Asked is what a command line asked for, as procedure:resume needs it.
func Asked(args []string) Selection {
	var s Selection
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "-workspace":
			s.Workspace = value
		case "-config":
			s.Config = value
		case "-to":
			s.To = value
		case "-c":
			s.Debug.Command = value
		case "-level":
			s.Recover.Level = value
		case "-yes":
			s.Yes = value == "true"
		case "-trace":
			s.Debug.Trace = value
		}
	}
	return s
}

// scene is what the next checks look at, and what was asked for.
func (r *Room) scene(ctx context.Context, w *procedure.Work) (*scene.Scene, Selection, error) {
	r.mu.Lock()
	pick := r.pick
	r.mu.Unlock()
	c, err := r.o.Config()
	if err != nil {
		return nil, pick, err
	}
	pick.Debug, pick.Recover.Level = pick.Debug.filled(), cmp.Or(pick.Recover.Level, reset.Restart)
	if pick.Workspace == "" {
		pick.Workspace = cmp.Or(c.Devcontainer.Workspace, c.Project)
	}
	pick.Workspace = filepath.Clean(pick.Workspace)
	if inside, err := filepath.Rel(pick.Workspace, pick.Config); err == nil && filepath.IsAbs(pick.Config) {
		pick.Config = filepath.ToSlash(inside)
	}
	s := scene.New(ctx, scene.Options{
		Patience: r.o.Patience,
		Door:     w.Door, Workspace: pick.Workspace, Config: pick.Config, Docker: r.o.Docker, Environ: r.o.Environ, Now: r.o.Now,
		Reach: c.Devcontainer.Reach,
	})
	return s, pick, s.Check()
}
