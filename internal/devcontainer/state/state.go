// Package state looks at how the containers of the workspace are doing: whether
// they are there, run, and if not how they ended.
//
// How a container ended is said once, under the code that names it best: what
// Docker says it could not start, what the kernel says it could not run, the
// memory it was killed for, and only else its exit code with the last lines of its
// log. The catalogue of symptoms explains those lines where it knows them.
package state

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// Checks are the checks of step 1.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-STA-001", "Hay un contenedor", "There is a container", exists),
		doctor.Row("DC-STA-016", "La imagen se construyó", "The image was built", built),
		doctor.Row("DC-STA-012", "La imagen está", "The image is there", image),
		doctor.Row("DC-STA-013", "La imagen es de esta plataforma", "The image is of this platform", platform),
		doctor.Row("DC-STA-002", "El contenedor corre", "The container runs", runs),
		doctor.Row("DC-STA-003", "El contenedor no reinicia sin fin", "The container does not restart over and over", loops),
		doctor.Row("DC-STA-005", "El contenedor está sano", "The container is healthy", health),
		doctor.Row("DC-STA-011", "Las órdenes del ciclo de vida acabaron bien", "The lifecycle commands ended well", lifecycle),
		doctor.Row("DC-STA-014", "El contenedor es el de la configuración", "The container is that of the configuration", current),
		doctor.Row("DC-STA-015", "Los demás servicios corren", "The other services run", services),
	}
}

// title is what a code says when it is found.
func title(code string) procedure.Text {
	switch code {
	case "DC-RES-006":
		return doctor.Say("El contenedor terminó: no le quedan procesos", "The container has ended: it has no processes left")
	case "DC-STA-001":
		return doctor.Say("No hay contenedor", "There is no container")
	case "DC-STA-003":
		return doctor.Say("El contenedor reinicia sin fin", "The container restarts over and over")
	case "DC-STA-004":
		return doctor.Say("El contenedor se quedó sin memoria", "The container ran out of memory")
	case "DC-STA-005":
		return doctor.Say("El contenedor no está sano", "The container is unhealthy")
	case "DC-STA-006":
		return doctor.Say("El contenedor no pudo arrancar", "The container could not be started")
	case "DC-STA-007":
		return doctor.Say("Esta máquina no puede ejecutar el programa", "This machine cannot run the program")
	case "DC-STA-008":
		return doctor.Say("El programa de inicio falta o no es ejecutable", "The start-up program is missing or not executable")
	case "DC-STA-009":
		return doctor.Say("El contenedor está en pausa", "The container is paused")
	case "DC-STA-010":
		return doctor.Say("El contenedor está a medio quitar", "The container is half removed")
	case "DC-STA-011":
		return doctor.Say("Una orden del ciclo de vida falló", "A lifecycle command failed")
	case "DC-STA-012":
		return doctor.Say("Falta la imagen", "The image is missing")
	case "DC-STA-013":
		return doctor.Say("La imagen es de otra plataforma", "The image is of another platform")
	case "DC-STA-014":
		return doctor.Say("El contenedor no es el de la configuración", "The container is not that of the configuration")
	case "DC-STA-015":
		return doctor.Say("Otro servicio del proyecto no corre", "Another service of the project does not run")
	case "DC-STA-016":
		return doctor.Say("La construcción de la imagen falló", "The build of the image failed")
	}
	return doctor.Say("El contenedor terminó", "The container has ended")
}

// up makes the container again.
func up(s *scene.Scene) string {
	return "devcontainer up --remove-existing-container --workspace-folder " + command.Quote(s.Workspace)
}

// exists says whether the workspace has a container at all.
func exists(ctx context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case c != nil:
		return doctor.Good("%s", c.Name)
	}
	if path, err := s.ConfigPath(); err == nil && path == "" {
		return doctor.Good("no container, and no devcontainer.json to make one of")
	}
	return append(slices.Concat(runtimes(s), notMade(ctx, s)), doctor.Finding{
		State: doctor.Warn, Title: title("DC-STA-001"), Evidence: "no container has the label " + scene.LabelFolder + "=" + s.Workspace,
		Cause: doctor.Say("todavía no se ha creado, no se pudo crear, o se quitó", "it was not made yet, could not be made, or was removed"),
		Fix:   "devcontainer up --workspace-folder " + command.Quote(s.Workspace),
	})
}

// runs says how the devcontainer is doing.
func runs(ctx context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case c == nil:
		return doctor.Good("no container")
	}
	f := condition(ctx, s, c)
	if f == nil {
		return doctor.Good("%s is %s", c.Name, c.State.Status)
	}
	return []doctor.Finding{*f}
}

// condition is what is wrong with a container; nil when it runs, and when it only
// restarts, which is said elsewhere.
func condition(ctx context.Context, s *scene.Scene, c *scene.Container) *doctor.Finding {
	f := &doctor.Finding{State: doctor.Fail, Where: c.Name, Evidence: "State.Status " + c.State.Status}
	switch {
	case c.State.Dead, c.State.Status == "removing":
		f.Code = "DC-STA-010"
		f.Cause = doctor.Say("quitar el contenedor se quedó a medias: su sistema de archivos estaba en uso, o el demonio cayó", "the removal of the container was not finished: its file system was in use, or the daemon went down")
		f.Fix = "docker rm --force " + c.Name + "\n" + up(s)
	case c.State.Paused, c.State.Status == "paused":
		f.Code = "DC-STA-009"
		f.Cause = doctor.Say("alguien lo puso en pausa: sus procesos no avanzan", "somebody has paused it: its processes do not go on")
		f.Fix = "docker unpause " + c.Name
		f.Repair = &doctor.Repair{Safe: true, Do: []string{f.Fix}, Undo: []string{"docker pause " + c.Name}, Was: c.Shows(".State.Paused")}
	case c.State.Restarting:
		e := ended(ctx, s, c)
		if e.Code == "DC-STA-002" {
			return nil // the loop itself is what there is to say
		}
		f = &e
	case c.State.Running:
		return nil
	case c.State.Status == "created" && c.State.Error == "":
		f.Code = "DC-STA-006"
		f.Evidence = fmt.Sprintf("State.Status created, at %s", c.Created.Format(time.DateTime))
		f.Cause = doctor.Say("se creó y nunca se inició", "it was made and never started")
		f.Fix = "docker start " + c.Name
		f.Repair = &doctor.Repair{Safe: true, Do: []string{f.Fix}, Undo: []string{"docker stop " + c.Name}, Was: c.Shows(".State.Running")}
	default:
		e := ended(ctx, s, c)
		f = &e
	}
	f.Title = title(f.Code)
	return f
}

// project is the Compose project of the workspace, of the container's label.
func project(c *scene.Container) string { return c.Label(scene.LabelProject) }

// inWorkspace is a path as it stands in the workspace.
func inWorkspace(s *scene.Scene, path string) string {
	if rel, err := filepath.Rel(s.Workspace, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}
