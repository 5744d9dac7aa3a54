// Package resources looks at what the engine and the containers have to work
// with: memory, processors, disk and the limits of the kernel.
//
// Each rule is a function of numbers: who asks for them is another matter. A rule
// speaks up when something does not work for want of a resource, or is about to;
// a resource that is merely well used is none of its business.
package resources

import (
	"context"
	"errors"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 6. A full disk stands before what it fills.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-RES-009", "Registros de los contenedores", "Logs of the containers", logs),
		doctor.Row("DC-RES-015", "Sistema de archivos del motor: escritura", "The engine's file system can be written", writable),
		doctor.Row("DC-RES-001", "Espacio para los datos del motor", "Space for the engine's data", space),
		doctor.Row("DC-RES-002", "Inodos", "Inodes", inodes),
		doctor.Row("DC-RES-011", "Memoria de la máquina", "Memory of the machine", machineMemory),
		doctor.Row("DC-RES-003", "Memoria del contenedor", "Memory of the container", memory),
		doctor.Row("DC-RES-004", "Procesos terminados por falta de memoria", "Processes killed for want of memory", kills),
		doctor.Row("DC-RES-005", "Procesador racionado", "Processor throttled", throttled),
		doctor.Row("DC-RES-006", "Número de procesos", "Number of processes", tasks),
		doctor.Row("DC-RES-014", "Procesos zombis", "Zombie processes", zombies),
		doctor.Row("DC-RES-007", "Vigilancia de archivos (inotify)", "Watching files (inotify)", watches),
		doctor.Row("DC-RES-008", "Archivos abiertos", "Open files", files),
		doctor.Row("DC-RES-012", "Sistemas de archivos en el contenedor", "File systems in the container", inside),
		doctor.Row("DC-RES-010", "Espacio recuperable", "Space that can be had back", reclaimable),
		doctor.Row("DC-RES-013", "Requisitos de devcontainer.json", "What devcontainer.json requires", requirements),
		doctor.Row("DC-RES-016", "Controlador de almacenamiento", "Storage driver", storage),
	}
}

// running are the workspace's containers that run, each with its two looks.
type running struct {
	*scene.Container
	*scene.Vitals
}

// nobody is why nothing is judged.
type nobody struct{}

func (*nobody) Error() string { return "no container of the workspace runs" }

// look gives the containers that run. A container that cannot be looked at is
// left out as long as there is another one.
func look(s *scene.Scene) ([]running, error) {
	mine, err := s.Containers()
	if err != nil {
		return nil, err
	}
	var all []running
	var unseen error
	for _, c := range mine {
		if !c.State.Running {
			continue
		}
		v, err := s.Vitals(c)
		if err != nil {
			unseen = err
			continue
		}
		all = append(all, running{c, v})
	}
	switch {
	case len(all) > 0:
		return all, nil
	case unseen != nil:
		return nil, unseen
	}
	return nil, &nobody{}
}

// each asks a rule of every container that runs. Where it finds nothing the words
// of the first one say how things stand.
func each(s *scene.Scene, rule func(running) (doctor.Finding, string)) []doctor.Finding {
	all, err := look(s)
	var none *nobody
	if errors.As(err, &none) {
		return doctor.Good("%s", none.Error())
	}
	if err != nil {
		return doctor.Unseen(err)
	}
	var found []doctor.Finding
	said := ""
	for _, r := range all {
		f, words := rule(r)
		if f.State != "" {
			f.Where = r.Name
			found = append(found, f)
		}
		if said == "" {
			said = words
		}
	}
	if len(found) == 0 {
		return doctor.Good("%s", said)
	}
	return found
}

// ofMachine asks a rule of the machine, when the engine is on this one.
func ofMachine(s *scene.Scene, rule func(*scene.Machine) []doctor.Finding) []doctor.Finding {
	m, err := s.Machine()
	if err != nil {
		return doctor.Unseen(err)
	}
	return rule(m)
}

// storage names the driver that copies a whole image for each container.
func storage(ctx context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	main, err := s.Main()
	if err != nil || main == nil || e.Driver != "vfs" {
		return doctor.Good("%s", e.Driver)
	}
	i, err := s.Image(ctx, main.Image)
	if err != nil || i == nil {
		return doctor.Good("%s", e.Driver)
	}
	return vfs(i.Size)
}

// vfs is felt when an image is large: each layer and each container is a copy.
func vfs(size int64) []doctor.Finding {
	if size < gib {
		return doctor.Good("vfs, with an image of %s", bytes(size))
	}
	return []doctor.Finding{{
		State: doctor.Warn, Evidence: "storage driver vfs, image of " + bytes(size),
		Cause: doctor.Say("el controlador vfs copia la imagen entera por cada capa y contenedor: disco y tiempo",
			"the driver vfs copies the whole image for each layer and each container: disk and time"),
		Fix: `grep -w overlay /proc/filesystems && docker info --format '{{.DockerRootDir}}'` + "\n" + `# "storage-driver": "overlay2" in /etc/docker/daemon.json, on a file system that is no overlay itself; images are pulled again`,
	}}
}
