package bundle

import (
	"bufio"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/redact"
)

// logLines is how much of a container's log is taken.
const logLines = 5000

// here looks at this machine.
const here = `
part() { echo "## $*"; "$@" 2>&1 | tail -n 200; }
part uname -a
part cat /etc/os-release
part docker version
part docker compose version
part devcontainer --version
part node --version
part git --version
part df -h
part df -i
part free -m
part cat /proc/loadavg
part sysctl net.ipv4.ip_forward fs.inotify.max_user_watches fs.inotify.max_user_instances fs.file-max
part ip -brief address
part ip route
part ss -ltnp
part sh -c 'dmesg 2>/dev/null | grep -iE "oom|killed process|i/o error|ext4|docker" | tail -n 40'
`

// inside looks at the container.
const inside = `
part() { echo "## $*"; "$@" 2>&1 | tail -n 200; }
part cat /etc/os-release
part id
part env
part cat /proc/mounts
part df -h
part cat /etc/resolv.conf
part cat /etc/hosts
part cat /proc/net/tcp
part ps -ef
part cat /proc/1/limits
for f in $(find / -xdev -path '*-server*' -name '*.log' -size -4096k 2>/dev/null | head -n 20); do part cat "$f"; done
`

// parts are all places of a bundle that have to be asked for.
func parts(s *scene.Scene) []part {
	script := func(name, text string, ask func(context.Context, string) (string, error)) part {
		return part{name, func(ctx context.Context) (string, error) { return ask(ctx, text) }}
	}
	asked := func(name string, args ...string) part {
		return part{name, func(ctx context.Context) (string, error) { return s.Text(ctx, args...) }}
	}
	all := []part{
		script("machine.txt", here, func(ctx context.Context, text string) (string, error) { return s.HereText(ctx, text) }),
		script("inside.txt", inside, func(ctx context.Context, text string) (string, error) { return s.InsideText(ctx, text) }),
		asked("engine/info.json", "info", "--format", "{{json .}}"),
		asked("engine/containers.txt", "ps", "--all", "--no-trunc"),
		asked("engine/images.txt", "images"),
		asked("engine/networks.txt", "network", "ls"),
		asked("engine/volumes.txt", "volume", "ls"),
		{"engine/events.json", func(ctx context.Context) (string, error) { return events(ctx, s) }},
		{"workspace/git.txt", func(ctx context.Context) (string, error) {
			return s.HereText(ctx, `cd "$1" && git log -1 --format='%H %cI' && git status --short | head -n 50`, s.Workspace)
		}},
	}
	containers, _ := s.Containers() // engine/info.json says why there are none
	for _, c := range containers {
		all = append(all,
			asked("containers/"+c.Name+"/inspect.json", "container", "inspect", c.ID),
			asked("containers/"+c.Name+"/top.txt", "top", c.ID),
			part{"containers/" + c.Name + "/log.txt", func(ctx context.Context) (string, error) { return s.Log(ctx, c, logLines) }})
	}
	for _, name := range files(s) {
		all = append(all, part{"workspace/" + name, func(context.Context) (string, error) {
			text, err := s.Read(name)
			return string(text), err
		}})
	}
	return all
}

func events(ctx context.Context, s *scene.Scene) (string, error) {
	of, err := s.Containers()
	if err != nil || len(of) == 0 {
		return "", err
	}
	all, err := s.Events(ctx, 24*time.Hour, of...)
	var b strings.Builder
	for _, e := range all {
		line, _ := json.Marshal(e)
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String(), err
}

// files are those of the workspace that say what the container is made of. Of
// .env files the redactor leaves the names.
func files(s *scene.Scene) []string {
	patterns := []string{
		".devcontainer.json", ".devcontainer/*", ".devcontainer/*/devcontainer.json", "*ompose*.y*ml", "Dockerfile*", ".dockerignore", ".env*", ".gitattributes",
	}
	settings, _ := s.Settings() // a broken file is in the bundle as it is
	if config, err := s.ConfigPath(); err == nil && config != "" {
		for _, name := range append(settings.ComposeFiles, settings.Dockerfile) {
			patterns = append(patterns, path.Join(path.Dir(config), name))
		}
	}
	root := os.DirFS(s.Workspace)
	var all []string
	for _, pattern := range patterns {
		some, _ := fs.Glob(root, pattern) // a name with odd characters is no pattern, and passed over
		for _, name := range some {
			if info, err := fs.Stat(root, name); err == nil && info.Mode().IsRegular() && info.Size() < most && !keyFile(name) {
				all = append(all, name)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// keyFile says whether a file is a key by its name: those are never packed.
func keyFile(name string) bool {
	base := path.Base(name)
	return slices.Contains([]string{".pem", ".key", ".p12", ".pfx", ".jks", ".kdbx"}, path.Ext(base)) || strings.HasPrefix(base, "id_")
}

// learn takes what containers, .env files and this process keep in variables.
func learn(s *scene.Scene, r *redact.Redactor) {
	take := func(line string) {
		name, value, is := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		if is && !strings.HasPrefix(name, "#") {
			r.Learn(strings.TrimSpace(name), value)
		}
	}
	for _, line := range s.Environ {
		take(line)
	}
	containers, _ := s.Containers() // none: nothing to learn
	for _, c := range containers {
		for _, line := range c.Config.Env {
			take(line)
		}
	}
	settings, _ := s.Settings()
	for _, some := range []map[string]string{settings.ContainerEnv, settings.RemoteEnv, settings.BuildArgs} {
		for name, value := range some {
			r.Learn(name, value)
		}
	}
	for _, name := range envFiles(s) {
		file, err := os.Open(filepath.Join(s.Workspace, name))
		if err != nil {
			continue // it is not packed either
		}
		for lines := bufio.NewScanner(file); lines.Scan(); {
			take(lines.Text())
		}
		_ = file.Close()
	}
}

// envFiles are the .env files of the workspace, two folders deep.
func envFiles(s *scene.Scene) []string {
	root := os.DirFS(s.Workspace)
	var all []string
	for _, pattern := range []string{"*.env", ".env*", "*/.env*", "*/*.env", ".devcontainer/*env*", "*/*/.env*"} {
		some, _ := fs.Glob(root, pattern) // the pattern is well-formed
		all = append(all, some...)
	}
	return all
}
