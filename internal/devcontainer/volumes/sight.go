package volumes

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"iact-infra/internal/devcontainer/scene"
)

// sight is looked at once, by the first check that comes; the others wait.
type sight struct {
	once sync.Once
	seen *sightseen
	err  error
}

// sightseen is all that the checks of this group judge.
type sightseen struct {
	*scene.Scene
	wanted     []want
	unsure     error // why the Compose files say nothing
	here       bool  // the engine's paths are those of this machine
	local      bool  // and so are its users and its file numbers
	owner      int   // on this machine, of what the engine makes
	containers []*scene.Container
	main       *scene.Container
	volumes    []scene.Volume
	unlisted   error                  // why there are none
	plugins    []string               // drivers of volumes that the engine has loaded
	kernel     map[string][]mounted   // by the id of a container that runs
	inside     scene.Answers          // of the devcontainer, nil when nothing can be asked there
	databases  map[string]database    // by the id of a container
	host       map[string]*hostObject // the sources of mounts, by their path; only where here holds
}

// hostObject is a file of this machine. Nil stands for one that is not there.
type hostObject struct {
	os.FileInfo
	uid      int
	dev, ino uint64
	empty    bool // a folder without a name in it
}

// look asks for everything at once. A file system that does not answer costs the
// check its limit, and no more.
func (l *sight) look(ctx context.Context, s *scene.Scene) (*sightseen, error) {
	l.once.Do(func() {
		seen, done := &sightseen{Scene: s, kernel: map[string][]mounted{}, databases: map[string]database{}, host: map[string]*hostObject{}}, make(chan error, 1)
		go func() { done <- seen.fill(ctx) }()
		select {
		case l.err = <-done:
			l.seen = seen
		case <-ctx.Done():
			l.err = ctx.Err()
		}
	})
	return l.seen, l.err
}

func (s *sightseen) fill(ctx context.Context) error {
	engine, err := s.Engine()
	if err != nil {
		return err
	}
	s.here, s.local = engine.Local || engine.Desktop, engine.Local
	if engine.Rootless {
		s.owner = os.Geteuid()
	}
	s.plugins = loaded(engine)
	var asked sync.WaitGroup
	asked.Go(func() { s.wanted, s.unsure = wants(s.Scene) })
	asked.Go(func() { s.volumes, s.unlisted = s.Volumes() })
	asked.Go(func() {
		if s.containers, err = s.Containers(); err == nil {
			s.main, err = s.Main()
		}
		if s.main != nil && s.main.State.Running && !s.main.State.Paused {
			s.inside, _ = s.In(ctx, s.main, "", script, s.targets()...) // no shell: the kernel may tell
		}
	})
	asked.Wait()
	if err != nil {
		return err
	}
	for _, c := range s.containers {
		s.kernel[c.ID] = s.mountinfo(c)
		for _, m := range c.Mounts {
			s.remember(m.Source)
		}
	}
	for _, w := range s.wanted {
		s.remember(w.Source)
	}
	used := s.used()
	for _, v := range s.volumes {
		if used[v.Name] != nil {
			s.remember(v.Mountpoint)
		}
	}
	s.servers(ctx)
	return nil
}

// script says what the devcontainer sees: of each path that is named whether it
// is a folder, and whether that is empty.
const script = `
echo "== mounts"; cat /proc/self/mountinfo
echo "== paths"
for p in "$@"; do
	if [ -d "$p" ]; then
		if [ -n "$(ls -A "$p" 2>/dev/null | head -n 1)" ]; then echo "full $p"; else echo "empty $p"; fi
	elif [ -e "$p" ]; then echo "file $p"; else echo "none $p"; fi
done
echo "== identity"
for p in "$@"; do stat -L -c '%d %i %s %Y %n' "$p" 2>/dev/null; done
`

// targets are the paths to look at in the devcontainer.
func (s *sightseen) targets() []string {
	var all []string
	if folder, _ := s.Folder(s.main); folder != "" {
		all = append(all, folder)
	}
	for _, m := range s.main.Mounts {
		all = append(all, m.Destination)
	}
	return all
}

// path is what the script says of one: full, empty, file or none; "" when it says
// nothing.
func (s *sightseen) path(name string) string {
	for line := range strings.Lines(s.inside["paths"]) {
		if what, of, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); of == name {
			return what
		}
	}
	return ""
}

// remember looks at a source on this machine, where that means anything.
func (s *sightseen) remember(source string) {
	if _, done := s.host[source]; done || !s.here || !path.IsAbs(source) || strings.Contains(source, "${") {
		return
	}
	info, err := os.Stat(source)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			s.host[source] = nil
		}
		return
	}
	o := &hostObject{FileInfo: info, uid: -1}
	if known, ok := info.Sys().(*syscall.Stat_t); ok {
		o.uid, o.dev, o.ino = int(known.Uid), uint64(known.Dev), uint64(known.Ino)
	}
	if info.IsDir() {
		names, err := os.ReadDir(source)
		o.empty = err == nil && len(names) == 0
	}
	s.host[source] = o
}

// source is a source on this machine; not known when nobody could look.
func (s *sightseen) source(name string) (o *hostObject, known bool) {
	o, known = s.host[name]
	return o, known
}

// identity is what the devcontainer has at a path: device and file number, size
// and time.
type identity struct{ dev, ino, size, time uint64 }

func (s *sightseen) identity(name string) (identity, bool) {
	for line := range strings.Lines(s.inside["identity"]) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 5)
		if len(fields) < 5 || fields[4] != name {
			continue
		}
		var n [4]uint64
		for i := range n {
			var err error
			if n[i], err = strconv.ParseUint(fields[i], 10, 64); err != nil {
				return identity{}, false
			}
		}
		return identity{n[0], n[1], n[2], n[3]}, true
	}
	return identity{}, false
}
