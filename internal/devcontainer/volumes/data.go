package volumes

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// database is a container that serves one.
type database struct {
	dir    string // where its data are
	serves bool   // its server runs, and said where it works
	gone   bool   // in a folder that was removed
	marked bool   // the file that every data folder has is there
	mark   string // the name of that file
}

// kinds are the servers that leave a mark in their data folder before they serve.
// They work in that folder, which the kernel shows.
func kinds() []struct{ name, dir, mark, programs string } {
	return []struct{ name, dir, mark, programs string }{
		{"postgres", "/var/lib/postgresql/data", "PG_VERSION", "postgres"},
		{"mariadb", "/var/lib/mysql", "ibdata1", "mariadbd|mysqld"},
		{"mysql", "/var/lib/mysql", "ibdata1", "mariadbd|mysqld"},
	}
}

// servers finds the databases among the workspace's containers, and asks those
// that run what their data folder has.
func (s *sightseen) servers(ctx context.Context) {
	var asked sync.WaitGroup
	var lock sync.Mutex
	for _, c := range s.containers {
		d, programs := kind(c)
		if d.dir == "" {
			continue
		}
		s.databases[c.ID] = d
		if !c.State.Running || c.State.Paused {
			continue
		}
		asked.Go(func() {
			said, err := s.In(ctx, c, "0", serving, programs, d.mark)
			if dir, marked, is := strings.Cut(said["serves"], "\n"); err == nil && is {
				d.dir, d.gone = strings.CutSuffix(dir, " (deleted)")
				d.serves, d.marked = true, strings.TrimSpace(marked) == "yes"
				lock.Lock()
				s.databases[c.ID] = d
				lock.Unlock()
			}
		})
	}
	asked.Wait()
}

// serving is where a server works, and whether its mark is there.
const serving = `
for p in /proc/[0-9]*; do
	read -r name <"$p/comm" 2>/dev/null || continue
	case "|$1|" in *"|$name|"*) ;; *) continue ;; esac
	dir=$(readlink "$p/cwd" 2>/dev/null) || continue
	echo "== serves"; echo "$dir"
	if [ -e "$p/cwd/$2" ]; then echo yes; else echo no; fi
	break
done
`

// kind says what a container serves, by its program and its image.
func kind(c *scene.Container) (d database, programs string) {
	// A client has such a name among its arguments, too, but further behind.
	words := append([]string{path.Base(c.Path), image(c.Config.Image)}, c.Args[:min(3, len(c.Args))]...)
	for _, k := range kinds() {
		if slices.ContainsFunc(words, func(w string) bool {
			return w == k.name || slices.Contains(strings.Split(k.programs, "|"), path.Base(w))
		}) {
			d = database{dir: k.dir, mark: k.mark}
			for _, line := range c.Config.Env {
				if dir, is := strings.CutPrefix(line, "PGDATA="); is && k.name == "postgres" {
					d.dir = dir
				}
			}
			return d, k.programs
		}
	}
	return d, ""
}

// image is the last part of an image's name, without its tag.
func image(name string) string {
	name, _, _ = strings.Cut(path.Base(name), "@")
	name, _, _ = strings.Cut(name, ":")
	return name
}

// data judges whether databases still have theirs. A young container has none
// yet: only a server that works without its files has lost them, and one that
// worked for long and whose volume is empty now.
func data(s *sightseen) []doctor.Finding {
	var found []doctor.Finding
	for _, c := range s.containers {
		d, is := s.databases[c.ID]
		if !is {
			continue
		}
		evidence := ""
		switch {
		case d.serves && d.gone:
			evidence = fmt.Sprintf("its server works in %s (deleted)", d.dir)
		case d.serves && !d.marked:
			evidence = fmt.Sprintf("its server works in %s, where %s is missing", d.dir, d.mark)
		case !c.State.Running && c.State.FinishedAt.Sub(c.State.StartedAt) > 30*time.Second:
			m := over(c, d.dir)
			if m == nil {
				continue
			}
			if o, known := s.source(m.Source); known && o != nil && o.IsDir() && o.empty {
				evidence = fmt.Sprintf("%s is empty, and the server had worked for %v", m.Source, c.State.FinishedAt.Sub(c.State.StartedAt).Round(time.Second))
			}
		}
		if evidence != "" {
			found = append(found, doctor.Finding{
				State: doctor.Fail, Where: c.Name, Evidence: evidence,
				Cause:    doctor.Say("los archivos de la base de datos se borraron por debajo del servidor", "the files of the database were removed behind the server's back"),
				Fix:      "# do not restart it before its data were saved: what it holds in memory may be all there is\ngo tool mage backup:list",
				Explains: []string{"DC-STA-002", "DC-STA-003", "DC-STA-005", "DC-STA-015", "DC-VOL-009"},
			})
		}
	}
	return verdict(found, "%d databases", len(s.databases))
}

// shared judges whether two servers that run have the same data folder.
func shared(s *sightseen) []doctor.Finding {
	everyone, err := s.Everyone()
	if err != nil {
		return doctor.Unseen(err)
	}
	owner := map[string]*scene.Container{}
	var found []doctor.Finding
	for _, c := range everyone {
		d, _ := kind(c)
		if d.dir == "" || !c.State.Running {
			continue
		}
		m := over(c, d.dir)
		if m == nil || !m.RW {
			continue
		}
		other := owner[m.Source]
		owner[m.Source] = c
		if other == nil || !slices.Contains(s.containers, c) && !slices.Contains(s.containers, other) {
			continue
		}
		found = append(found, doctor.Finding{
			State: doctor.Fail, Where: other.Name + ", " + c.Name, Evidence: fmt.Sprintf("both serve %s", m.Source),
			Cause: doctor.Say("dos servidores escriben los mismos archivos, y los estropean", "two servers write the same files, and spoil them"),
			Fix:   command.Read("docker", "stop", other.Name).String(), Explains: []string{"DC-STA-002", "DC-STA-003", "DC-STA-005"},
		})
	}
	return verdict(found, "none is shared")
}
