package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
)

// rights are what decides whether a user may use a socket.
const rights = `echo "== socket"; stat -Lc '%U:%G %a' -- "$1" 2>&1
echo "== group"; group=$(stat -Lc %G -- "$1" 2>/dev/null); echo "$group"
echo "== user"; id -un
echo "== groups"; id -Gn
echo "== members"; getent group "$group"
echo "== listed"; id -Gn "$(id -un)"
echo "== docker"; getent group docker
echo "== way"; at=$1; while at=$(dirname -- "$at"); [ "$at" != / ]; do [ -x "$at" ] || echo "$at"; done`

// forbidden is a socket that this user may not use. Nobody is told to open it to
// all: who may use it is root on the machine.
func (p *patient) forbidden(ctx context.Context) doctor.Finding {
	f := doctor.Finding{
		Code: "DC-ENG-003", Title: doctor.Say("El usuario no puede usar el socket", "The user may not use the socket"),
		Where: p.socket(), Evidence: oneLine(p.said),
		Cause: doctor.Say("este usuario no puede usar el socket del motor", "this user may not use the socket of the engine"),
		Fix:   "sudo usermod -aG docker \"$USER\"\nnewgrp docker",
	}
	said, err := p.Here(ctx, rights, p.socket())
	if err != nil {
		return f
	}
	group, user := said["group"], said["user"]
	has := func(part, want string) bool { return slices.Contains(strings.Fields(said[part]), want) }
	if group != "" {
		f.Evidence = fmt.Sprintf("%s is %s; %s is in %s", p.socket(), said["socket"], user, said["groups"])
	}
	switch {
	case said["way"] != "":
		f.Evidence = fmt.Sprintf("%s may not enter %s", user, strings.Fields(said["way"])[0])
		f.Cause = doctor.Say("el usuario no puede entrar en la carpeta del socket", "the user may not enter the folder of the socket")
		f.Fix = "ls -ld " + strings.Fields(said["way"])[0] + "\ndocker context ls"
	case has("groups", group) && group != "":
		f.Cause = doctor.Say("el grupo %s no puede escribir en el socket", "the group %s may not write to the socket", group)
		f.Fix = "sudo systemctl restart docker.socket docker"
	case has("listed", group) && group != "":
		f.Evidence += fmt.Sprintf("; the session is older than the membership in %s", group)
		f.Cause = doctor.Say("el usuario ya está en el grupo %s, pero su sesión empezó antes", "the user is in the group %s already, but the session began before that", group)
		f.Fix = "newgrp " + group
	case group == "root" && said["docker"] == "":
		f.Cause = doctor.Say("el demonio no encontró el grupo docker y dejó el socket a root", "the daemon found no group docker and left the socket to root")
		f.Fix = "sudo groupadd docker\nsudo usermod -aG docker \"$USER\"\nsudo systemctl restart docker.socket docker\nnewgrp docker"
	case group == "root":
		f.Cause = doctor.Say("el socket es del grupo root: el demonio no se inició con el grupo docker", "the socket belongs to the group root: the daemon was not started with the group docker")
		f.Fix = "sudo usermod -aG docker \"$USER\"\nsudo systemctl restart docker.socket docker\nnewgrp docker"
	case group != "":
		f.Cause = doctor.Say("el usuario %s no está en el grupo %s, el del socket", "the user %s is not in the group %s, that of the socket", user, group)
		f.Fix = "sudo usermod -aG " + group + " \"$USER\"\nnewgrp " + group
	}
	return f
}

// hung is a daemon that has taken the question.
func (p *patient) hung() doctor.Finding {
	f := doctor.Finding{
		Code: "DC-ENG-002", Title: doctor.Say("El motor no contesta", "The engine does not answer: it hangs"),
		Where: p.socket(), Evidence: p.refused.Error(),
		Cause: doctor.Say("el demonio acepta la conexión y no contesta", "the daemon takes the connection and does not answer"),
	}
	h := newHome(p.socket())
	d, found := h.process(daemons())
	f.Fix = restart(h, d)
	if !found {
		return f
	}
	f.Evidence += fmt.Sprintf("; process %d is in state %s", d.pid, d.state)
	switch d.state {
	case "T", "t":
		f.Cause = doctor.Say("el proceso %d del demonio está detenido por una señal (SIGSTOP) o un depurador", "the daemon's process %d is stopped by a signal (SIGSTOP) or a debugger", d.pid)
		f.Fix = fmt.Sprintf("sudo kill -CONT %d", d.pid)
		f.Repair = &doctor.Repair{
			Safe: true, Do: []string{fmt.Sprintf("kill -CONT %d", d.pid)}, Undo: []string{fmt.Sprintf("kill -STOP %d", d.pid)},
			Was: fmt.Sprintf("grep -c '^State:.*stopped' /proc/%d/status", d.pid),
		}
	case "D":
		f.Cause = doctor.Say("el demonio espera un disco o una red que no contesta", "the daemon waits for a disk or a network that does not answer")
		f.Fix = join("sudo dmesg | tail -n 20", restart(h, d))
	}
	return f
}

// restart is how the daemon of a socket is started again.
func restart(h home, d daemon) string {
	switch {
	case h.unit && strings.HasPrefix(h.socket, "/run/user/"):
		return "systemctl --user restart docker"
	case h.unit || d.pid == 0:
		return "sudo systemctl restart docker"
	}
	return join(fmt.Sprintf("sudo kill %d", d.pid), start(h, ""))
}
