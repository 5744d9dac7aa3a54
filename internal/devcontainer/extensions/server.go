package extensions

import (
	"cmp"
	"fmt"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
)

// settled is for how long an installation is left alone: it may be under way.
const settled = 120

// server judges the installation of each editor's server, and what its last logs
// say.
func server(f *facts) []doctor.Finding {
	if len(f.servers) == 0 {
		return doctor.Good("no editor has connected")
	}
	var found []doctor.Finding
	builds := 0
	for _, i := range f.servers {
		builds += len(i.builds)
		whole := false
		for _, b := range i.builds {
			whole = whole || b.whole()
		}
		found = append(found, broken(f, i)...)
		// What went wrong before a session that came to be is over.
		if i.install != "" && (!i.hasSession || i.installAge < i.sessionAge) {
			state := doctor.Warn
			if !whole || !i.hasSession {
				state = doctor.Fail
			}
			found = append(found, explained(f, i.path, i.install, state, true)...)
		}
		found = append(found, explained(f, i.path, i.session, doctor.Warn, false)...)
	}
	if len(found) == 0 {
		return doctor.Good("%d servers", builds)
	}
	return found
}

// broken names servers that were not unpacked to their end. An editor takes the
// folder for the server, and does not install it again.
func broken(f *facts, i installation) []doctor.Finding {
	var found []doctor.Finding
	for _, b := range i.builds {
		if b.whole() || b.age < settled {
			continue
		}
		var missing []string
		if !b.node {
			missing = append(missing, "node")
		}
		if !b.product {
			missing = append(missing, "product.json")
		}
		found = append(found, doctor.Finding{
			State: doctor.Fail, Where: b.path, Evidence: "without " + strings.Join(missing, " and "),
			Cause: doctor.Say("la instalación del servidor quedó a medias, y el editor la da por hecha: no arranca",
				"the installation of the server stopped half-way, and the editor takes it for done: it does not start"),
			Fix: fmt.Sprintf("docker exec -u 0 %s rm -rf %s   # then connect again", f.container.Name, b.path),
			Repair: &doctor.Repair{
				Do:    []string{fmt.Sprintf("docker exec -u 0 %s rm -rf %s", f.container.Name, b.path)},
				Loses: doctor.Say("nada que el editor no instale de nuevo al conectarse", "nothing that the editor does not install again when it connects"),
			},
			Explains: []string{"DC-EXT-007"},
		})
	}
	return found
}

// installed names what was asked for and is not there, once a server has run: it
// installs extensions with its first session. A session of a moment may still be
// at it.
func installed(f *facts) []doctor.Finding {
	for _, i := range f.servers {
		if !i.hasSession || !i.listed || i.sessionAge < settled {
			continue
		}
		has := map[string]bool{}
		for _, id := range i.extensions {
			has[id] = true
		}
		var missing []string
		for _, id := range f.settings.Extensions {
			name, _, _ := strings.Cut(strings.ToLower(id), "@")
			if !strings.HasPrefix(name, "-") && !has[name] {
				missing = append(missing, id)
			}
		}
		if len(missing) == 0 {
			return doctor.Good("%d installed", len(i.extensions))
		}
		return []doctor.Finding{{
			State: doctor.Warn, Where: i.path + "/extensions", Evidence: "asked for and not there: " + strings.Join(missing, ", "),
			Cause: doctor.Say("el servidor ya funcionó, y estas extensiones no se instalaron: sin salida a la red, nombre que no existe, o quitadas a mano",
				"the server has run, and these extensions were not installed: no way out, a name that does not exist, or removed by hand"),
			Fix: fmt.Sprintf("docker exec -u %s %s sh -c '%s/bin/*/bin/code-server --install-extension %s'", cmp.Or(f.user, f.uid), f.container.Name, i.path, missing[0]),
		}}
	}
	return doctor.Good("not asked: no session of an editor has gone on long enough")
}
