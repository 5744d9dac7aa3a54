package state

import (
	"regexp"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// refused is why Docker did not start a container, as State.Error tells it. The
// groups of the pattern fill the %s of the texts, in order; {name} is the
// container, {up} makes it again.
type refused struct {
	pattern string
	code    string
	es, en  string
	fix     string
}

// refusals are those that can be told apart, the most specific first.
func refusals() []refused {
	const start, program, format = "DC-STA-006", "DC-STA-008", "DC-STA-007"
	return []refused{
		{`Bind for \S+?:(\d+) failed: port is already allocated`, start, "el puerto %s ya lo tiene otro contenedor", "port %s is taken by another container", "docker ps --filter publish=%s\ndocker start {name}"},
		{
			`(?:listen \w+ \S+?:|failed to bind host port (?:for )?\S*?:|exposing port \w+ \S+?:)(\d+)\b.*(?:address already in use|Ports are not available|Only one usage)`, start,
			"el puerto %s ya lo tiene un proceso de esta máquina", "port %s is taken by a process of this machine", "sudo ss -ltnp 'sport = :%s'\ndocker start {name}",
		},
		{`exec: "([^"]*)": executable file not found in \$PATH`, program, "el programa de inicio %s no está en el PATH de la imagen", "the start-up program %s is not in the PATH of the image", ""},
		{`exec: "([^"]*)": .*no such file or directory`, program, "el programa de inicio %s no existe en la imagen", "the start-up program %s does not exist in the image", ""},
		{`exec: "([^"]*)": .*permission denied`, program, "el programa de inicio %s no es ejecutable", "the start-up program %s is not executable", ""},
		{`exec: "([^"]*)": .*exec format error`, format, "esta máquina no puede ejecutar %s", "this machine cannot run %s", ""},
		{`exec format error`, format, "el programa de inicio es de otra arquitectura, o un script sin #!", "the start-up program is of another architecture, or a script without #!", ""},
		{`unable to find (?:user|group) ([^\s:]+)`, start, "el usuario %s no existe en la imagen", "user %s does not exist in the image", "docker run --rm --entrypoint cat {image} /etc/passwd\n{up}"},
		{`network (\S+) not found|could not find a network matching (\S+)`, start, "la red %s ya no existe", "network %s does not exist any more", "docker network ls\n{up}"},
		{`all predefined address pools have been fully subnetted|could not find an available,? `, start, "no quedan direcciones para otra red", "no addresses are left for another network", "docker network ls\ndocker network prune"},
		{`bind source path does not exist: (\S+)`, start, "el origen del montaje, %s, no existe", "the source of the mount, %s, does not exist", "ls -ld %s\n{up}"},
		{
			`error mounting "([^"]+)" to rootfs at "([^"]+)".*not a directory|Are you trying to mount a directory onto a file`, start,
			"se monta %s sobre %s y uno es una carpeta y el otro un archivo", "%s is mounted over %s, and one is a directory and the other a file", "ls -ld %s\n{up}",
		},
		{`error while creating mount source path '([^']+)'`, start, "Docker no puede crear %s para montarlo", "Docker cannot make %s to mount it", "ls -ld %s"},
		{`error mounting "([^"]+)" to rootfs at "([^"]+)"`, start, "no se puede montar %s en %s", "%s cannot be mounted at %s", "ls -ld %s"},
		{`[Cc]annot mkdir: (\S+) is not a directory`, start, "la carpeta de trabajo %s es un archivo", "the working directory %s is a file", "{up}"},
		{`no space left on device`, start, "el disco está lleno", "the disk is full", "docker system df\ndf -h\ndf -i"},
		{`adding custom device "([^"]+)"`, start, "el dispositivo %s no existe en esta máquina", "device %s does not exist on this machine", "ls -l %s\n{up}"},
		{`could not select device driver "[^"]*" with capabilities: \[\[gpu`, start, "se pide una GPU y falta NVIDIA Container Toolkit", "a GPU is asked for, and the NVIDIA Container Toolkit is missing", "nvidia-smi\nsudo apt-get install nvidia-container-toolkit"},
		{`(?:[Uu]nknown runtime specified|unknown or invalid runtime name:?) (\S+)`, start, "el motor no conoce el runtime %s", "the engine does not know the runtime %s", "docker info --format '{{json .Runtimes}}'"},
		{`(?:cannot join|cannot connect to)?.*(?:non running|not running) container:? (\S+)|container (\S+) is not running`, start, "usa la red o los procesos del contenedor %s, que no corre", "it uses the network or the processes of container %s, which does not run", "docker start %s\ndocker start {name}"},
		{`[Nn]o such container: (\S+)`, start, "depende del contenedor %s, que ya no existe", "it depends on container %s, which is not there any more", "{up}"},
		{`open /?(?:proc/)?(sys/[\w./-]+): (?:no such file|permission denied)|sysctl "([^"]+)"`, start, "este núcleo no admite el ajuste %s", "this kernel does not take the setting %s", "{up}"},
		{`error setting rlimits?.*|rlimit`, start, "no se puede dar el límite (ulimit) que se pide", "the limit (ulimit) that is asked for cannot be given", "ulimit -Hn\n{up}"},
		{`sethostname: invalid argument`, start, "el nombre de la máquina es demasiado largo (64 letras) o no vale", "the host name is too long (64 letters), or no host name", "{up}"},
		{`apparmor[^\n]{0,200}`, start, "AppArmor no tiene el perfil, o lo rechaza", "AppArmor does not have the profile, or refuses it", "sudo aa-status | head"},
		{`seccomp[^\n]{0,100}`, start, "el perfil de seccomp no vale aquí", "the seccomp profile is not valid here", "{up}"},
		{`unable to apply caps|capset|CAP_[A-Z_]+|can't get final child's PID|operation not permitted`, start, "el núcleo no concede lo que se pide (capacidades, --privileged o montajes)", "the kernel does not grant what is asked for (capabilities, --privileged or mounts)", "docker inspect -f '{{.HostConfig.Privileged}} {{.HostConfig.CapAdd}}' {name}"},
		{`cgroup|memory\.limit_in_bytes|memory\.max|cpuset`, start, "el núcleo no admite los límites (cgroups) que se piden", "the kernel does not take the limits (cgroups) that are asked for", "mount | grep cgroup\ndocker info --format '{{.CgroupDriver}} {{.CgroupVersion}}'"},
		{`containerd|ttrpc|shim`, start, "containerd no pudo iniciarlo", "containerd could not start it", "sudo systemctl restart containerd docker\ndocker start {name}"},
	}
}

// refusal explains State.Error.
func refusal(s *scene.Scene, c *scene.Container, f *doctor.Finding) {
	f.Code = "DC-STA-006"
	f.Evidence = clip(c.State.Error)
	f.Cause = doctor.Say("Docker no pudo iniciarlo", "Docker could not start it")
	f.Fix = "docker start " + c.Name
	// What the runtime wraps around is no cause.
	said := regexp.MustCompile(`^(failed to create (?:shim )?task(?: for container)?: )?(?:OCI runtime create failed: )?(?:runc create failed: )?(?:unable to start container process: )?(?:error during container init: )?`).ReplaceAllString(c.State.Error, "")
	names := strings.NewReplacer("{name}", c.Name, "{up}", up(s), "{image}", c.Config.Image)
	if !why(said, names, f) {
		explain(f, said)
	}
	if f.Fix == "" {
		f.Fix = show(c) + "\n" + up(s)
	}
}

// why fills a finding with what a message of Docker means; false when the table
// does not know it.
func why(said string, names *strings.Replacer, f *doctor.Finding) bool {
	for _, r := range refusals() {
		found := regexp.MustCompile(r.pattern).FindStringSubmatch(said)
		if found == nil {
			continue
		}
		var values []string
		for _, v := range found[1:] {
			if v != "" {
				values = append(values, strings.TrimRight(v, ".,:"))
			}
		}
		f.Code = r.code
		f.Cause = procedure.Text{ES: fill(r.es, values), EN: fill(r.en, values)}
		f.Fix = names.Replace(fill(r.fix, quoted(values)))
		return true
	}
	return false
}

// fill puts values in the places of the %s, the last one where too few are there.
func fill(text string, values []string) string {
	for i := 0; strings.Contains(text, "%s"); i++ {
		value := "…"
		if len(values) > 0 {
			value = values[min(i, len(values)-1)]
		}
		text = strings.Replace(text, "%s", value, 1)
	}
	return text
}

func quoted(values []string) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		all = append(all, command.Quote(v))
	}
	return all
}
