package survey

import (
	"strings"

	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// rule is one row of the table: what it looks at, and how it judges that. When a
// section in needs could not be read, the rule is not asked.
type rule struct {
	code  string
	title procedure.Text
	needs []string
	judge func(*Facts, Wants) verdict.Finding
}

// rules is the table, in the order in which a person would look.
func rules() []rule {
	row := func(code, es, en, needs string, judge func(*Facts, Wants) verdict.Finding) rule {
		return rule{code, procedure.Text{ES: es, EN: en}, strings.Fields(needs), judge}
	}
	return []rule{
		row("HC-OS-001", "Distribución", "Distribution", "os", (*Facts).distribution),
		row("HC-OS-002", "Soporte de la versión", "Release in support", "os", (*Facts).release),
		row("HC-ARCH-001", "Arquitectura", "Architecture", "machine", (*Facts).architecture),
		row("HC-KRN-001", "Versión del kernel", "Kernel version", "machine", (*Facts).kernel),
		row("HC-KRN-002", "Funciones del kernel", "Kernel features", "modules filesystems", (*Facts).features),
		row("HC-KRN-003", "Módulos del kernel en uso", "Modules of the running kernel", "modules", (*Facts).modules),
		row("HC-CG-001", "Versión de cgroup", "Cgroup version", "mounts", (*Facts).cgroups),
		row("HC-CG-002", "Límites de memoria", "Memory limits", "cgroup", (*Facts).memoryLimits),
		row("HC-VIRT-001", "Virtualización", "Virtualisation", "cpu virt", (*Facts).virtualisation),
		row("HC-VIRT-002", "Dentro de un contenedor", "Inside a container", "virt", (*Facts).inContainer),
		row("HC-MEM-001", "Memoria", "Memory", "memory", (*Facts).memory),
		row("HC-DISK-001", "Espacio para los datos de Docker", "Space for Docker's data", "data space", (*Facts).space),
		row("HC-DISK-002", "Inodos para los datos de Docker", "Inodes for Docker's data", "data inodes", (*Facts).inodes),
		row("HC-DISK-003", "Sistema de archivos de los datos", "File system of the data", "data mounts", (*Facts).fileSystem),
		row("HC-DISK-004", "Directorio de datos configurado", "Configured data root", "data daemon.json", (*Facts).dataRoot),
		row("HC-NET-001", "Puertos libres", "Free ports", "ports", (*Facts).ports),
		row("HC-NET-002", "Subredes sin conflicto", "Subnets without collision", "routes daemon.json", (*Facts).subnets),
		row("HC-NET-003", "Reenvío de paquetes", "Packet forwarding", "sysctl", (*Facts).forwarding),
		row("HC-NET-004", "iptables", "iptables", "iptables modules", (*Facts).iptables),
		row("HC-PKG-001", "Docker como snap", "Docker as a snap", "snap", (*Facts).snapDocker),
		row("HC-PKG-002", "Paquetes en conflicto", "Conflicting packages", "dpkg rpm apk", (*Facts).conflicting),
		row("HC-PKG-003", "podman-docker", "podman-docker", "dpkg rpm apk client", (*Facts).podmanDocker),
		row("HC-DKR-001", "Docker existente", "Docker that is there", "client dockerd sockets", (*Facts).existing),
		row("HC-DKR-002", "Destino del cliente", "Where the client goes", "environment context", (*Facts).target),
		row("HC-DKR-003", "daemon.json", "daemon.json", "daemon.json", (*Facts).daemonFile),
		row("HC-PRX-001", "Proxy", "Proxy", "environment etc.environment apt.proxy daemon.json unit.proxy", (*Facts).proxies),
		row("HC-INIT-001", "Sistema de inicio", "Init system", "init", (*Facts).processOne),
		row("HC-RGT-001", "Derechos", "Rights", "rights", (*Facts).rights),
		row("HC-RGT-002", "Grupo docker", "Group docker", "rights", (*Facts).dockerGroup),
		row("HC-SEC-001", "AppArmor y SELinux", "AppArmor and SELinux", "lsm tools", (*Facts).security),
		row("HC-TIME-001", "Reloj", "Clock", "machine clock", (*Facts).clock),
		row("HC-TOOL-001", "Programas necesarios", "Needed programs", "tools", (*Facts).tools),
	}
}

// Judge holds the facts against what is wanted: one finding for each rule, in the
// order of the table. It is pure.
func (f *Facts) Judge(w Wants) []verdict.Finding {
	table := rules()
	all := make([]verdict.Finding, 0, len(table))
	for _, r := range table {
		found := f.apply(r, w)
		found.Code, found.Title = r.code, r.title
		all = append(all, found)
	}
	return all
}

func (f *Facts) apply(r rule, w Wants) verdict.Finding {
	for _, need := range r.needs {
		if why, missing := f.Unread[need]; missing {
			return unknown(need, why)
		}
	}
	return r.judge(f, w)
}

// list joins for a sentence.
func list(all []string) string { return strings.Join(all, ", ") }
