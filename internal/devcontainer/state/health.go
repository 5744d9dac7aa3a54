package state

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// health reads the probes of the devcontainer.
func health(_ context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case c == nil || !c.State.Running || c.State.Health == nil || c.State.Health.Status == "none":
		return doctor.Good("no health check")
	case c.State.Health.Status != "unhealthy":
		return doctor.Good("%s is %s", c.Name, c.State.Health.Status)
	}
	f := unhealthy(c)
	f.Title = title("DC-STA-005")
	return []doctor.Finding{f}
}

// unhealthy tells the last probe, and whether it could run at all.
func unhealthy(c *scene.Container) doctor.Finding {
	f := doctor.Finding{
		State: doctor.Fail, Where: c.Name, Evidence: fmt.Sprintf("unhealthy, %d failures in a row", c.State.Health.FailingStreak),
		Cause: doctor.Say("su prueba de salud falla: el servicio no está listo o no contesta", "its health check fails: the service is not ready, or does not answer"),
		Fix:   "docker inspect -f '{{json .State.Health.Log}}' " + c.Name,
	}
	probe := ""
	if c.Config.Healthcheck != nil {
		probe = strings.Join(c.Config.Healthcheck.Test[min(1, len(c.Config.Healthcheck.Test)):], " ")
		f.Fix += "\ndocker exec " + c.Name + " sh -c " + command.Quote(probe)
	}
	if len(c.State.Health.Log) == 0 {
		return f
	}
	last := c.State.Health.Log[len(c.State.Health.Log)-1]
	f.Evidence += fmt.Sprintf("; last probe (%s): exit %d: %s", clip(probe), last.ExitCode, clip(last.Output))
	out := strings.ToLower(last.Output)
	switch {
	case last.ExitCode == 127, last.ExitCode == 126, strings.Contains(out, "executable file not found"), strings.Contains(out, "not found\n") && last.ExitCode != 22:
		f.Cause = doctor.Say("la prueba de salud misma no se puede ejecutar: su programa no está en la imagen; del servicio no dice nada",
			"the health check itself cannot run: its program is not in the image; it says nothing of the service")
	case strings.Contains(out, "exceeded timeout"), strings.Contains(out, "timed out"):
		f.Cause = doctor.Say("la prueba de salud no acaba a tiempo: el servicio está colgado o la máquina va muy cargada", "the health check does not end in time: the service hangs, or the machine is under heavy load")
	case strings.Contains(out, "connection refused"):
		f.Cause = doctor.Say("nadie escucha donde la prueba pregunta: el servicio no arrancó, o lo hace en otro puerto", "nobody listens where the check asks: the service did not start, or listens at another port")
	case strings.Contains(out, "resolve"), strings.Contains(out, "name or service not known"):
		f.Cause = doctor.Say("la prueba pregunta por un nombre que no se resuelve", "the check asks for a name that does not resolve")
	default:
		explain(&f, last.Output)
	}
	return f
}
