// Package network looks at what the containers can reach, and by which names and
// ports they can be reached.
//
// A container that gets nowhere is ill only when the machine it runs on is not:
// so the same questions are asked at both places, and what neither gets is no
// alarm. Why a container gets less than its machine is then read from what lies
// between them: interfaces, routes, rules of the firewall, settings of the kernel.
// A rule counts only where it is certain what it does to a packet.
package network

import (
	"context"
	"sync"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// Checks are the checks of step 3. They share what they have seen.
func Checks() []doctor.Check {
	g := &group{}
	all := []doctor.Check{
		doctor.Row("DC-NET-001", "El contenedor tiene red", "The container has a network", attached),
		doctor.Row("DC-NET-002", "El núcleo reenvía paquetes", "The kernel forwards packets", g.forwarding),
		doctor.Row("DC-NET-008", "Quedan redes, y ninguna se solapa", "There are networks left, and none overlap", g.pools),
		doctor.Row("DC-NET-013", "Las redes existen y el contenedor está en ellas", "The networks exist, and the container is in them", joined),
		doctor.Row("DC-NET-003", "El cortafuegos deja pasar a los contenedores", "The firewall lets containers through", g.firewall),
		doctor.Row("DC-NET-005", "Hay salida", "There is a way out", g.out),
		doctor.Row("DC-NET-004", "Se resuelven los nombres", "Names are resolved", g.dns),
		doctor.Row("DC-NET-006", "Los paquetes grandes pasan", "Large packets pass", g.mtu),
		doctor.Row("DC-NET-007", "Los proxies sirven", "The proxies are of use", g.proxy),
		doctor.Row("DC-NET-009", "Los servicios se encuentran por su nombre", "Services find one another by name", g.names),
		doctor.Row("DC-NET-010", "Los puertos no son de otro contenedor", "No other container has the ports", g.portsOfContainers),
		doctor.Row("DC-NET-011", "Los puertos no son de otro programa", "No other program has the ports", g.portsOfPrograms),
		doctor.Row("DC-NET-012", "Alguien escucha en los puertos publicados", "Somebody listens at the published ports", g.listening),
	}
	for i := range all {
		all[i].Limit = limit
	}
	return all
}

// group is what the checks of one look share.
type group struct {
	machine once[*machine]
	here    once[*place] // what this machine sees
	inside  once[*place] // what the devcontainer sees
	beyond  once[*place] // what of this machine's the devcontainer reaches
}

// once is a fact of a scene that several checks need.
type once[T any] struct {
	mu    sync.Mutex
	of    *scene.Scene
	value T
	err   error
}

// Limits for a check and for a fact. One script asks all its questions at once,
// within two seconds; it waits for another one's answers, and what failed is asked
// again.
const (
	limit     = 10 * time.Second
	factLimit = 8 * time.Second
)

// ask finds the fact for the first one who asks; the others wait for it.
func (o *once[T]) ask(ctx context.Context, s *scene.Scene, find func(context.Context) (T, error)) (T, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.of != s {
		inner, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Within(factLimit))
		defer cancel()
		o.of = s
		o.value, o.err = find(inner)
	}
	return o.value, o.err
}
