package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// limit is for programs that ask no engine.
const limit = 3 * time.Second

// compose asks docker compose, where the workspace is one of Compose.
func compose(ctx context.Context, s *scene.Scene) []doctor.Finding {
	wanted, err := s.Settings()
	if err != nil && !scene.NoConfig(err) {
		return doctor.Unseen(err)
	}
	if len(wanted.ComposeFiles) == 0 {
		return doctor.Good("the workspace does not use Compose")
	}
	ask := command.Read("docker", "compose", "version")
	ask.Env, ask.Timeout = s.Docker, limit
	out, err := s.Door.Text(ctx, ask).String()
	var missing *command.NotFound
	if errors.As(err, &missing) {
		return doctor.Unseen(err) // the check of the engine says so
	}
	if err == nil {
		return doctor.Good("%s", strings.TrimSpace(out))
	}
	f := doctor.Finding{
		State: doctor.Fail, Title: doctor.Say("Falta Compose", "Compose is missing"), Where: strings.Join(wanted.ComposeFiles, ", "), Evidence: oneLine(err.Error()),
		Cause: doctor.Say("el espacio de trabajo usa Compose y el programa docker no tiene el plugin compose", "the workspace uses Compose, and the docker program does not have the plugin compose"),
		Fix:   "sudo apt-get update && sudo apt-get install docker-compose-plugin",
	}
	var failed *command.Error
	if errors.As(err, &failed) && failed.Stderr != "" {
		f.Evidence = oneLine(failed.Stderr)
	}
	// The client names the plugins that it could not use.
	plugins := command.Read("sh", "-c", `docker info --format '{{range .ClientInfo.Plugins}}{{.Name}} {{.Path}} {{.Err}}
{{end}}' 2>/dev/null | grep '^compose ' || ls -l -- "${DOCKER_CONFIG:-$HOME/.docker}/cli-plugins/docker-compose" /usr/libexec/docker/cli-plugins/docker-compose /usr/lib/docker/cli-plugins/docker-compose /usr/local/lib/docker/cli-plugins/docker-compose 2>/dev/null`)
	plugins.Env, plugins.Timeout = s.Docker, limit
	if seen, _ := s.Door.Text(ctx, plugins).String(); strings.TrimSpace(seen) != "" {
		f.Title = doctor.Say("El plugin Compose no funciona", "The Compose plugin does not work")
		f.Evidence = oneLine(seen) + ": " + f.Evidence
		f.Cause = doctor.Say("el plugin compose está y no se puede ejecutar: es de otra arquitectura, no es ejecutable o está cortado",
			"the plugin compose is there and cannot be run: it is of another architecture, not executable, or cut off")
		f.Fix = "sudo apt-get update && sudo apt-get install --reinstall docker-compose-plugin"
	}
	return []doctor.Finding{f}
}

// warnings are those of the engine itself that a person feels.
func warnings(_ context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	for _, w := range e.Warnings {
		switch {
		case contains(w, "http://127.0.0.1:", "http://localhost:", "http://[::1]:"): // only this machine reaches it
			continue
		case contains(w, "no space left", "corrupt"):
		case contains(w, "without encryption", "insecure", "not secure") && contains(w, "tcp://0.0.0.0", "api is accessible"):
			// Everybody who reaches this port is root here.
		case contains(w, "devicemapper") && contains(w, "loop"):
		default:
			continue
		}
		return []doctor.Finding{{
			State: doctor.Warn, Title: doctor.Say("El motor avisa", "The engine warns"), Where: e.Endpoint, Evidence: oneLine(w),
			Cause: doctor.Say("lo dice el propio motor", "the engine itself says so"), Fix: "docker info 2>&1 | grep WARNING\nsudoedit /etc/docker/daemon.json",
		}}
	}
	return doctor.Good("%d warnings, none that matters", len(e.Warnings))
}
