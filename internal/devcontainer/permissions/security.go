package permissions

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/procedure"
)

// names of capabilities, each at its number in the kernel.
func names() []string {
	return strings.Fields(`CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE
		NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE
		SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM
		BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE`)
}

// may says whether the container can have a capability; not known for a name that
// is none, or when nobody could look.
func (p *person) may(capability string) (may, known bool) {
	bit := slices.Index(names(), plainCapability(capability))
	bounding, err := strconv.ParseUint(p.status("CapBnd"), 16, 64)
	if bit < 0 || err != nil {
		return false, false
	}
	return bounding&(1<<bit) != 0, true
}

func plainCapability(name string) string {
	return strings.TrimPrefix(strings.ToUpper(name), "CAP_")
}

// wantedOptions are what the configuration asks for: capabilities, and options of
// security.
func (p *person) wantedOptions() (capabilities, security []string) {
	capabilities, security = slices.Clone(p.settings.CapAdd), slices.Clone(p.settings.SecurityOpt)
	if len(p.settings.ComposeFiles) == 0 {
		for i, word := range p.settings.RunArgs {
			flag, value, joined := strings.Cut(word, "=")
			if !joined && i+1 < len(p.settings.RunArgs) {
				value = p.settings.RunArgs[i+1]
			}
			switch flag {
			case "--cap-add":
				capabilities = append(capabilities, value)
			case "--security-opt":
				security = append(security, value)
			}
		}
	} else if composed, err := p.Compose(); err == nil && composed != nil {
		service := composed.Services[p.settings.Service]
		capabilities, security = append(capabilities, service.CapAdd...), append(security, service.SecurityOpt...)
	}
	return capabilities, security
}

// capabilities judges whether the container has those that were asked for.
func capabilities(p *person) []doctor.Finding {
	asked, _ := p.wantedOptions()
	var found []doctor.Finding
	for _, name := range asked {
		if may, known := p.may(name); may || !known {
			continue
		}
		f := doctor.Finding{
			State: doctor.Fail, Where: p.main.Name, Evidence: fmt.Sprintf("%s is asked for; CapBnd of process 1 is %s", plainCapability(name), p.status("CapBnd")),
			Cause: doctor.Say("el contenedor se creó sin esa capacidad", "the container was made without that capability"),
			Fix:   p.rebuild(),
		}
		given := slices.ContainsFunc(p.main.HostConfig.CapAdd, func(c string) bool {
			return plainCapability(c) == plainCapability(name) || c == "ALL"
		})
		if given || p.main.HostConfig.Privileged {
			f.Cause = doctor.Say("el motor mismo no la tiene: es rootless, o corre en otro contenedor", "the engine itself does not have it: it is rootless, or runs in a container")
			f.Fix = "# use an engine that runs as root of the machine"
		}
		found = append(found, f)
	}
	return verdict(found, "%d asked for", len(asked))
}

// guards judges SELinux, AppArmor and seccomp: profiles that are not there, and
// files that a label keeps from the container.
func guards(p *person) []doctor.Finding {
	_, security := p.wantedOptions()
	var found []doctor.Finding
	for _, option := range security {
		if file, is := strings.CutPrefix(strings.Replace(option, ":", "=", 1), "seccomp="); is && file != "unconfined" && file != "builtin" {
			if why := p.profile(file); why != "" {
				found = append(found, doctor.Finding{
					State: doctor.Fail, Where: file, Evidence: "seccomp profile " + why,
					Cause: doctor.Say("docker lee el perfil al crear el contenedor, y sin él no lo crea", "docker reads the profile when it makes the container, and makes none without it"),
					Fix:   "# correct the path behind seccomp=, or take the option out", Explains: []string{"DC-STA-001", "DC-STA-006"},
				})
			}
		}
	}
	if p.main == nil {
		return verdict(found, "no container")
	}
	if refusal := regexp.MustCompile(`(?i)[^:]*\b(apparmor|seccomp|selinux)\b.*`).FindString(p.main.State.Error); refusal != "" && !p.main.State.Running {
		found = append(found, doctor.Finding{
			State: doctor.Fail, Where: p.main.Name, Evidence: strings.TrimSpace(refusal),
			Cause: doctor.Say("el perfil pedido no está cargado en esta máquina, o su kernel no lo admite", "the profile that was asked for is not loaded on this machine, or its kernel does not take it"),
			Fix:   "sudo apparmor_parser -r /etc/apparmor.d/PROFILE   # or take the --security-opt out", Explains: []string{"DC-STA-006", "DC-STA-002"},
		})
	}
	if denied := strings.TrimSpace(p.root["list"]); strings.Contains(denied, "ermission denied") && slices.ContainsFunc(p.engine.Security, func(o string) bool { return strings.Contains(o, "selinux") }) {
		found = append(found, doctor.Finding{
			State: doctor.Fail, Where: p.main.Name, Evidence: denied + " (process " + p.main.ProcessLabel + ")",
			Cause: doctor.Say("SELinux: el espacio de trabajo no tiene la etiqueta de los contenedores", "SELinux: the workspace does not have the label of containers"),
			Fix:   "# give its mount the option z, or \"runArgs\": [\"--security-opt\", \"label=disable\"]\n" + p.rebuild(), Explains: []string{"DC-PRM-*", "DC-STA-011", "DC-VOL-007"},
		})
	}
	return verdict(found, "nothing is in the way")
}

