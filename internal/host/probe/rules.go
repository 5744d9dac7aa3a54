package probe

import (
	"fmt"
	"strings"

	"iact-infra/internal/host/survey"
	"iact-infra/internal/procedure"
)

// rule is one row of the table: what is asked, and how the facts answer it.
type rule struct {
	code   string
	es, en string
	judge  func(*Facts, Want) verdict
}

// verdict is a finding without its title.
type verdict struct {
	state                survey.State
	evidence, cause, fix string
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
func (f *Facts) Judge(w Want) []survey.Finding {
	var all []survey.Finding
	for _, r := range rules() {
		v := r.judge(f, w)
		all = append(all, survey.Finding{
			Code: r.code, State: v.state, Title: procedure.Text{ES: r.es, EN: r.en}, Evidence: v.evidence, Cause: v.cause, Fix: v.fix,
		})
	}
	return all
}

func fine(format string, args ...any) verdict {
	return verdict{state: survey.OK, evidence: fmt.Sprintf(format, args...)}
}

func warn(evidence, cause, fix string) verdict {
	return verdict{survey.Warn, evidence, cause, fix}
}

func fail(evidence, cause, fix string) verdict {
	return verdict{survey.Fail, evidence, cause, fix}
}

// wanted is a failure where the configuration insists, else a warning.
func wanted(w Want, evidence, cause, fix string) verdict {
	if w.Required {
		return fail(evidence, cause, fix)
	}
	return warn(evidence, cause, fix)
}

func list(all []string) string { return strings.Join(all, "; ") }
