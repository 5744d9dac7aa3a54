package permissions

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
)

// user judges whether the one who is named is known in the container.
func user(p *person) []doctor.Finding {
	if p.main == nil {
		return doctor.Good("no container")
	}
	said := p.main.State.Error
	if p.err != nil {
		said = p.err.Error()
	} else if p.main.State.Running {
		said = ""
	}
	unknown := regexp.MustCompile(`unable to find (user|group) ([^:]+): no matching entries|no users found`).FindStringSubmatch(said)
	switch {
	case unknown != nil:
	case p.main.State.Running && p.err != nil && !p.main.State.Paused:
		return doctor.Unseen(p.err)
	case p.uid == "":
		return doctor.Good("%s; nobody can be asked inside", p.name)
	default:
		return doctor.Good("%s", p.who())
	}
	name, where := p.name, p.main.Name
	if unknown[2] != "" {
		name = unknown[2]
	}
	config, _ := p.ConfigPath()
	for _, key := range []string{"remoteUser", "containerUser"} {
		if at := p.settings.Where(key); at.Line > 0 {
			where = fmt.Sprintf("%s:%s", config, at)
			break
		}
	}
	f := doctor.Finding{
		State: doctor.Fail, Where: where, Evidence: fmt.Sprintf("unable to find user %s: /etc/passwd of %s has %s", name, p.main.Name, p.people()),
		Cause:    doctor.Say("se nombra un usuario que la imagen no tiene", "a user is named whom the image does not have"),
		Fix:      fmt.Sprintf("# in the Dockerfile: RUN useradd --create-home --shell /bin/sh %s; or name one of those that there are\n%s", name, p.rebuild()),
		Explains: []string{"DC-PRM-*", "DC-EXT-*", "DC-STA-006", "DC-STA-011"},
	}
	return []doctor.Finding{f}
}

// people are the users of the container that a person would take.
func (p *person) people() string {
	var some []string
	for line := range strings.Lines(p.root["users"]) {
		name, uid, _ := strings.Cut(strings.TrimSpace(line), ":")
		if uid == "0" || len(uid) >= 4 && uid != "65534" {
			some = append(some, name)
		}
	}
	if len(some) == 0 {
		return "no such name"
	}
	return strings.Join(some, ", ")
}

// home judges the user's own folder, in which tools and VS Code install.
func home(p *person) []doctor.Finding {
	can := p.writes(p.home)
	person := p.entry && len(p.uid) >= 4 && strings.HasPrefix(p.home, "/home/")
	if can == "yes" || p.readOnly(p.home) || p.uid == "0" && can != "none" || !p.named && !person {
		return doctor.Good("%s", p.home)
	}
	f := doctor.Finding{State: doctor.Fail, Where: p.main.Name}
	if can == "none" {
		f.Evidence = fmt.Sprintf("%s of %s is not there", p.home, p.who())
		f.Cause = doctor.Say("el usuario no tiene directorio personal: ni VS Code ni las herramientas pueden instalar nada", "the user has no home: neither VS Code nor tools can install anything")
		f.Fix = p.as("0", "install", "-d", "-o", p.uid, "-g", p.gid, p.home)
		f.Repair = &doctor.Repair{Safe: true, Do: []string{f.Fix}, Undo: []string{p.as("0", "rmdir", p.home)}, Was: p.as("0", "ls", "-d", p.home)}
		return []doctor.Finding{f}
	}
	is, known := p.stat(p.home)
	if !known {
		return doctor.Good("%s cannot be written; nobody could see why", p.home)
	}
	f.Evidence = fmt.Sprintf("%s cannot write %s (owner %s:%s, mode %o)", p.who(), p.home, is.uid, is.gid, is.mode)
	f.Cause = doctor.Say("el directorio personal es de otro", "the home is somebody else's")
	f.Fix, f.Repair = p.chown([]owned{{is.uid, is.gid, p.home}})
	f.Explains = []string{"DC-EXT-*", "DC-STA-011", "DC-PRM-010"}
	return []doctor.Finding{f}
}

