package permissions

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// socket judges Docker in the container: the machine's socket that is mounted
// there, or a daemon of the container's own.
func socket(p *person) []doctor.Finding {
	const name = "/var/run/docker.sock"
	mounted := slices.ContainsFunc(p.main.Mounts, func(m scene.Mount) bool { return path.Base(m.Destination) == "docker.sock" })
	is, known := p.stat(name)
	switch {
	case mounted && known && is.kind == "socket" && p.writes(name) == "no":
		group := p.group(is.gid)
		f := doctor.Finding{
			State: doctor.Fail, Where: p.main.Name, Evidence: fmt.Sprintf("%s belongs to %s:%s, mode %o; %s is in the groups %s", name, is.uid, is.gid, is.mode, p.who(), strings.Join(p.groups, " ")),
			Cause: doctor.Say("el grupo del socket tiene en el contenedor otro número", "the group of the socket has another number in the container"),
			Repair: &doctor.Repair{Was: p.as("0", "id", "-Gn", p.name), Loses: procedure.Text{
				ES: "con el socket el usuario tiene los derechos de root de la máquina", EN: "with the socket the user has the rights of the machine's root",
			}},
		}
		join, leave := p.as("0", "usermod", "-aG", group, p.name), p.as("0", "gpasswd", "-d", p.name, group)
		f.Repair.Do, f.Repair.Undo = []string{join}, []string{leave}
		if group == "" {
			group = "docker-host"
			f.Repair.Do = []string{p.as("0", "groupadd", "-g", is.gid, group), p.as("0", "usermod", "-aG", group, p.name)}
			f.Repair.Undo = []string{p.as("0", "gpasswd", "-d", p.name, group), p.as("0", "groupdel", group)}
		}
		if is.gid == "0" {
			f.Cause = doctor.Say("el socket es solo de root", "the socket is root's alone")
			f.Repair = nil
			f.Fix = "# \"features\": {\"ghcr.io/devcontainers/features/docker-outside-of-docker:1\": {}}\n" + p.rebuild()
			return []doctor.Finding{f}
		}
		f.Fix = strings.Join(f.Repair.Do, "\n")
		return []doctor.Finding{f}
	case mounted:
		return doctor.Good("%s can use it", p.who())
	}
	own := slices.ContainsFunc(p.main.Metadata(), func(m scene.Metadata) bool { return strings.Contains(m.ID, "/docker-in-docker") })
	if own && !known && p.Now().Sub(p.main.State.StartedAt) > time.Minute {
		f := doctor.Finding{
			State: doctor.Fail, Where: p.main.Name, Evidence: "the feature docker-in-docker is installed, and " + name + " is not there",
			Cause: doctor.Say("el demonio de dentro no arrancó", "the daemon inside did not start"),
			Fix:   p.as("0", "/usr/local/share/docker-init.sh"),
		}
		if !p.main.HostConfig.Privileged {
			f.Evidence += "; the container is not privileged"
			f.Fix = "# \"privileged\": true\n" + p.rebuild()
		}
		return []doctor.Finding{f}
	}
	return doctor.Good("none is asked for")
}

// group is the name that the container has for a group; "" when it has none.
func (p *person) group(gid string) string {
	for line := range strings.Lines(p.root["group"]) {
		if fields := strings.Split(strings.TrimSpace(line), ":"); len(fields) > 2 && fields[2] == gid {
			return fields[0]
		}
	}
	return ""
}

// git judges whether it works in the workspace. It is asked itself: it alone
// knows all of its settings.
func git(p *person) []doctor.Finding {
	said := strings.TrimSpace(p.own["git"])
	if !strings.Contains(said, "dubious ownership") {
		return doctor.Good("nothing is against it")
	}
	first, _, _ := strings.Cut(said, "\n")
	is, _ := p.stat(path.Join(p.folder, ".git"))
	add := p.as(p.name, "git", "config", "--global", "--add", "safe.directory", p.folder)
	return []doctor.Finding{{
		State: doctor.Fail, Where: p.main.Name, Evidence: fmt.Sprintf("%s (.git belongs to %s, %s works)", first, is.uid, p.who()),
		Cause: doctor.Say("el repositorio es de otro usuario, y git no se fía", "the repository is another user's, and git does not trust it"),
		Fix:   add,
		Repair: &doctor.Repair{Safe: true, Do: []string{add}, Undo: []string{
			p.as(p.name, "git", "config", "--global", "--unset-all", "--fixed-value", "safe.directory", p.folder),
		}, Was: p.as(p.name, "git", "config", "--global", "--get-all", "safe.directory")},
	}}
}

// keys judges the user's keys as ssh does: it refuses a key of the user that
// others can read, and does nothing at all when its settings are somebody else's.
func keys(p *person) []doctor.Finding {
	var found []doctor.Finding
	add := func(name, evidence, es, en string, do ...string) {
		f := doctor.Finding{State: doctor.Fail, Where: p.main.Name, Evidence: evidence, Cause: procedure.Text{ES: es, EN: en}}
		f.Fix = p.as("0", do...)
		if p.readOnly(name) {
			f.Fix = "chmod 700 ~/.ssh; chmod 600 ~/.ssh/" + path.Base(name) + "   # on the machine; or forward the agent, and mount no keys"
		}
		found = append(found, f)
	}
	for line := range strings.Lines(p.own["keys"]) {
		what, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		is, known := p.stat(name)
		mine := is.uid == p.uid
		switch {
		case !known:
		case what == "unreadable" && (strings.HasPrefix(path.Base(name), "id_") && !strings.HasSuffix(name, ".pub") || path.Base(name) == ".ssh" || path.Base(name) == "config"):
			add(name, fmt.Sprintf("%s cannot read %s (owner %s, mode %o)", p.who(), name, is.uid, is.mode),
				"las claves son de otro usuario", "the keys are another user's", "chown", p.uid+":"+p.gid, name)
		case what == "key" && mine && is.mode&0o077 != 0:
			add(name, fmt.Sprintf("mode of %s is %o", name, is.mode),
				"ssh rechaza una clave privada que otros pueden leer (UNPROTECTED PRIVATE KEY FILE)", "ssh refuses a private key that others can read (UNPROTECTED PRIVATE KEY FILE)", "chmod", "600", name)
		case what == "config" && (is.uid != "0" && !mine || is.mode&0o022 != 0):
			add(name, fmt.Sprintf("%s: owner %s, mode %o; %s works", name, is.uid, is.mode, p.who()),
				"ssh no arranca con un config ajeno o que otros pueden escribir (Bad owner or permissions)", "ssh does not start with a config of somebody else, or that others can write (Bad owner or permissions)", "sh", "-c", "chown "+p.uid+":"+p.gid+" "+name+" && chmod 600 "+name)
		}
	}
	return verdict(found, "nothing is against them")
}
