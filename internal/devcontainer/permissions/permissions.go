// Package permissions looks at who works in the container, and whether that user
// may do what is needed there.
//
// The kernel is asked, and not the modes: a script runs in the container as that
// user and tries each path with test, which writes nothing. A second one, as root,
// tells what the user cannot see, to say why. Who the files belong to is no fault
// as long as the user can work with them.
package permissions

import (
	"context"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 5. They look at one scene.
func Checks() []doctor.Check {
	var sight sight
	row := func(code, es, en string, judge func(*person) []doctor.Finding) doctor.Check {
		return doctor.Row(code, es, en, func(ctx context.Context, s *scene.Scene) []doctor.Finding {
			p, err := sight.look(ctx, s)
			if err != nil {
				return doctor.Unseen(err)
			}
			return judge(p)
		})
	}
	// inside is a check that needs an answer from the container.
	inside := func(judge func(*person) []doctor.Finding) func(*person) []doctor.Finding {
		return func(p *person) []doctor.Finding {
			switch {
			case p.main == nil || !p.main.State.Running || p.main.State.Paused:
				return doctor.Good("no container that runs")
			case p.err != nil:
				return doctor.Unseen(p.err)
			}
			return judge(p)
		}
	}
	return []doctor.Check{
		row("DC-PRM-001", "El usuario existe en el contenedor", "The user exists in the container", user),
		row("DC-PRM-005", "Se puede escribir en el sistema de archivos raíz, o donde hace falta", "The root file system can be written, or what is needed of it", inside(readOnlyRoot)),
		row("DC-PRM-002", "El usuario puede escribir en el espacio de trabajo", "The user can write in the workspace", inside(workspace)),
		row("DC-PRM-003", "El usuario tiene su directorio personal", "The user has a home", inside(home)),
		row("DC-PRM-010", "Los volúmenes y las carpetas de herramientas son del usuario", "Volumes and folders of tools are the user's", inside(folders)),
		row("DC-PRM-011", "Todos pueden escribir en /tmp", "Everybody can write in /tmp", inside(temporary)),
		row("DC-PRM-007", "SELinux, AppArmor y seccomp lo permiten", "SELinux, AppArmor and seccomp allow it", guards),
		row("DC-PRM-006", "El contenedor tiene las capacidades pedidas", "The container has the capabilities that were asked for", inside(capabilities)),
		row("DC-PRM-004", "El usuario puede usar el socket de Docker", "The user can use the socket of Docker", inside(socket)),
		row("DC-PRM-012", "sudo funciona donde se usa", "sudo works where it is used", inside(sudo)),
		row("DC-PRM-008", "git acepta el repositorio", "git accepts the repository", inside(git)),
		row("DC-PRM-009", "ssh acepta sus claves", "ssh accepts its keys", inside(keys)),
		row("DC-PRM-013", "Se pueden ejecutar los programas del espacio de trabajo", "Programs of the workspace can be run", inside(executable)),
	}
}

// rebuild is how the container is made again.
func (p *person) rebuild() string {
	return command.Read("devcontainer", "up", "--remove-existing-container", "--workspace-folder", p.Workspace).String()
}

// verdict is the findings, or that all is well.
func verdict(found []doctor.Finding, well string, args ...any) []doctor.Finding {
	if len(found) == 0 {
		return doctor.Good(well, args...)
	}
	return found
}