// profile is why a file is no seccomp profile; "" when it is one, or when nobody
// knows where it would be.
func (p *person) profile(name string) string {
	places := []string{name}
	if !filepath.IsAbs(name) {
		config, _ := p.ConfigPath()
		places = []string{filepath.Join(p.Workspace, name), filepath.Join(p.Workspace, filepath.Dir(config), name)}
		for _, file := range p.settings.ComposeFiles {
			places = append(places, filepath.Join(p.Workspace, filepath.Dir(config), filepath.Dir(file), name))
		}
	}
	for _, place := range places {
		text, err := os.ReadFile(place)
		if err == nil {
			var profile map[string]any
			if err = json.Unmarshal(text, &profile); err != nil {
				return fmt.Sprintf("%s is no JSON: %v", place, err)
			}
			return ""
		}
		if !errors.Is(err, os.ErrNotExist) {
			return ""
		}
	}
	return name + " is not there"
}

// sudo judges whether it works, where somebody means to use it.
func sudo(p *person) []doctor.Finding {
	used := ""
	for _, l := range p.settings.Lifecycle {
		line := l.Shell
		if line == "" {
			line = strings.Join(l.Argv, " ")
		}
		if l.Name != "initializeCommand" && regexp.MustCompile(`(^|[;&|(\s])sudo\s`).MatchString(line) && !regexp.MustCompile(`(command -v|which|type) sudo`).MatchString(line) {
			used = l.Name
		}
	}
	if p.uid == "0" || p.root == nil {
		return doctor.Good("%s needs none", p.who())
	}
	why, es, en, fix := p.sudoBroken(used != "")
	if why == "" || used == "" && !p.trusted() {
		return doctor.Good("nothing speaks against it")
	}
	f := doctor.Finding{State: doctor.Warn, Where: p.main.Name, Evidence: why, Cause: procedure.Text{ES: es, EN: en}, Fix: fix}
	if used != "" {
		f.State, f.Explains = doctor.Fail, []string{"DC-STA-011"}
		f.Evidence += "; " + used + " uses it"
	}
	return []doctor.Finding{f}
}

// sudoBroken is why sudo cannot work.
func (p *person) sudoBroken(asked bool) (why, es, en, fix string) {
	fields := strings.Fields(p.root["sudo"])
	setuid, _ := p.may("SETUID")
	switch {
	case len(fields) < 3:
		if asked {
			return "the container has no sudo", "la imagen no trae sudo", "the image does not bring sudo", "# in the Dockerfile: RUN apt-get update && apt-get install -y sudo\n" + p.rebuild()
		}
		return "", "", "", ""
	case p.status("NoNewPrivs") == "1":
		return "NoNewPrivs of process 1 is 1", "no-new-privileges impide sudo", "no-new-privileges keeps sudo from working", "# take no-new-privileges out of the security options\n" + p.rebuild()
	case len(fields[0]) < 4 || fields[0][0]&4 == 0 || fields[1] != "0":
		return "mode of " + fields[2] + " is " + fields[0] + ", owner " + fields[1], "sudo perdió su bit setuid", "sudo has lost its setuid bit", p.as("0", "chmod", "4755", fields[2])
	case slices.Contains(p.options(fields[2]), "nosuid"):
		return fields[2] + " is on a file system that is mounted nosuid", "el bit setuid no vale allí", "the setuid bit is worth nothing there", "# mount the engine's data root without nosuid"
	case !setuid:
		return "CapBnd of process 1 is " + p.status("CapBnd") + ", without SETUID", "al contenedor se le quitó la capacidad que sudo necesita", "the capability that sudo needs was taken from the container", "# \"capAdd\": [\"SETUID\", \"SETGID\"]\n" + p.rebuild()
	case asked && !p.trusted():
		return "no rule of sudoers lets " + p.who() + " in without a password", "sudo preguntaría una contraseña, y nadie contesta", "sudo would ask for a password, and nobody answers", p.as("0", "sh", "-c", "echo '"+p.name+" ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/"+p.name)
	}
	return "", "", "", ""
}

// trusted says whether a rule of sudoers lets the user in without a password.
func (p *person) trusted() bool {
	mine := map[string]bool{p.name: true, "ALL": true, "#" + p.uid: true}
	for line := range strings.Lines(p.root["users"]) {
		if name, uid, _ := strings.Cut(strings.TrimSpace(line), ":"); uid == p.uid {
			mine[name] = true
		}
	}
	for line := range strings.Lines(p.root["group"]) {
		if fields := strings.Split(strings.TrimSpace(line), ":"); len(fields) > 2 && slices.Contains(p.groups, fields[2]) {
			mine["%"+fields[0]] = true
		}
	}
	for line := range strings.Lines(p.root["rules"]) {
		if fields := strings.Fields(line); len(fields) > 1 && mine[fields[0]] {
			return true
		}
	}
	return false
}
