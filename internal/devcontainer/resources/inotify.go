package resources

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Watching are what a user of the kernel watches: containers share it with the
// machine, and with one another.
type watching struct {
	uid                int
	watches, instances int64
	most               string // the process with the most watches
	mostWatches        int64
}

func watches(ctx context.Context, s *scene.Scene) []doctor.Finding {
	return ofMachine(s, func(m *scene.Machine) []doctor.Finding {
		if m.Watches == 0 {
			return doctor.Good("not told")
		}
		if os.Geteuid() != 0 {
			return doctor.Good("limit %d; who uses it only root may see", m.Watches)
		}
		inner, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return exhausted(countWatches(inner, os.DirFS("/")), m.Watches, m.Instances)
	})
}

// countWatches counts by user what is watched, by what the kernel tells of each
// open file. It ends with ctx; what it has until then counts.
func countWatches(ctx context.Context, root fs.FS) []watching {
	processes, _ := fs.ReadDir(root, "proc")
	byUser := map[int]*watching{}
	for _, p := range processes {
		if _, err := strconv.Atoi(p.Name()); err != nil {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		dir := path.Join("proc", p.Name())
		instances, count := watchesOf(root, dir)
		if instances == 0 {
			continue
		}
		uid, name := owner(root, dir)
		u := byUser[uid]
		if u == nil {
			u = &watching{uid: uid}
			byUser[uid] = u
		}
		u.instances, u.watches = u.instances+instances, u.watches+count
		if count >= u.mostWatches {
			u.most, u.mostWatches = fmt.Sprintf("%s (%s)", name, p.Name()), count
		}
	}
	all := make([]watching, 0, len(byUser))
	for _, u := range byUser {
		all = append(all, *u)
	}
	return all
}

// watchesOf counts the instances of a process and the watches in them.
func watchesOf(root fs.FS, dir string) (instances, count int64) {
	files, err := fs.ReadDir(root, path.Join(dir, "fd"))
	if err != nil {
		return 0, 0
	}
	for _, f := range files {
		if target, err := fs.ReadLink(root, path.Join(dir, "fd", f.Name())); err != nil || target != "anon_inode:inotify" {
			continue
		}
		text, _ := fs.ReadFile(root, path.Join(dir, "fdinfo", f.Name()))
		instances++
		count += int64(strings.Count(string(text), "inotify wd:"))
	}
	return instances, count
}

func owner(root fs.FS, dir string) (uid int, name string) {
	text, _ := fs.ReadFile(root, path.Join(dir, "status"))
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) > 1 && words[0] == "Name:" {
			name = words[1]
		}
		if len(words) > 1 && words[0] == "Uid:" {
			uid, _ = strconv.Atoi(words[1])
		}
	}
	return uid, name
}

// exhausted judges each user against the limits of the kernel.
func exhausted(all []watching, watches, instances int64) []doctor.Finding {
	var found []doctor.Finding
	top := watching{}
	for _, u := range all {
		if u.watches > top.watches {
			top = u
		}
		if f := short("max_user_watches", u.watches, watches, u, max(524288, 2*watches)); f.State != "" {
			found = append(found, f)
		}
		if f := short("max_user_instances", u.instances, instances, u, max(1024, 2*instances)); f.State != "" {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return doctor.Good("%d of %d watches", top.watches, watches)
	}
	return found
}

func short(key string, used, limit int64, u watching, want int64) doctor.Finding {
	f := doctor.Finding{
		Where:    "fs.inotify." + key,
		Evidence: fmt.Sprintf("user %d has %d of %d; the most: %s", u.uid, used, limit, u.most),
		Cause: doctor.Say("no quedan vigilancias de archivos para ese usuario: editores y servidores de desarrollo ya no ven los cambios (ENOSPC, EMFILE)",
			"that user has no watches for files left: editors and development servers no longer see changes (ENOSPC, EMFILE)"),
		Fix: fmt.Sprintf("sudo sysctl -w fs.inotify.%s=%d\n# for good: a line fs.inotify.%s=%d in /etc/sysctl.d/60-inotify.conf", key, want, key, want),
		Repair: &doctor.Repair{
			Safe: true,
			Do:   []string{fmt.Sprintf("sysctl -w fs.inotify.%s=%d", key, want)},
			Undo: []string{fmt.Sprintf("sysctl -w fs.inotify.%s=%d", key, limit)},
			Was:  "sysctl -n fs.inotify." + key,
		},
	}
	switch share := percent(used, limit); {
	case limit == 0 || share < 92:
		return doctor.Finding{}
	case share >= 99:
		f.State = doctor.Fail
	default:
		f.State = doctor.Warn
	}
	return f
}
