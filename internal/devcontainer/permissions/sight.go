package permissions

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// sight is looked at once, by the first check that comes; the others wait.
type sight struct {
	once   sync.Once
	person *person
	err    error
}

// person is the one who works in the devcontainer, and what that user finds.
type person struct {
	*scene.Scene
	engine   *scene.Engine
	settings devjson.Settings
	main     *scene.Container
	name     string // for docker exec --user
	named    bool   // the configuration, or the image, says so
	folder   string // of the workspace; "" when nothing says where it is

	own  scene.Answers // of the script that runs as the user
	root scene.Answers // of the one that runs as root; nil when there is no root to ask
	err  error         // why the user could not be asked
	// changed is docker diff; it is only asked when something is missing.
	changed string

	uid, gid string
	groups   []string
	home     string
	entry    bool // the user is in /etc/passwd
}

func (l *sight) look(ctx context.Context, s *scene.Scene) (*person, error) {
	l.once.Do(func() { l.person, l.err = find(ctx, s) })
	return l.person, l.err
}

func find(ctx context.Context, s *scene.Scene) (*person, error) {
	p := &person{Scene: s}
	var err error
	if p.engine, err = s.Engine(); err != nil {
		return nil, err
	}
	p.settings, _ = s.Settings() // without any the container says who it is
	if p.main, err = s.Main(); err != nil || p.main == nil {
		return p, err
	}
	p.name, p.named = s.User(p.main)
	p.folder, _ = s.Folder(p.main)
	if !p.main.State.Running || p.main.State.Paused {
		return p, nil
	}
	var asked sync.WaitGroup
	asked.Go(func() { p.own, p.err = s.In(ctx, p.main, p.name, own, p.folder, strings.Join(p.mounts(), "\n")) })
	asked.Go(func() { p.root, _ = s.In(ctx, p.main, "0", root, p.folder, p.name) })
	asked.Wait()
	for i, line := range slices.Collect(strings.Lines(p.own["id"])) {
		line = strings.TrimSpace(line)
		switch i {
		case 0:
			p.uid = line
		case 1:
			p.gid = line
		case 2:
			p.groups = strings.Fields(line)
		}
	}
	p.home = strings.TrimSpace(p.own["home"])
	p.entry = strings.TrimSpace(p.own["entry"]) == "yes"
	if p.writes("/tmp") == "none" {
		p.changed, _ = s.Text(ctx, "diff", p.main.ID)
	}
	return p, nil
}

// mounts are the targets of what is mounted to be written.
func (p *person) mounts() []string {
	var all []string
	for _, m := range p.main.Mounts {
		if m.RW {
			all = append(all, m.Destination)
		}
	}
	return all
}

// own runs as the user: $1 is the workspace, $2 the targets of mounts. A path is
// said to be yes, no or none: it can be written, cannot, is not there.
const own = `
uid=$(id -u); home=; entry=no
echo "== id"; echo "$uid"; id -g; id -G
while IFS=: read -r n x u g c h s; do if [ "$u" = "$uid" ]; then home=$h; entry=yes; break; fi; done 2>/dev/null </etc/passwd
[ -n "$home" ] || home=$HOME
echo "== home"; echo "$home"
echo "== entry"; echo "$entry"
# Some shells believe that root may write everywhere: without CAP_DAC_OVERRIDE (2) it may not.
caps=; while read -r k v; do [ "$k" = CapEff: ] && caps=$v; done 2>/dev/null </proc/self/status
bound=; if [ "$uid" = 0 ] && [ -n "$caps" ]; then case $caps in *[2367aAbBeEfF]) ;; *) bound=yes ;; esac; fi
may() { [ -w "$1" ] && { [ -z "$bound" ] || [ -O "$1" ] || [ -n "$(find "$1" -maxdepth 0 -perm -2)" ]; }; }
can() { if [ ! -e "$1" ]; then echo "none $1"; elif may "$1"; then echo "yes $1"; else echo "no $1"; fi; }
echo "== write"
for p in "$1" "$home" /tmp /var/run/docker.sock /etc/os-release; do [ -z "$p" ] || can "$p"; done
printf '%s\n' "$2" | while IFS= read -r p; do [ -z "$p" ] || can "$p"; done
mine() { head -n 400 | while IFS= read -r p; do [ -L "$p" ] || [ -w "$p" ] || stat -c '%u %g %n' "$p"; done 2>/dev/null | head -n 60; }
echo "== foreign"
if [ -n "$1" ] && [ "$1" != / ] && [ -w "$1" ]; then
	# git writes most files as new ones, for which it needs the folder; these few it writes in place.
	{
		find "$1" -maxdepth 2 -path "$1/.git" -prune -o ! -user "$uid" -print
		find "$1/.git" -maxdepth 3 -type d ! -user "$uid"
		find "$1/.git/FETCH_HEAD" "$1/.git/COMMIT_EDITMSG" "$1/.git/logs" ! -type d ! -user "$uid"
	} 2>/dev/null | mine
fi
echo "== tools"
for d in .cache .npm .config .local .cargo .rustup .m2 .gradle .nvm .yarn .pnpm-store .docker .gnupg .composer .nuget .dotnet .pyenv .rbenv .ipython .jupyter .kube .terraform.d go; do
	[ -d "$home/$d" ] && find "$home/$d" -maxdepth 1 -type d ! -user "$uid"
done 2>/dev/null | mine
echo "== git"
if [ -n "$1" ] && [ -e "$1/.git" ] && command -v git >/dev/null 2>&1; then git -C "$1" rev-parse --git-dir 2>&1; fi
echo "== keys"
for k in "$home/.ssh/"*; do
	[ -f "$k" ] || continue
	if [ ! -r "$k" ]; then echo "unreadable $k"
	elif head -n 1 "$k" | grep -q 'PRIVATE KEY'; then echo "key $k"
	elif [ "${k##*/}" = config ]; then echo "config $k"; fi
done 2>/dev/null
[ ! -e "$home/.ssh" ] || [ -x "$home/.ssh" ] || echo "unreadable $home/.ssh"
exit 0
`

