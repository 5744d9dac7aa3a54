package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
)

// usual is where an engine listens if nobody says otherwise.
const usual = "/var/run/docker.sock"

// socket is the path that the client asks at, "" when it is none.
func (p *patient) socket() string {
	path, is := strings.CutPrefix(p.refused.Endpoint, "unix://")
	if !is {
		return ""
	}
	return filepath.Clean(path)
}

// there says whether there is a socket. Without one nobody can have taken a
// question: the client itself was too slow, on a machine under heavy load.
func (p *patient) there() bool {
	info, err := os.Stat(p.socket())
	return err == nil && info.Mode()&os.ModeSocket != 0
}

// remote says whether the client was sent to another machine, or to a place that
// is none.
func (p *patient) remote() bool {
	return p.socket() == "" || p.tells("docker endpoint") || p.tells("context", "not found")
}

// chosen is what sent the client there, and what to type that takes it back.
func (p *patient) chosen() (by, back string) {
	switch {
	case p.Variable("DOCKER_HOST") != "":
		return "DOCKER_HOST=" + p.Variable("DOCKER_HOST"), "unset DOCKER_HOST"
	case p.Variable("DOCKER_CONTEXT") != "":
		return "DOCKER_CONTEXT=" + p.Variable("DOCKER_CONTEXT"), "unset DOCKER_CONTEXT"
	case p.refused.Context != "" && p.refused.Context != "default":
		return "the docker context " + p.refused.Context, "docker context use default"
	}
	return "", ""
}

// elsewhere is an endpoint that is not a socket of this machine.
func (p *patient) elsewhere() doctor.Finding {
	by, back := p.chosen()
	f := doctor.Finding{
		Code: "DC-ENG-004", Title: doctor.Say("El cliente llama a otro sitio", "The client calls elsewhere"),
		Where: by, Evidence: oneLine(p.said), Fix: join("docker context ls", back),
	}
	to := p.refused.Endpoint
	switch {
	case p.refused.Hung:
		f.Evidence = p.refused.Error()
		f.Cause = doctor.Say("nadie contesta en %s: la máquina no está, o un cortafuegos calla", "nobody answers at %s: the machine is away, or a firewall keeps silent", to)
	case p.tells("context") && (p.tells("not found") || p.tells("does not exist")):
		f.Cause = doctor.Say("se eligió un contexto de docker que no existe", "a docker context was chosen that does not exist")
	case p.tells("certificate") || p.tells("x509") || p.tells(".pem") || p.tells("https"):
		f.Cause = doctor.Say("el cliente y %s no se ponen de acuerdo en TLS: faltan certificados, o solo uno de los dos lo usa", "the client and %s do not agree on TLS: certificates are missing, or only one of the two uses it", to)
		f.Fix = join("echo \"$DOCKER_TLS_VERIFY $DOCKER_CERT_PATH\"; ls -l \"${DOCKER_CERT_PATH:-$HOME/.docker}\"", back)
	case strings.HasPrefix(to, "ssh://"):
		f.Cause = doctor.Say("ssh no llega al motor de %s: sin nombre, sin clave, o sin docker allí", "ssh does not reach the engine of %s: no such name, no key, or no docker there", to)
		f.Fix = join("ssh "+strings.TrimPrefix(to, "ssh://")+" docker version", back)
	case p.tells("no such host"), p.tells("name or service not known"):
		f.Cause = doctor.Say("el nombre en %s no existe", "the name in %s does not exist", to)
	case p.tells("invalid bind address"), p.tells("unable to parse"), p.tells("protocol not available"):
		f.Cause = doctor.Say("%s no es una dirección: son unix://RUTA, tcp://HOST:PUERTO o ssh://USER@HOST", "%s is no address: those are unix://PATH, tcp://HOST:PORT or ssh://USER@HOST", to)
	default:
		f.Cause = doctor.Say("en %s no contesta ningún motor", "no engine answers at %s", to)
	}
	return f
}

// misled is a client that was sent to a socket at which nobody is, while an
// engine listens at another one.
func (p *patient) misled(ctx context.Context) (doctor.Finding, bool) {
	by, back := p.chosen()
	path := p.socket()
	if by == "" || path == usual {
		return doctor.Finding{}, false
	}
	const script = `echo "== there"; ls -d -- "$1" 2>/dev/null; echo "== alive"
shift; for at; do [ -S "$at" ] && grep -q " $at\$" /proc/net/unix && echo "$at"; done; true`
	said, err := p.Here(ctx, script, path, usual, "/run/docker.sock", "/run/podman/podman.sock", p.Variable("XDG_RUNTIME_DIR")+"/docker.sock")
	if err != nil {
		return doctor.Finding{}, false
	}
	home := newHome(path)
	alive := strings.Fields(said["alive"])
	if home.exists() || said["there"] != "" || len(alive) == 0 && !p.tells("no such file") && !p.tells("cannot connect") {
		return doctor.Finding{}, false // there is, or was, a daemon of that socket
	}
	f := doctor.Finding{
		Code: "DC-ENG-004", Title: doctor.Say("El cliente llama a otro sitio", "The client calls elsewhere"),
		Where: by, Evidence: fmt.Sprintf("%s: %s does not exist", by, path), Fix: join("docker context ls", back),
		Cause: doctor.Say("%s lleva a un socket que no existe", "%s leads to a socket that does not exist", by),
	}
	if len(alive) > 0 {
		f.Evidence += "; an engine listens at " + alive[0]
	}
	return f, true
}

func join(lines ...string) string {
	var some []string
	for _, line := range lines {
		if line != "" {
			some = append(some, line)
		}
	}
	return strings.Join(some, "\n")
}

// oneLine is a text as evidence: its first lines, not too much of it.
func oneLine(text string) string {
	line := strings.Join(strings.Fields(text), " ")
	if runes := []rune(line); len(runes) > 300 {
		line = string(runes[:300]) + "…"
	}
	return line
}
