// Package volumes looks at what is mounted into the containers, and at where it
// comes from.
//
// Three things are held against each other: the mounts that the configuration
// asks for, those that the engine gave to the containers, and those that the
// kernel has there now. Paths of the engine's machine are looked at only when that
// is this one. A mount is at fault when something proves it: a source that is
// empty, young or owned by root proves nothing alone.
package volumes

import (
	"context"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 4. They look at one scene.
func Checks() []doctor.Check {
	var sight sight
	row := func(code, es, en string, judge func(*sightseen) []doctor.Finding) doctor.Check {
		return doctor.Row(code, es, en, func(ctx context.Context, s *scene.Scene) []doctor.Finding {
			seen, err := sight.look(ctx, s)
			if err != nil {
				return doctor.Unseen(err)
			}
			return judge(seen)
		})
	}
	return []doctor.Check{
		row("DC-VOL-001", "Existe el origen de cada montaje", "The source of every mount is there", sources),
		row("DC-VOL-002", "Ningún origen lo creó Docker vacío", "No source was made empty by Docker", made),
		row("DC-VOL-009", "El origen es el que se montó", "The source is still the one that was mounted", replaced),
		row("DC-VOL-004", "Los volúmenes existen", "The volumes are there", volumes),
		row("DC-VOL-006", "Los controladores de volúmenes pueden montarlos", "The drivers of volumes can mount them", drivers),
		row("DC-VOL-005", "Los volúmenes conservan sus datos", "The volumes have their data", data),
		row("DC-VOL-003", "Se puede escribir donde hace falta", "What has to be written can be", readOnly),
		row("DC-VOL-007", "El espacio de trabajo está montado en su sitio", "The workspace is mounted where it belongs", workspace),
		row("DC-VOL-008", "Ningún montaje tapa lo que la imagen trae", "No mount hides what the image brings", hidden),
		row("DC-VOL-010", "Cada base de datos tiene su volumen", "Every database has a volume of its own", shared),
	}
}

// rebuild is how a container is made again, with the mounts that are asked for now.
func (s *sightseen) rebuild() string {
	return command.Read("devcontainer", "up", "--remove-existing-container", "--workspace-folder", s.Workspace).String()
}

// verdict is the findings, or that all is well.
func verdict(found []doctor.Finding, well string, args ...any) []doctor.Finding {
	if len(found) == 0 {
		return doctor.Good(well, args...)
	}
	return found
}
