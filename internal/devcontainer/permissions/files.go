package permissions

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// owned is a path and who has it.
type owned struct{ uid, gid, name string }

// listed are the paths of a part, each with its owner; those on a mount that
// nobody can write to are left out.
func (p *person) listed(part string) []owned {
	var all []owned
	for line := range strings.Lines(p.own[part]) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 3)
		if len(fields) == 3 && !p.readOnly(fields[2]) {
			all = append(all, owned{fields[0], fields[1], fields[2]})
		}
	}
	return all
}

// chown gives exactly these paths to the user, and knows the way back.
func (p *person) chown(files []owned) (fix string, repair *doctor.Repair) {
	words, shows, back := []string{"chown", p.uid + ":" + p.gid}, owner(), map[string][]string{}
	for _, f := range files {
		words, shows = append(words, f.name), append(shows, f.name)
		back[f.uid+":"+f.gid] = append(back[f.uid+":"+f.gid], f.name)
	}
	repair = &doctor.Repair{Do: []string{p.as("0", words...)}, Was: p.as("0", shows...), Loses: disowned()}
	for owner, names := range back {
		repair.Undo = append(repair.Undo, p.as("0", append([]string{"chown", owner}, names...)...))
	}
	slices.Sort(repair.Undo)
	return repair.Do[0], repair
}

// owner asks whose the paths after it are.
func owner() []string { return []string{"stat", "-c", "%u:%g %n"} }

func disowned() procedure.Text {
	return doctor.Say("quien era dueño deja de serlo", "who was the owner is no more")
}

// workspace judges whether the user can work in the folder of the workspace, and
// with what is in it.
func workspace(p *person) []doctor.Finding {
	switch can := p.writes(p.folder); {
	case p.folder == "" || can == "none" || can == "":
		return doctor.Good("no workspace in the container")
	case p.readOnly(p.folder):
		return doctor.Good("read-only")
	case can == "no":
		return []doctor.Finding{p.locked()}
	}
	foreign := slices.DeleteFunc(p.listed("foreign"), func(o owned) bool { // volumes are another check's
		return slices.ContainsFunc(p.main.Mounts, func(m scene.Mount) bool {
			return m.Type == "volume" && strings.HasPrefix(o.name+"/", m.Destination+"/") && m.Destination != p.folder
		})
	})
	if len(foreign) == 0 {
		return doctor.Good("%s can write %s", p.who(), p.folder)
	}
	f := doctor.Finding{
		State: doctor.Warn, Where: p.main.Name, Evidence: fmt.Sprintf("%s cannot write %s (owner %s:%s)%s", p.who(), foreign[0].name, foreign[0].uid, foreign[0].gid, more(len(foreign))),
		Cause: doctor.Say("archivos que otro creó, con sudo o como root", "files that somebody else made, with sudo or as root"),
	}
	git := func(o owned) bool { return strings.HasPrefix(o.name+"/", path.Join(p.folder, ".git")+"/") }
	if i := slices.IndexFunc(foreign, git); i >= 0 {
		f.State = doctor.Fail
		f.Evidence = fmt.Sprintf("%s cannot write %s (owner %s:%s)%s", p.who(), foreign[i].name, foreign[i].uid, foreign[i].gid, more(len(foreign)))
		f.Cause = doctor.Say("git se usó con sudo o como root: ya no puede guardar nada (insufficient permission for adding an object)", "git was used with sudo or as root: it can save nothing any more (insufficient permission for adding an object)")
	}
	f.Fix, f.Repair = p.chown(foreign)
	if len(foreign) >= 60 { // the list was cut
		f.Repair = nil
		f.Fix = p.as("0", "find", p.folder, "-xdev", "!", "-user", p.uid, "-exec", "chown", p.uid+":"+p.gid, "{}", "+")
	}
	return []doctor.Finding{f}
}

func more(all int) string {
	if all > 1 {
		return fmt.Sprintf(" and %d more", all-1)
	}
	return ""
}

