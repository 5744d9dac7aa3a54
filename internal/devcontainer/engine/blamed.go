package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// blamed finds the setting of daemon.json that dockerd complains of: its value
// stands in the complaint, a short one together with a word of its key. What a
// right value runs into, as a full disk, is not its fault.
func (h home) blamed(complaint string, f *doctor.Finding) bool {
	if contains(complaint, "no space left on device", "pid file found", "address already in use", "permission denied", "containerd.sock") {
		return false
	}
	var keys map[string]any
	text, err := os.ReadFile(h.config)
	if err != nil || json.Unmarshal(text, &keys) != nil {
		return false
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		for _, value := range scalars(keys[key]) {
			named := regexp.MustCompile(`(?i)(^|[^\w./-])` + regexp.QuoteMeta(value) + `($|[^\w])`).MatchString(complaint)
			if !named || len(value) < 4 && !shares(key, complaint) {
				continue
			}
			f.Code, f.Title = "DC-ENG-006", doctor.Say("daemon.json no es válido", "daemon.json is not valid")
			f.Evidence += fmt.Sprintf("; %s has %s %s", h.config, key, compact(keys[key]))
			f.Cause = doctor.Say("el demonio no arranca con lo que daemon.json pide en %s", "the daemon does not start with what daemon.json asks for in %s", key)
			return true
		}
	}
	return false
}

// logDriver is one that the engine does not have: it starts, and makes no
// container.
func (h home) logDriver(s *scene.Scene, text []byte, runs bool) []doctor.Finding {
	e, err := s.Engine()
	if err != nil || !runs || e.Podman {
		return nil
	}
	var info struct{ Plugins struct{ Log []string } }
	_ = json.Unmarshal(e.Info, &info) // what cannot be read is not there
	if e.Log == "" || e.Log == "none" || len(info.Plugins.Log) == 0 || slices.Contains(info.Plugins.Log, e.Log) || strings.ContainsAny(e.Log, "/:") {
		return nil
	}
	wrong := at(text, bytes.Index(text, []byte(`"log-driver"`)))
	return []doctor.Finding{{
		State: doctor.Fail, Title: doctor.Say("daemon.json pide un registro que no hay", "daemon.json asks for a log that is not there"), Where: fmt.Sprintf("%s:%d:%d", h.config, wrong.line, wrong.column),
		Evidence: "log-driver " + e.Log + "; the engine has " + strings.Join(info.Plugins.Log, ", "),
		Cause:    doctor.Say("el motor no tiene ese controlador de registro y no crea ningún contenedor con él", "the engine has no such log driver, and makes no container with it"),
		Fix:      join("sudoedit "+h.config, "sudo systemctl restart docker"), Explains: []string{"DC-STA-001", "DC-STA-006"},
	}}
}

// scalars are the texts and numbers of a value of JSON, and the keys of its
// objects that are no words of dockerd's own.
func scalars(value any) []string {
	var all []string
	switch v := value.(type) {
	case string:
		if v != "" {
			all = append(all, v)
		}
	case float64:
		all = append(all, fmt.Sprint(v))
	case []any:
		for _, one := range v {
			all = append(all, scalars(one)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, scalars(v[key])...)
		}
	}
	return all
}

// shares says whether a text has a word of a key.
func shares(key, text string) bool {
	return slices.ContainsFunc(strings.Split(key, "-"), func(word string) bool { return len(word) > 3 && contains(text, word) })
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}
