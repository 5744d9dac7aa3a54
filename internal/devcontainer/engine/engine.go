// Package engine asks whether there is a container engine that answers, and if
// not, why. Everything else that a doctor asks depends on it.
//
// One check owns the silence of the engine: it says under the code of the cause
// what stands in the way, from the client's program over its endpoint and the
// rights at the socket to the daemon behind it. Why a daemon of this machine does
// not run is told by its own files, which are found by the socket: those that the
// packages use for the usual one, else those that lie beside it.
package engine

import (
	"context"
	"errors"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of the engine.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-ENG-001", "El motor responde", "The engine answers", answers),
		doctor.Row("DC-ENG-006", "La configuración del demonio es válida", "The settings of the daemon are valid", settings),
		doctor.Row("DC-ENG-007", "Compose funciona donde se necesita", "Compose works where it is needed", compose),
		doctor.Row("DC-ENG-009", "El motor no avisa de nada grave", "The engine warns of nothing grave", warnings),
	}
}

// answers says why the engine does not, under the code of the cause.
func answers(ctx context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	var refused *scene.Refused
	switch {
	case err == nil:
		return doctor.Good("%s", e.Line())
	case !errors.As(err, &refused):
		return doctor.Unseen(err)
	}
	p := patient{Scene: s, refused: refused, said: strings.TrimSpace(refused.Said)}
	if p.refused.Hung {
		p.said = refused.Error()
	}
	f := p.why(ctx)
	f.State = doctor.Fail
	if f.Evidence == "" {
		f.Evidence = refused.Error()
	}
	return []doctor.Finding{f}
}

// patient is an engine that does not answer.
type patient struct {
	*scene.Scene
	refused *scene.Refused
	said    string // by the client
}

// why goes the way of the question, from the client to the daemon, and ends where
// it ended.
func (p *patient) why(ctx context.Context) doctor.Finding {
	switch {
	case p.refused.Missing:
		return p.noProgram(ctx)
	case p.tells("client version", "is too new"), p.tells("client version", "is too old"):
		return p.version()
	case p.remote():
		return p.elsewhere()
	case p.refused.Hung && p.there():
		return p.hung()
	case p.tells("permission denied"):
		return p.forbidden(ctx)
	}
	if f, wrong := p.misled(ctx); wrong {
		return f
	}
	return p.stopped(ctx)
}

// tells says whether all these words are in what the client said.
func (p *patient) tells(words ...string) bool {
	said := strings.ToLower(p.said)
	for _, w := range words {
		if !strings.Contains(said, w) {
			return false
		}
	}
	return true
}

func (p *patient) noProgram(ctx context.Context) doctor.Finding {
	f := doctor.Finding{
		Code: "DC-ENG-005", Title: doctor.Say("Falta el programa docker", "There is no docker program"),
		Evidence: "docker is not in PATH", Fix: "go tool mage host:docker",
		Cause: doctor.Say("no hay programa docker en el PATH de esta sesión", "there is no docker program in the PATH of this session"),
	}
	said, err := p.Here(ctx, `echo "== podman"; command -v podman; echo "== outside"; ls -d /usr/bin/docker /usr/local/bin/docker /snap/bin/docker /opt/*/bin/docker 2>/dev/null`)
	switch {
	case err != nil:
	case said["outside"] != "":
		f.Evidence += "; there is " + said["outside"]
		f.Fix = "export PATH=\"$PATH:$(dirname " + strings.Fields(said["outside"])[0] + ")\""
	case said["podman"] != "":
		f.Evidence += "; there is " + said["podman"]
		f.Cause = doctor.Say("no hay programa docker, pero sí Podman: su paquete podman-docker da el nombre docker",
			"there is no docker program, but Podman is there: its package podman-docker gives it the name docker")
		f.Fix = "sudo apt-get install podman-docker"
	}
	return f
}

func (p *patient) version() doctor.Finding {
	f := doctor.Finding{
		Code: "DC-ENG-008", Title: doctor.Say("Cliente y motor no se entienden", "Client and engine do not understand each other"), Evidence: p.said,
		Cause: doctor.Say("el programa docker habla una versión de la API que este motor no conoce", "the docker program speaks a version of the API that this engine does not know"),
		Fix:   "docker version\nsudo apt-get update && sudo apt-get install --only-upgrade docker-ce docker-ce-cli",
	}
	if forced := p.Variable("DOCKER_API_VERSION"); forced != "" {
		f.Evidence = "DOCKER_API_VERSION=" + forced + ": " + p.said
		f.Cause = doctor.Say("DOCKER_API_VERSION fija una versión que este motor no conoce; sin ella el cliente la acuerda con él",
			"DOCKER_API_VERSION fixes a version that this engine does not know; without it the client agrees on one")
		f.Fix = "unset DOCKER_API_VERSION"
	}
	return f
}

// Log is the end of the log of an engine of this machine, "" when there is none
// to be read. It tells, too, what the engine has refused to do.
func Log(ctx context.Context, s *scene.Scene) string {
	endpoint, _, err := asked(s)
	path, is := strings.CutPrefix(endpoint, "unix://")
	if err != nil || !is {
		return ""
	}
	p := patient{Scene: s}
	_, log := p.log(ctx, newHome(path))
	return log
}