// locked is a workspace that is not the user's.
func (p *person) locked() doctor.Finding {
	is, _ := p.stat(p.folder)
	f := doctor.Finding{
		State: doctor.Fail, Where: p.main.Name, Evidence: fmt.Sprintf("%s cannot write %s (owner %s:%s, mode %o)", p.who(), p.folder, is.uid, is.gid, is.mode),
		Explains: []string{"DC-PRM-008", "DC-STA-011"},
	}
	rebuild := p.rebuild()
	update := p.settings.UpdateRemoteUserUID
	over := slices.IndexFunc(p.main.Mounts, func(m scene.Mount) bool { return path.Clean(m.Destination) == p.folder })
	switch {
	case p.mapped() && (is.uid == "65534" || is.uid == "0"):
		f.Cause = doctor.Say("el motor da otros números a los usuarios del contenedor (userns-remap, rootless o Podman)", "the engine gives other numbers to the users of the container (userns-remap, rootless or Podman)")
		f.Fix = "# \"remoteUser\": \"root\", who is your own user on the machine; with Podman: \"runArgs\": [\"--userns=keep-id\"]\n" + rebuild
	case over >= 0 && p.main.Mounts[over].Type == "volume":
		f.Cause = doctor.Say("el volumen del espacio de trabajo es de root", "the volume of the workspace belongs to root")
		f.Fix, f.Repair = p.chown([]owned{{is.uid, is.gid, p.folder}})
	case is.uid != "0" && update != nil && !*update:
		config, _ := p.ConfigPath()
		f.Where = fmt.Sprintf("%s:%s", config, p.settings.Where("updateRemoteUserUID"))
		f.Cause = doctor.Say("updateRemoteUserUID es false: el usuario conserva un UID que no es el tuyo", "updateRemoteUserUID is false: the user keeps a UID that is not yours")
		f.Fix = "# in " + config + ": \"updateRemoteUserUID\": true\n" + rebuild
	case is.uid != "0" && is.uid != p.uid:
		f.Cause = doctor.Say("el UID del usuario del contenedor no es el del dueño del espacio de trabajo", "the UID of the user in the container is not that of the workspace's owner")
		f.Fix = rebuild + "   # it gives remoteUser your UID"
	case is.uid == p.uid:
		f.Cause = doctor.Say("el dueño no tiene permiso de escritura", "the owner has no right to write")
		f.Fix = command.Read("chmod", "u+rwx", p.Workspace).String()
	default:
		f.Cause = doctor.Say("el espacio de trabajo es de root en la máquina", "the workspace belongs to root on the machine")
		f.Fix = "sudo " + command.Read("find", p.Workspace, "-xdev", "-user", "root", "-exec", "chown", p.uid+":"+p.gid, "{}", "+").String()
	}
	return f
}

// folders judges volumes, which Docker makes for root, and the folders in which
// tools keep what they fetched.
func folders(p *person) []doctor.Finding {
	var locked []string
	for _, m := range p.main.Mounts {
		if m.Type == "volume" && m.RW && p.users(m.Destination) && p.writes(m.Destination) == "no" && !p.readOnly(m.Destination) {
			locked = append(locked, m.Destination)
		}
	}
	var found []doctor.Finding
	if len(locked) > 0 {
		chown := p.as("0", append([]string{"chown", p.uid + ":" + p.gid}, locked...)...)
		found = append(found, doctor.Finding{
			State: doctor.Fail, Where: p.main.Name, Evidence: fmt.Sprintf("%s cannot write the volume at %s", p.who(), strings.Join(locked, ", ")),
			Cause: doctor.Say("Docker crea los volúmenes para root cuando la imagen no tiene allí un directorio del usuario", "Docker makes volumes for root where the image has no directory of the user"),
			Fix:   chown + "\n# in the Dockerfile, for the next volume: RUN install -d -o " + p.name + " " + strings.Join(locked, " "),
			Repair: &doctor.Repair{
				Do: []string{chown}, Undo: []string{p.as("0", append([]string{"chown", "0:0"}, locked...)...)},
				Was: p.as("0", append(owner(), locked...)...), Loses: disowned(),
			},
			Explains: []string{"DC-STA-011", "DC-EXT-003", "DC-EXT-006"},
		})
	}
	tools := slices.DeleteFunc(p.listed("tools"), func(o owned) bool {
		return slices.ContainsFunc(locked, func(l string) bool { return o.name == l || strings.HasPrefix(o.name, l+"/") }) || p.folder != "" && strings.HasPrefix(o.name, p.folder)
	})
	if len(tools) > 0 && p.writes(p.home) == "yes" {
		f := doctor.Finding{
			State: doctor.Warn, Where: p.main.Name, Evidence: fmt.Sprintf("%s cannot write %s (owner %s:%s)%s", p.who(), tools[0].name, tools[0].uid, tools[0].gid, more(len(tools))),
			Cause: doctor.Say("una herramienta se ejecutó como root con el directorio personal del usuario", "a tool was run as root with the user's home"),
		}
		if slices.ContainsFunc(p.main.Mounts, func(m scene.Mount) bool { return strings.HasPrefix(m.Destination, tools[0].name+"/") }) {
			f.Cause = doctor.Say("Docker creó la carpeta para root, porque dentro se monta algo", "Docker made the folder for root, because something is mounted in it")
		}
		f.Fix, f.Repair = p.chown(tools)
		found = append(found, f)
	}
	return verdict(found, "they are")
}

// users says whether a volume is one that the user works in: in the home, in the
// workspace, or one that devcontainer.json itself asks for outside of the system.
func (p *person) users(target string) bool {
	target = path.Clean(target)
	in := func(folder string) bool {
		return folder != "" && folder != "/" && strings.HasPrefix(target+"/", folder+"/")
	}
	if in(p.home) && !strings.Contains(target, "/.vscode-server") || in(p.folder) || target == "/commandhistory" || strings.Contains(filepath.Base(target), "cache") {
		return true
	}
	if in("/var") || in("/run") || in("/etc") || in("/usr") || in("/root") || in("/vscode") || in("/opt") {
		return false
	}
	for _, m := range p.settings.Mounts {
		if path.Clean(m.Target) == target {
			return true
		}
	}
	return false
}
