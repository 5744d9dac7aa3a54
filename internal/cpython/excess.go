package cpython

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/venv"
	"iact-infra/internal/procedure"
)

// removal is an interpreter that goes, and how it would come back.
type removal struct {
	Version string            `json:"version"`
	Prefix  string            `json:"prefix"`
	Cached  string            `json:"cached"` // its build in the cache
	Links   map[string]string `json:"links,omitempty"`
}

// excess is what step 10 removes.
type excess struct {
	interpreters []removal
	trees        []*build.Build // that were built in, and are not needed any more
	ways         []venv.Moved   // back to environments that were replaced long ago
	stay         []string       // interpreters beyond the newest ones that are needed, with the reason
}

func (e excess) none() bool { return len(e.interpreters)+len(e.trees)+len(e.ways) == 0 }

// excess looks for what nobody needs.
func (r *Room) excess(ctx context.Context, w *procedure.Work) (e excess, err error) {
	c, err := r.o.Config()
	if err != nil {
		return e, err
	}
	if e.interpreters, e.stay, err = r.oldInterpreters(ctx, w, c); err != nil {
		return e, err
	}
	if e.trees, err = r.oldTrees(w, c); err != nil {
		return e, err
	}
	envs, err := environments(ctx, c)
	if err != nil {
		return e, err
	}
	for _, env := range envs {
		kept, err := venv.Kept(env.Dir)
		if err != nil {
			return e, err
		}
		if len(kept) > c.CPython.Keep {
			e.ways = append(e.ways, kept[c.CPython.Keep:]...)
		}
	}
	return e, nil
}

// oldInterpreters are those beyond the newest ones that nobody needs. The others
// come as lines that say who needs them. The whole machine is searched for
// environments last, and only when nothing nearer keeps an interpreter.
func (r *Room) oldInterpreters(ctx context.Context, w *procedure.Work, c *config.Config) (old []removal, stay []string, err error) {
	all, err := installedIn(c)
	if err != nil || len(all) <= c.CPython.Keep {
		return nil, nil, err
	}
	cached, err := r.cached(ctx, w, c)
	if err != nil {
		return nil, nil, err
	}
	needed, err := r.needed(ctx, c, cached)
	if err != nil {
		return nil, nil, err
	}
	var users func(Interpreter) string
	for _, one := range all[c.CPython.Keep:] {
		why := needed(one)
		if why == "" && users == nil {
			if users, err = r.users(ctx, c, r.anywhere()...); err != nil {
				return nil, nil, err
			}
		}
		if why == "" {
			why = users(one)
		}
		if why != "" {
			stay = append(stay, fmt.Sprintf("python %s stays: %s", one.Version, why))
			continue
		}
		links, err := leadingTo(c.CPython.Prefix, filepath.Base(one.Prefix))
		if err != nil {
			return nil, nil, err
		}
		old = append(old, removal{Version: one.Version, Prefix: one.Prefix, Cached: cached[one.Prefix], Links: links})
	}
	return old, stay, nil
}

// needed tells why an interpreter is needed, as far as that is quickly seen; ""
// is no reason.
func (r *Room) needed(ctx context.Context, c *config.Config, cached map[string]string) (func(Interpreter) string, error) {
	asked, err := r.version(c)
	if err != nil {
		return nil, err
	}
	users, err := r.users(ctx, c)
	before, _ := before(c.CPython.Prefix) // an error: there is no way back that would be cut
	return func(one Interpreter) string {
		switch {
		case one.Current:
			return "it is in use"
		case one.Version == asked.String():
			return "it is the one that is asked for"
		case before[current] == filepath.Base(one.Prefix):
			return "cpython:rollback goes to it"
		case one.Running != 0:
			return fmt.Sprintf("process %d runs from it", one.Running)
		case cached[one.Prefix] == "":
			return "the cache has no build of it to bring it back; rm -r " + one.Prefix + " removes it for good"
		}
		return users(one)
	}, err
}

// users tells which environment stands on an interpreter, or is kept for a way
// back, of those of the project and below further directories; "" is none. One
// that was made through a link stands on the version that it names, wherever the
// link leads now.
func (r *Room) users(ctx context.Context, c *config.Config, further ...string) (func(Interpreter) string, error) {
	envs, err := venv.Find(ctx, append([]string{c.Project}, further...), c.CPython.Venvs)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for _, env := range envs {
		versions[env.Version] = env.Dir
		kept, err := venv.Kept(env.Dir)
		if err != nil {
			return nil, err
		}
		for _, way := range kept {
			versions[way.From] = way.Old
		}
	}
	dirs, err := venv.Users(envs)
	return func(one Interpreter) string {
		user := versions[one.Version]
		for path, envs := range dirs {
			if strings.HasPrefix(path, one.Prefix+"/") {
				user = envs[0]
			}
		}
		if user == "" {
			return ""
		}
		return "the environment " + user + " stands on it"
	}, err
}

// anywhere is where an environment may be.
func (r *Room) anywhere() []string {
	if r.o.Machine != nil {
		return r.o.Machine
	}
	return machine()
}

// machine is where an environment may be: everywhere but where the kernel shows
// itself.
func machine() []string {
	var roots []string
	all, _ := os.ReadDir("/") // what cannot be read holds nothing that could be found
	for _, one := range all {
		if one.IsDir() && !slices.Contains([]string{"proc", "sys", "dev", "run"}, one.Name()) {
			roots = append(roots, "/"+one.Name())
		}
	}
	return roots
}

// cached are the builds in the cache by their prefixes.
func (r *Room) cached(ctx context.Context, w *procedure.Work, c *config.Config) (map[string]string, error) {
	entries, err := r.cache(c, w.Door).List(ctx)
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, e := range slices.Backward(entries) { // the newest counts
		if e.Problem == nil {
			ids[e.Prefix] = e.ID
		}
	}
	return ids, nil
}

// leadingTo are the links that lead to an interpreter.
func leadingTo(dir, name string) (map[string]string, error) {
	all, err := filepath.Glob(filepath.Join(dir, current+"*"))
	if err != nil {
		return nil, err
	}
	links := map[string]string{}
	for _, path := range all {
		if to, err := os.Readlink(path); err == nil && to == name {
			links[filepath.Base(path)] = to
		}
	}
	return links, nil
}

// oldTrees are the trees of versions that are installed: they hold a gigabyte,
// and are made again if need be.
func (r *Room) oldTrees(w *procedure.Work, c *config.Config) ([]*build.Build, error) {
	all, err := filepath.Glob(filepath.Join(c.CPython.Work, "build", "*", "source"))
	if err != nil {
		return nil, err
	}
	var old []*build.Build
	for _, source := range all {
		dir := filepath.Dir(source)
		b := r.describe(w, c, filepath.Base(dir))
		if there, err := b.Installed(); err == nil && there {
			old = append(old, b)
		}
	}
	return old, nil
}
