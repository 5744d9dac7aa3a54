package daemon

import (
	"slices"
	"strings"
)

// Need is what a daemon has to do for a key to take effect.
type Need string

// What a key needs.
const (
	Nothing Need = ""
	Reload  Need = "reload"
	Restart Need = "restart"
)

// Change is one value that a merge changes. Key is a path, as in
// log-opts.max-size; Old and New are JSON, Old is "" where there was nothing.
type Change struct {
	Key   string `json:"key"`
	Old   string `json:"old"`
	New   string `json:"new"`
	Needs Need   `json:"needs"`
}

func changeOf(key, old, value string) Change {
	return Change{Key: key, Old: old, New: value, Needs: NeedOf(key)}
}

// NeedOf is what a key needs: dockerd(8), "Configuration reload behavior". What
// is not on that list needs a restart.
func NeedOf(key string) Need {
	top, _, _ := strings.Cut(key, ".")
	reloaded := []string{
		"allow-nondistributable-artifacts", "authorization-plugins", "debug", "default-runtime", "features",
		"insecure-registries", "labels", "live-restore", "max-concurrent-downloads", "max-concurrent-uploads",
		"max-download-attempts", "registry-mirrors", "runtimes", "shutdown-timeout",
	}
	if slices.Contains(reloaded, top) {
		return Reload
	}
	return Restart
}

// most is the strongest need of several changes.
func most(changes []Change) Need {
	need := Nothing
	for _, c := range changes {
		if c.Needs == Restart {
			return Restart
		}
		need = c.Needs
	}
	return need
}

// dropped are the reloaded keys that a way back takes out of the file, with the
// values that stand for their absence: a reload leaves alone what the file does
// not name, so once it has to name them.
func dropped(changes []Change) []wish {
	var all []wish
	for _, c := range changes {
		top, field, nested := strings.Cut(c.Key, ".")
		if c.Old != "" || c.Needs != Reload {
			continue
		}
		switch {
		case nested:
			// Of the objects, only features are reloaded.
			all = append(all, wish{key: top, fields: []wish{{key: field, value: absent(c.Key)}}})
		default:
			all = append(all, wish{key: top, value: absent(top)})
		}
	}
	return all
}

// absent is what a key counts as when it is not there.
func absent(key string) string {
	switch key {
	case "registry-mirrors", "insecure-registries":
		return "[]"
	default:
		return "false"
	}
}
