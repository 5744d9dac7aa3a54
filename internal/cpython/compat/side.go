package compat

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
)

// side is one environment while it is being checked.
type side struct {
	Side
	program  string // "": there is none
	home     string // a directory of its own, in the scratch directory
	as       string // the user to run as; "" is this one
	facts    *facts // nil: it does not answer
	packaged bool   // packages belong to the project: it is an environment
	names    map[string]*distribution
}

// facts are what an interpreter says about itself.
type facts struct {
	Version        string          `json:"version"`
	Info           []int           `json:"info"`
	Implementation string          `json:"implementation"`
	Executable     string          `json:"executable"`
	Prefix         string          `json:"prefix"`
	Suffixes       []string        `json:"suffixes"`
	SOABI          string          `json:"soabi"`
	Debug          bool            `json:"debug"`
	FreeThreaded   bool            `json:"free_threaded"`
	Sites          []string        `json:"sites"`
	Stdlib         []string        `json:"stdlib"`
	Distributions  []*distribution `json:"distributions"`
}

// distribution is one that is installed.
type distribution struct {
	Name           string   `json:"name"`
	Version        string   `json:"version"`
	Home           string   `json:"home"`
	Modules        []string `json:"modules"`
	URL            string   `json:"url"`
	RequiresPython string   `json:"requires_python"`
	Extensions     []string `json:"extensions"`
}

func (s *side) known() bool { return s.facts != nil }

// compares says whether its packages can be compared.
func (s *side) compares() bool { return s.known() && s.packaged }

// open prepares both sides. The old one may be gone.
func (r *run) open(_ context.Context, old, new Side) error { //nolint:revive // the words of the matter
	if err := os.Chmod(r.scratch, 0o755); err != nil { // the owner of an environment comes in, too
		return err
	}
	if err := lay(r.scratch); err != nil {
		return err
	}
	var err error
	if r.old, err = r.side(old, "old"); err != nil {
		return err
	}
	r.new, err = r.side(new, "new")
	return err
}

func (r *run) side(given Side, name string) (*side, error) {
	s := &side{Side: given, program: given.Program, home: filepath.Join(r.scratch, name)}
	if err := os.Mkdir(s.home, 0o700); err != nil {
		return nil, err
	}
	if given.Env == "" {
		return s, nil
	}
	s.program = filepath.Join(given.Env, "bin", "python")
	info, err := os.Stat(given.Env)
	if errors.Is(err, fs.ErrNotExist) {
		s.program = ""
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	s.packaged = true
	// Root runs foreign code as the one whom it belongs to.
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || stat.Uid == 0 {
		return s, nil
	}
	who, err := user.LookupId(strconv.Itoa(int(stat.Uid)))
	if err != nil {
		return nil, fmt.Errorf("find the owner of %s: %w", given.Env, err)
	}
	s.as = who.Username
	return s, os.Chown(s.home, int(stat.Uid), int(stat.Gid))
}

// chownLike gives a directory to the user whom the side runs as.
func chownLike(s *side, dir string) error {
	if s.as == "" {
		return nil
	}
	info, err := os.Stat(s.home)
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return os.Chown(dir, int(stat.Uid), int(stat.Gid))
}

// env keeps this process's Python, and the user's files, out of it.
func (s *side) env() []string {
	return []string{
		"PYTHONHOME=", "PYTHONPATH=", "PYTHONSTARTUP=", "PYTHONWARNINGS=", "PYTHONNOUSERSITE=1", "PYTHONDONTWRITEBYTECODE=1",
		"HOME=" + s.home, "XDG_CACHE_HOME=" + s.home, "XDG_CONFIG_HOME=" + s.home, "TMPDIR=" + s.home,
	}
}

// facts asks both interpreters what they are.
func (r *run) facts(ctx context.Context) error {
	var group errgroup.Group
	for s, to := range map[*side]*Interpreter{r.old: &r.report.Old, r.new: &r.report.New} {
		group.Go(func() error {
			*to = Interpreter{Name: s.Name, Env: s.Env}
			why := r.meet(ctx, s)
			if s.known() {
				to.Version = s.facts.Version
			}
			to.Name = first(s.Name, to.Version)
			if why != nil && ctx.Err() != nil {
				return why
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	switch {
	case !r.new.known():
		r.report.add(Finding{Code: "CP-ENV-001", Level: Fail, Verdict: New, Title: "the new interpreter does not start",
			Evidence: r.reason(ctx, r.new), Cause: "the environment was not rebuilt, or its interpreter is gone",
			Fix: "cpython:venvs rebuilds the environment"})
	case r.old.program != "" && !r.old.known():
		r.report.add(Finding{Code: "CP-ENV-002", Level: Warn, Verdict: New, Title: "the old interpreter does not start: nothing can be compared with it",
			Evidence: r.reason(ctx, r.old), Cause: "the interpreter that it was made with is gone",
			Fix: "nothing: what the new one does is judged by itself"})
	}
	return nil
}

func (r *run) meet(ctx context.Context, s *side) error {
	if s.program == "" {
		return nil
	}
	answers, _, err := ask[*facts](ctx, r, s, factsProbe, struct{}{}, r.limit())
	if err != nil {
		return err
	}
	if len(answers) == 1 {
		s.facts = answers[0]
		s.names = map[string]*distribution{}
		for _, d := range s.facts.Distributions {
			s.names[normal(d.Name)] = d
		}
	}
	return nil
}

// reason asks again why an interpreter does not start.
func (r *run) reason(ctx context.Context, s *side) string {
	if s.program == "" {
		return first(s.Env, "no interpreter") + " is not there"
	}
	c := command.Read(s.program, "-I", "-B", "-c", "import encodings, json, fcntl, importlib.metadata, sysconfig")
	c.Env, c.As, c.Dir, c.Timeout = s.env(), s.as, s.home, r.limit()
	if err := r.Door.Run(ctx, c); err != nil {
		return err.Error()
	}
	return s.program + " gives no answer: it has to be CPython 3.8 or newer"
}

func (r *run) limit() time.Duration {
	if r.Timeout > 0 {
		return r.Timeout
	}
	return time.Minute
}

// first is the first that says something.
func first(all ...string) string {
	for _, one := range all {
		if one != "" {
			return one
		}
	}
	return ""
}
