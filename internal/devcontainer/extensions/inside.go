package extensions

import (
	"context"
	"encoding/json"
	"path"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// facts are what is known of the editor's server in a container.
type facts struct {
	container *scene.Container
	settings  devjson.Settings
	config    string // path of devcontainer.json
	user      string

	home, uid, arch string
	writable        string // "yes", "no": whether a folder can be made in home
	libc, libcxx    string // "glibc 2.36", "musl"; 6.0.30, "" when there is none
	free, size      int64  // bytes of the disk that home is on
	interpreter     string // "yes" or "no"; "" when nothing was asked
	servers         []installation
}

// installation is the folder of one editor's servers.
type installation struct {
	path, owner string
	writable    bool
	readOnly    bool
	builds      []built
	install     string // end of the newest log of installing and starting
	installAge  int64  // seconds
	session     string // end of the newest session's logs
	sessionAge  int64
	hasSession  bool
	extensions  []string // ids, in small letters
	listed      bool     // extensions.json was there and could be read
}

// built is one server.
type built struct {
	path          string
	node, product bool
	age           int64
}

// whole says whether a server is complete.
func (b built) whole() bool { return b.node && b.product }

// script tells it all in one go, as the user whose server it is. It asks for
// nothing but a POSIX shell; a program that is missing leaves its part empty.
const script = `age() { echo $(( now - $(stat -c %Y "$1" 2>/dev/null || echo "$now") )); }
now=$(date +%s); h=${HOME:-/root}
echo "== home"; echo "$h"; echo "== uid"; id -u
echo "== arch"; uname -m
echo "== writable"; if [ -w "$h" ]; then echo yes; else echo no; fi
echo "== disk"; df -Pk "$h" 2>/dev/null | tail -n 1
echo "== libc"; getconf GNU_LIBC_VERSION 2>/dev/null || for f in /lib/ld-musl-*; do if [ -e "$f" ]; then echo musl; fi; done
if [ -z "$(getconf GNU_LIBC_VERSION 2>/dev/null)" ]; then for f in /lib/*/libc-2.*.so /lib64/libc-2.*.so /lib/libc-2.*.so; do
  if [ -e "$f" ]; then f=${f##*/libc-}; echo "glibc ${f%.so}"; fi; done; fi
echo "== libcxx"; for f in /usr/lib/*/libstdc++.so.6.0.* /usr/lib64/libstdc++.so.6.0.* /usr/lib/libstdc++.so.6.0.* /usr/local/lib*/libstdc++.so.6.0.*; do
  case $f in *.py) ;; *) if [ -e "$f" ]; then echo "${f##*.so.}"; fi;; esac; done
echo "== interpreter"; case $1 in "") ;; */*) if [ -x "$1" ]; then echo yes; else echo no; fi;; *) if command -v "$1" >/dev/null 2>&1; then echo yes; else echo no; fi;; esac
for d in "$h/.vscode-server" "$h/.vscode-server-insiders" "$h/.vscode-remote" "$h/.cursor-server" "$h/.windsurf-server"; do
  [ -e "$d" ] || continue
  echo "== server $d"; stat -c %U "$d" 2>/dev/null || echo '?'
  w=yes; for f in "$d" "$d/bin" "$d/data" "$d/extensions"; do if [ -e "$f" ] && [ ! -w "$f" ]; then w=no; fi; done; echo $w
  while read -r a m t o rest; do case $d/ in "${m%/}"/*) last=$o;; esac; done </proc/mounts; case $last in ro|ro,*) echo ro;; *) echo rw;; esac
  echo "== builds $d"
  for b in "$d"/bin/*/ "$d"/bin/linux-*/*/ "$d"/cli/servers/*/server/; do
    [ -d "$b" ] || continue; case $b in */bin/linux-*/*/|*/server/) ;; */bin/linux-*/|*/bin/multiplex-server/) continue;; esac
    n=no; if [ -s "$b/node" ]; then n=yes; fi; p=no; if [ -s "$b/product.json" ]; then p=yes; fi
    echo "$n $p $(age "$b") $b"; done
  newest=; for f in "$d"/.*.log "$d"/cli/servers/*/log.txt; do if [ -f "$f" ]; then if [ -z "$newest" ] || [ "$f" -nt "$newest" ]; then newest=$f; fi; fi; done
  echo "== install $d"; if [ -n "$newest" ]; then age "$newest"; tail -n 80 "$newest" | tail -c 12000; echo; fi
  newest=; for f in "$d"/data/logs/*/; do if [ -d "$f" ]; then newest=$f; fi; done
  echo "== session $d"; if [ -n "$newest" ]; then age "$newest"; for f in "$newest"remoteagent.log "$newest"exthost*/remoteexthost.log "$newest"exthost*/exthost.log; do
    if [ -f "$f" ]; then tail -n 120 "$f" | tail -c 12000; echo; fi; done; fi
  echo "== extensions $d"; if [ -r "$d/extensions/extensions.json" ]; then head -c 2000000 "$d/extensions/extensions.json"; echo; fi
done; :`

// judge makes a check of a rule about the facts, which are asked for once.
func judge(rule func(*facts) []doctor.Finding) func(context.Context, *scene.Scene) []doctor.Finding {
	return func(_ context.Context, s *scene.Scene) []doctor.Finding {
		f, err := scene.Remember(s, "extensions", inside)
		if err != nil {
			return doctor.Unseen(err)
		}
		if f == nil {
			return doctor.Good("no container runs")
		}
		return rule(f)
	}
}

// inside looks into the devcontainer; nil where none runs.
func inside(ctx context.Context, s *scene.Scene) (*facts, error) {
	c, err := s.Main()
	if err != nil || c == nil || !c.State.Running {
		return nil, err
	}
	settings, _ := s.Settings()
	f := &facts{container: c, settings: settings}
	if user, named := s.User(c); named {
		f.user = user // else the container's own, whose number is asked for inside
	}
	f.config, _ = s.ConfigPath()
	said, err := s.Inside(ctx, f.user, script, interpreterPath(s, settings, c))
	if err != nil {
		return nil, err
	}
	f.read(said)
	return f, nil
}

func (f *facts) read(said scene.Answers) {
	one := func(name string) string {
		line, _, _ := strings.Cut(strings.TrimSpace(said[name]), "\n")
		return strings.TrimSpace(line)
	}
	f.home, f.uid, f.arch, f.writable, f.libc, f.interpreter = one("home"), one("uid"), one("arch"), one("writable"), one("libc"), one("interpreter")
	for line := range strings.Lines(said["libcxx"]) {
		if version := strings.TrimSpace(line); newer(version, f.libcxx) {
			f.libcxx = version
		}
	}
	if words := strings.Fields(said["disk"]); len(words) > 4 {
		f.size, f.free = kib(words[len(words)-5]), kib(words[len(words)-3])
	}
	for _, name := range []string{".vscode-server", ".vscode-server-insiders", ".vscode-remote", ".cursor-server", ".windsurf-server"} {
		at := path.Join(f.home, name)
		if head, is := said["server "+at]; is {
			f.servers = append(f.servers, readInstallation(at, head, said))
		}
	}
}

func readInstallation(at, head string, said scene.Answers) installation {
	i := installation{path: at}
	if words := strings.Fields(head); len(words) == 3 {
		i.owner, i.writable, i.readOnly = words[0], words[1] == "yes", words[2] == "ro"
	}
	for line := range strings.Lines(said["builds "+at]) {
		if words := strings.Fields(line); len(words) == 4 {
			age, _ := strconv.ParseInt(words[2], 10, 64)
			i.builds = append(i.builds, built{path: path.Clean(words[3]), node: words[0] == "yes", product: words[1] == "yes", age: age})
		}
	}
	i.installAge, i.install, _ = aged(said["install "+at])
	i.sessionAge, i.session, i.hasSession = aged(said["session "+at])
	i.extensions, i.listed = readExtensions(said["extensions "+at])
	return i
}

// aged takes a part whose first line is its age.
func aged(text string) (age int64, rest string, is bool) {
	first, rest, _ := strings.Cut(text, "\n")
	age, err := strconv.ParseInt(strings.TrimSpace(first), 10, 64)
	return age, rest, err == nil
}

// readExtensions reads extensions.json, in which the editor lists what it has.
func readExtensions(text string) (ids []string, is bool) {
	var all []struct{ Identifier struct{ ID string } }
	if json.Unmarshal([]byte(text), &all) != nil {
		return nil, false
	}
	for _, e := range all {
		ids = append(ids, strings.ToLower(e.Identifier.ID))
	}
	return ids, true
}

func kib(word string) int64 {
	n, _ := strconv.ParseInt(word, 10, 64)
	return n << 10
}

// newer compares versions of numbers with points between them.
func newer(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range x {
		if i >= len(y) {
			return true
		}
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return m > n
		}
	}
	return false
}
