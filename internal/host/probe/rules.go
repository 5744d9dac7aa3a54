package probe

import (
	"strings"

	"iact-infra/internal/verdict"
)

// rule is one row of the table: what is asked, and how the facts answer it.
type rule struct {
	code   string
	es, en string
	judge  func(*Facts, Want) verdict.Finding
}

func rules() []rule {
	return []rule{
		{"HN-DNS-001", "Nombres en el anfitrión", "Names on the host", (*Facts).hostNames},
		{"HN-DNS-002", "Nombres en contenedores", "Names in containers", (*Facts).names},
		{"HN-OUT-001", "Salida desde el anfitrión", "The way out of the host", (*Facts).hostOut},
		{"HN-OUT-002", "Salida desde contenedores", "The way out of containers", (*Facts).out},
		{"HN-NET-001", "De contenedor a contenedor por nombre", "Container to container by name", (*Facts).peer},
		{"HN-PORT-001", "Puerto publicado", "Published port", (*Facts).published},
		{"HN-PORT-002", "Puertos del proyecto", "Ports of the project", (*Facts).ports},
		{"HN-MTU-001", "Tamaño de los paquetes", "Size of packets", (*Facts).mtu},
		{"HN-PRX-001", "Proxy", "Proxy", (*Facts).proxy},
		{"HN-TIME-001", "Reloj", "Clock", (*Facts).clock},
		{"HN-REG-001", "Descarga de un registro", "Pull from a registry", (*Facts).registry},
		{"HN-VOL-001", "Volúmenes", "Volumes", (*Facts).volumes},
		{"HN-DISK-001", "Velocidad del disco", "Speed of the disk", (*Facts).disk},
		{"HN-LIM-001", "Límite de memoria", "Memory limit", (*Facts).memory},
		{"HN-LIM-002", "Límite de CPU", "CPU limit", (*Facts).cpu},
	}
}

// Judge holds the facts against what is wanted: one finding for each rule, in the
// order of the table. It is pure.
func (f *Facts) Judge(w Want) []verdict.Finding {
	var all []verdict.Finding
	for _, r := range rules() {
		found := r.judge(f, w)
		found.Code, found.Title = r.code, verdict.Say(r.es, r.en)
		all = append(all, found)
	}
	return all
}

func fine(format string, args ...any) verdict.Finding { return verdict.Fine(format, args...) }

func warn(seen, cause, fix string) verdict.Finding {
	return verdict.Bad(verdict.Warn, seen, verdict.Same(cause), verdict.Same(fix))
}

func fail(seen, cause, fix string) verdict.Finding {
	return verdict.Bad(verdict.Fail, seen, verdict.Same(cause), verdict.Same(fix))
}

// wanted is a failure where the configuration insists, else a warning.
func wanted(w Want, evidence, cause, fix string) verdict.Finding {
	if w.Required {
		return fail(evidence, cause, fix)
	}
	return warn(evidence, cause, fix)
}

func list(all []string) string { return strings.Join(all, "; ") }