// temporary judges /tmp, which every tool takes for granted.
func temporary(p *person) []doctor.Finding {
	can := p.writes("/tmp")
	is, known := p.stat("/tmp")
	f := doctor.Finding{State: doctor.Fail, Where: p.main.Name, Fix: p.as("0", "chmod", "1777", "/tmp")}
	switch {
	case p.readOnly("/tmp"):
		return doctor.Good("read-only")
	case can == "none" && p.writes("/etc/os-release") == "none" && !slices.Contains(strings.Split(p.changed, "\n"), "D /tmp"):
		return doctor.Good("an image of a few programs, made without /tmp")
	case can == "none":
		f.Evidence = "/tmp is not there"
		f.Cause = doctor.Say("casi todo programa necesita /tmp", "nearly every program needs /tmp")
		f.Fix = p.as("0", "install", "-d", "-m", "1777", "/tmp")
		f.Repair = &doctor.Repair{Safe: true, Do: []string{f.Fix}, Undo: []string{p.as("0", "rmdir", "/tmp")}, Was: p.as("0", "ls", "-d", "/tmp")}
		return []doctor.Finding{f}
	case can == "no":
		f.Evidence = fmt.Sprintf("%s cannot write /tmp (owner %s:%s, mode %o)", p.who(), is.uid, is.gid, is.mode)
		f.Cause = doctor.Say("/tmp perdió sus permisos", "/tmp has lost its mode")
	case known && is.mode&0o1777 == 0o777:
		f.State = doctor.Warn
		f.Evidence = fmt.Sprintf("mode of /tmp is %o, and not 1777", is.mode)
		f.Cause = doctor.Say("sin el bit pegajoso cualquiera borra los archivos de otros; apt y ssh se niegan", "without the sticky bit anybody can remove the files of others")
	default:
		return doctor.Good("mode %o", is.mode)
	}
	if known {
		f.Repair = &doctor.Repair{
			Safe: true, Do: []string{f.Fix}, Undo: []string{p.as("0", "chmod", fmt.Sprintf("%o", is.mode), "/tmp")}, Was: p.as("0", "stat", "-c", "%a", "/tmp"),
		}
	}
	return []doctor.Finding{f}
}

// readOnlyRoot judges a root file system that nobody can write to. With a /tmp and
// a home that can be written it serves its purpose.
func readOnlyRoot(p *person) []doctor.Finding {
	if !p.main.HostConfig.ReadonlyRootfs {
		return doctor.Good("it can be written")
	}
	f := doctor.Finding{
		State: doctor.Fail, Where: p.main.Name, Fix: "# take --read-only (read_only: true) out, or add --tmpfs /tmp --tmpfs " + p.home + "\n" + p.rebuild(),
		Cause:    doctor.Say("el contenedor se creó de solo lectura, y las herramientas escriben allí", "the container was made read-only, and tools write there"),
		Explains: []string{"DC-PRM-*", "DC-EXT-*", "DC-STA-011"},
	}
	switch {
	case p.readOnly("/tmp"):
		f.Evidence = "the root file system is read-only, and so is /tmp"
	case p.readOnly(p.home) && (p.settings.RemoteUser != "" || len(p.main.Metadata()) > 0):
		f.Evidence = "the root file system is read-only, and so is " + p.home + ", in which VS Code installs its server"
	default:
		return doctor.Good("read-only, with %s", strings.Join(slices.Concat(p.mounts(), tmpfs(p)), ", "))
	}
	return []doctor.Finding{f}
}

func tmpfs(p *person) []string {
	var all []string
	for target := range p.main.HostConfig.Tmpfs {
		all = append(all, target+" in memory")
	}
	slices.Sort(all)
	return all
}

// executable judges whether the workspace's programs can be run.
func executable(p *person) []doctor.Finding {
	if p.folder == "" || !slices.Contains(p.options(p.folder), "noexec") {
		return doctor.Good("they can")
	}
	return []doctor.Finding{{
		State: doctor.Fail, Where: p.main.Name, Evidence: filepath.Clean(p.folder) + " is mounted noexec",
		Cause: doctor.Say("ningún programa ni script del espacio de trabajo puede ejecutarse: Permission denied, salida 126", "no program and no script of the workspace can be run: Permission denied, exit 126"),
		Fix:   "sudo mount -o remount,exec \"$(findmnt -n -o TARGET -T " + command.Read(p.Workspace).String() + ")\"   # or move the workspace to another file system", Explains: []string{"DC-STA-011"},
	}}
}
