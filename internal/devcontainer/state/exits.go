package state

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// exitCause is what an exit code means on its own.
func exitCause(code int, c *scene.Container) procedure.Text {
	switch code {
	case 0:
		if strings.HasSuffix(c.Path, "sh") && len(c.Args) == 0 {
			return doctor.Say("su programa es un shell sin entrada ni terminal, y acaba en cuanto empieza; overrideCommand: true lo mantiene",
				"its program is a shell without input or terminal, which ends as it begins; overrideCommand: true keeps it up")
		}
		return doctor.Say("su programa hizo lo suyo y acabó bien; un contenedor vive lo que vive su programa (overrideCommand: true pone uno que espera)",
			"its program did its work and ended well; a container lives as long as its program (overrideCommand: true puts one that waits)")
	case 125:
		return doctor.Say("docker mismo no pudo iniciarlo", "docker itself could not start it")
	case 126:
		return doctor.Say("una orden existe y no se puede ejecutar", "a command is there and cannot be executed")
	case 127:
		return doctor.Say("una orden no existe en el contenedor", "a command is not there in the container")
	case 128:
		return doctor.Say("docker lo dio por terminado sin que su programa empezara", "docker took it for ended before its program had begun")
	case 255:
		return doctor.Say("su programa acabó con -1, o el demonio cayó con el contenedor en marcha", "its program ended with -1, or the daemon went down with the container running")
	}
	names := map[int]string{
		1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE", 9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM",
	}
	name := names[code-128]
	switch {
	case code == 137:
		return doctor.Say("SIGKILL: lo mataron, y docker no dice que fuera por memoria; también acaba así docker stop tras 10 segundos",
			"SIGKILL: it was killed, and docker does not say for memory; docker stop ends like this after 10 seconds, too")
	case code == 139:
		return doctor.Say("SIGSEGV: su programa tocó memoria que no es suya; suele ser un binario de otra libc o de otra máquina",
			"SIGSEGV: its program touched memory that is not its own; mostly a binary for another libc or machine")
	case code == 132:
		return doctor.Say("SIGILL: su programa usa instrucciones que este procesador no tiene", "SIGILL: its program uses instructions that this processor does not have")
	case name != "":
		return doctor.Say("la señal %s acabó con su programa", "signal %s ended its program", name)
	}
	return doctor.Say("su programa acabó con el código %d, que él mismo define; el registro dice por qué", "its program ended with code %d, which is its own; the log says why", code)
}

// eventSpan is how far back events are asked for: the engine keeps few.
const eventSpan = 24 * time.Hour

// life is what the engine remembers of a container since its last start.
type life struct {
	oom     bool   // a process of it was killed for memory
	stopped bool   // somebody ordered it to stop
	killed  bool   // or killed it
	signal  string // by which
	exit    int    // of the last end, -1 when none is known
	deaths  []time.Time
	longest time.Duration // that it lived, of the last lives
}

// lifeOf reads events, the oldest first.
func lifeOf(events []scene.Event) life {
	l := life{exit: -1}
	over := false
	var began time.Time
	for _, e := range events {
		if e.Type != "container" {
			continue
		}
		switch e.Action {
		case "start":
			began = e.At()
			l.oom, l.stopped, l.killed, l.signal, over = false, false, false, "", false
		case "oom":
			l.oom = true
		case "kill":
			l.signal = e.Actor.Attributes["signal"]
			l.killed = !over
		case "die":
			over = true
			l.deaths = append(l.deaths, e.At())
			if !began.IsZero() && len(l.deaths) > 1 { // the first life may have been a good one
				l.longest = max(l.longest, e.At().Sub(began))
			}
			if code, err := strconv.Atoi(e.Actor.Attributes["exitCode"]); err == nil {
				l.exit = code
			}
		case "stop":
			l.stopped, l.killed = true, false
		}
	}
	return l
}

// code is the exit code of the last end: of one that runs again only the events
// tell it.
func (l life) code(c *scene.Container) int {
	if c.State.Running && !c.State.Restarting && l.exit >= 0 {
		return l.exit
	}
	return c.State.ExitCode
}

// size is an amount of memory for people.
func size(bytes int64) string {
	const mib = 1 << 20
	switch {
	case bytes <= 0:
		return "none"
	case bytes >= 1<<30 && bytes%(1<<30) == 0:
		return fmt.Sprintf("%d GiB", bytes>>30)
	case bytes >= mib:
		return fmt.Sprintf("%d MiB", bytes/mib)
	}
	return fmt.Sprintf("%d bytes", bytes)
}

// more is twice as much, as docker update takes it.
func more(bytes int64) string { return fmt.Sprintf("%dm", max(2*bytes>>20, 64)) }
