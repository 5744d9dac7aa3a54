package engine

import (
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/procedure"
)

// reason is what dockerd says when it cannot start, and what that means.
type reason struct {
	words []string // any of them, in small letters
	cause procedure.Text
	fix   string
	key   string // of daemon.json, whose value is evidence
}

// reasons are those that are no matter of daemon.json, which has a check of its
// own; the catalogue of symptoms knows more.
func reasons() []reason {
	return []reason{
		{
			[]string{"no space left on device"},
			doctor.Say("el disco de los datos del demonio está lleno", "the disk of the daemon's data is full"), "df -h {root}; df -i {root}", "",
		},
		{
			[]string{"pid file found", "process with pid"},
			doctor.Say("dockerd cree que ya corre: un archivo de pid de antes nombra un proceso que vive", "dockerd believes that it runs already: an earlier pid file names a process that lives"),
			"ps -fp \"$(cat {pidfile})\"\nsudo rm {pidfile}", "",
		},
		{
			[]string{"failed to dial", "containerd.sock"},
			doctor.Say("containerd, que inicia los contenedores, no contesta", "containerd, which starts the containers, does not answer"), "sudo systemctl restart containerd", "",
		},
		{
			[]string{"address already in use", "is already in use", "bind: "},
			doctor.Say("otro programa tiene la dirección en la que el demonio debe escuchar", "another program has the address at which the daemon is to listen"), "sudo ss -ltnxp | grep -E 'docker|2375|2376'", "",
		},
		{
			[]string{"driver not supported", "driver not satisfied", "error initializing graphdriver"},
			doctor.Say("el demonio no puede usar el controlador de almacenamiento", "the daemon cannot use the storage driver"), "grep storage-driver {config}\nls {root}", "storage-driver",
		},
		{
			[]string{"cgroup mountpoint does not exist", "devices cgroup isn't mounted"},
			doctor.Say("el núcleo no ofrece los cgroups que el demonio necesita", "the kernel does not offer the cgroups that the daemon needs"), "mount | grep cgroup", "",
		},
		{
			[]string{"error initializing network controller", "iptables"},
			doctor.Say("el demonio no puede preparar su red: iptables o las direcciones de su puente", "the daemon cannot prepare its network: iptables, or the addresses of its bridge"), "sudo iptables -t nat -L -n | head\nip route", "",
		},
		{
			[]string{"permission denied", "operation not permitted", "dockerd needs to be started with root"},
			doctor.Say("al demonio le faltan permisos", "the daemon lacks rights"), "sudo ls -ld {root}", "",
		},
	}
}