// root runs as root: $1 is the workspace, $2 the name of the user.
const root = `
echo "== status"; cat /proc/1/status
echo "== map"; cat /proc/self/uid_map
echo "== mounts"; cat /proc/self/mountinfo
echo "== sudo"; s=$(command -v sudo) && stat -L -c '%a %u %n' "$s"
echo "== rules"; cat /etc/sudoers /etc/sudoers.d/* 2>/dev/null | grep NOPASSWD
echo "== group"; cat /etc/group
home=/root
while IFS=: read -r n x u g c h s; do if [ "$n" = "$2" ] || [ "$u" = "$2" ]; then home=$h; break; fi; done 2>/dev/null </etc/passwd
echo "== stat"
for p in "$1" "$home" /tmp /var/run/docker.sock "$1/.git" "$home/.ssh" "$home/.ssh/"*; do [ -n "$p" ] && stat -L -c '%a %u %g %F,%n' "$p" 2>/dev/null; done
echo "== users"; cut -d: -f1,3 /etc/passwd
echo "== list"; [ -z "$1" ] || ls "$1" 2>&1 >/dev/null
`

// writes is what the user's script says of a path: yes, no, none; "" when it was
// not asked.
func (p *person) writes(name string) string {
	for line := range strings.Lines(p.own["write"]) {
		if word, of, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " "); of == name {
			return word
		}
	}
	return ""
}

// file is what a path is, as root sees it.
type file struct {
	mode           uint64
	uid, gid, kind string
}

func (p *person) stat(name string) (f file, known bool) {
	for line := range strings.Lines(p.root["stat"]) {
		said, of, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ",")
		fields := strings.SplitN(said, " ", 4)
		if of != name || len(fields) < 4 {
			continue
		}
		mode, err := strconv.ParseUint(fields[0], 8, 32)
		return file{mode, fields[1], fields[2], fields[3]}, err == nil
	}
	return file{}, false
}

// status is a line of /proc/1/status.
func (p *person) status(name string) string {
	for line := range strings.Lines(p.root["status"]) {
		if value, is := strings.CutPrefix(line, name+":"); is {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// options are those of the mount at the longest point that a path lies in.
func (p *person) options(name string) []string {
	best, options := "", []string(nil)
	for line := range strings.Lines(p.root["mounts"]) {
		fields := strings.Fields(line)
		if len(fields) < 6 {
			continue
		}
		point := fields[4]
		if (name == point || point == "/" || strings.HasPrefix(name, point+"/")) && len(point) >= len(best) {
			best, options = point, strings.Split(fields[5], ",")
		}
	}
	return options
}

// readOnly says whether a path lies on a mount that nobody can write to: which is
// on purpose, or what the checks of mounts are about.
func (p *person) readOnly(name string) bool { return slices.Contains(p.options(name), "ro") }

// who is the user as a person reads it.
func (p *person) who() string {
	if p.name == p.uid {
		return "user " + p.uid
	}
	return "user " + p.name + " (" + p.uid + ")"
}

// as is a docker exec of a user, as a line to type.
func (p *person) as(user string, words ...string) string {
	return command.Read("docker", append([]string{"exec", "--user", user, p.main.Name}, words...)...).String()
}

// mapped says whether the engine gives the container's users other numbers on the
// machine: userns-remap, a rootless engine, Podman.
func (p *person) mapped() bool {
	first, _, _ := strings.Cut(p.root["map"], "\n")
	fields := strings.Fields(first)
	return len(fields) == 3 && (fields[1] != "0" || fields[2] != "4294967295")
}
