package build

import (
	"os"
	"runtime"
	"strings"
)

// OS is the operating system that something is built for.
type OS struct {
	Name string   // for people and names of files: "debian 12", "ubuntu20.04" without the space
	Like []string // itself and what it descends from: ubuntu, debian
}

// System is this machine's, by /etc/os-release (freedesktop.org's form).
func System() OS {
	text, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return OS{Name: runtime.GOOS, Like: []string{runtime.GOOS}}
	}
	return readOS(string(text))
}

func readOS(text string) OS {
	values := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok {
			values[name] = strings.Trim(value, `"'`)
		}
	}
	id := values["ID"]
	if id == "" {
		id = "linux"
	}
	return OS{Name: strings.TrimSpace(id + " " + values["VERSION_ID"]), Like: append([]string{id}, strings.Fields(values["ID_LIKE"])...)}
}
