// Package extensions looks at the extensions of VS Code and at the server that
// runs them in the container.
//
// The server is there only after an editor has connected. Where none ever has,
// nothing is missing: no check raises an alarm for what an editor would bring.
package extensions

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 8.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-EXT-004", "Bibliotecas que pide el servidor", "Libraries that the server wants", judge(libraries)),
		doctor.Row("DC-EXT-008", "Disco para el servidor", "Disk for the server", judge(disk)),
		doctor.Row("DC-EXT-006", "Permisos de la carpeta del servidor", "Rights of the server's folder", judge(rights)),
		doctor.Row("DC-EXT-005", "Proxy para las descargas", "Proxy for downloads", proxy),
		doctor.Row("DC-EXT-003", "Servidor de VS Code: instalación y registro", "Server of VS Code: installation and log", judge(server)),
		doctor.Row("DC-EXT-002", "Extensiones que se contradicen", "Extensions that contradict one another", contradictions),
		doctor.Row("DC-EXT-001", "Extensiones pedidas", "Extensions asked for", asked),
		doctor.Row("DC-EXT-007", "Extensiones instaladas", "Extensions installed", judge(installed)),
		doctor.Row("DC-EXT-009", "Intérprete de los ajustes", "Interpreter of the settings", judge(interpreter)),
	}
}

func asked(_ context.Context, s *scene.Scene) []doctor.Finding {
	settings, err := s.Settings()
	if scene.NoConfig(err) {
		return doctor.Good("no devcontainer.json")
	}
	if err != nil {
		return doctor.Unseen(err)
	}
	return doctor.Good("%d extensions", len(settings.Extensions))
}

// contradictions names what cannot be meant: an extension that is asked for and
// left out, or one in two versions.
func contradictions(_ context.Context, s *scene.Scene) []doctor.Finding {
	settings, err := s.Settings()
	if scene.NoConfig(err) {
		return doctor.Good("no devcontainer.json")
	}
	if err != nil {
		return doctor.Unseen(err)
	}
	path, _ := s.ConfigPath()
	var found []doctor.Finding
	versions, left := map[string]string{}, map[string]bool{}
	for _, id := range settings.Extensions {
		if name, is := strings.CutPrefix(id, "-"); is {
			left[strings.ToLower(name)] = true
		}
	}
	for i, id := range settings.Extensions {
		name, version, _ := strings.Cut(strings.ToLower(id), "@")
		f := doctor.Finding{State: doctor.Warn, Where: where(path, settings.Where("customizations", "vscode", "extensions", i).String())}
		before, twice := versions[name]
		switch {
		case left[name]:
			f.Evidence = fmt.Sprintf("%q and \"-%s\"", id, name)
			f.Cause = doctor.Say("la extensión se pide y se excluye a la vez: la exclusión gana", "the extension is asked for and left out at once: leaving out wins")
		case twice && before != version:
			f.Evidence = fmt.Sprintf("%s in the versions %q and %q", name, before, version)
			f.Cause = doctor.Say("la extensión se pide en dos versiones: solo una puede estar", "the extension is asked for in two versions: only one can be there")
		default:
			versions[name] = version
			continue
		}
		f.Fix = "# remove one of the two in " + path
		found = append(found, f)
	}
	if len(found) == 0 {
		return doctor.Good("none")
	}
	return found
}

func where(path, place string) string {
	if place == "0:0" {
		return path
	}
	return path + ":" + place
}
