// Package doctor measures how good devcontainer:doctor is: it breaks a real
// Docker daemon and real devcontainers, one fault at a time, asks the compiled
// program as a user does, and counts how often the right cause stands first.
//
// A case is a workspace, how it is broken, and what the doctor has to say. The
// cases are tables, a file for each side; a case without a code to say is a healthy
// workspace, of which every warning is a false alarm. They run on a machine of
// the benchmark's own (scripts/testbed/machine.sh), whose firewall, settings and
// programs can be broken, too. The devcontainers are made by the official CLI.
//
// What counts is what the program prints. After each fault of the machine itself
// a healthy workspace is asked again, so that no fault is left for the next one.
package doctor

import (
	"slices"
	"strings"
)

// Case is one workspace to look at.
type Case struct {
	Name  string
	Title string
	// Config is its devcontainer.json; "" is one of busybox, and none means that
	// Inject writes what there is.
	Config string
	// Inject is a script that makes and breaks it, in the words of prelude.sh; ""
	// is up.
	Inject string
	// Undo is a script that brings back what is no part of the workspace. Its
	// containers, and all volumes, networks and images besides those of the
	// neighbour, go by themselves. Such a fault is one of the machine's.
	Undo string
	// Env and As are for the doctor alone.
	Env []string
	As  string
	// Needs is a program that not every machine has: compose.
	Needs string

	// Want are the codes of the right cause, of which one has to stand first. None:
	// the workspace is healthy.
	Want []string
	// Sees is a word that the first finding shows: the value that is wrong.
	Sees string
	// Quick is one of the selection that runs with the tests.
	Quick bool
}

// none is a Config: Inject writes it, or there is none.
const none = "none"

const plain = `{"image": "busybox:testbed"}`

// Healthy reports whether nothing is wrong with it.
func (c Case) Healthy() bool { return len(c.Want) == 0 }

// Cases are all of them: faults, then healthy workspaces.
func Cases() []Case {
	return slices.Concat(engineFaults(), configFaults(), stateFaults(), exitFaults(), networkFaults(), portFaults(),
		volumeFaults(), permissionFaults(), resourceFaults(), editorFaults(), composeFaults(),
		handFaults(), handLimits(), handMachine(), handEngine(), handConfig(), handBuild(), handComposed(), healthy(), healthyComposed(), healthyByHand())
}

// chosen are the cases whose names begin with one of a comma list.
func chosen(all []Case, only string) []Case {
	var some []Case
	for _, c := range all {
		for prefix := range strings.SplitSeq(only, ",") {
			if strings.HasPrefix(c.Name, strings.TrimSpace(prefix)) {
				some = append(some, c)
				break
			}
		}
	}
	return some
}
