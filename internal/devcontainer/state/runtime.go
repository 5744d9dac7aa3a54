package state

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// runtimes judges a runtime that runArgs ask for: what the engine does not know
// it refuses, and then there is no container that tells of it.
func runtimes(s *scene.Scene) []doctor.Finding {
	settings, err := s.Settings()
	if err != nil {
		return nil
	}
	wanted := ""
	for i, arg := range settings.RunArgs {
		if value, is := strings.CutPrefix(arg, "--runtime="); is {
			wanted = value
		} else if arg == "--runtime" && i+1 < len(settings.RunArgs) {
			wanted = settings.RunArgs[i+1]
		}
	}
	e, err := s.Engine()
	if err != nil || wanted == "" || e.Podman {
		return nil
	}
	var in struct{ Runtimes map[string]struct{} }
	if json.Unmarshal(e.Info, &in) != nil || len(in.Runtimes) == 0 {
		return nil
	}
	if _, known := in.Runtimes[wanted]; known {
		return nil
	}
	path, _ := s.ConfigPath()
	return []doctor.Finding{{
		State: doctor.Fail, Code: "DC-STA-006", Title: title("DC-STA-006"), Where: path + ":" + settings.Where("runArgs").String(),
		Evidence: "runArgs ask for the runtime " + wanted + "; the engine has " + strings.Join(slices.Sorted(maps.Keys(in.Runtimes)), ", "),
		Cause:    doctor.Say("el motor no conoce ese runtime: Docker responde «unknown or invalid runtime name»", "the engine does not know this runtime: docker says \"unknown or invalid runtime name\""),
		Fix:      "# install what brings it (nvidia-container-toolkit for nvidia), or take --runtime out of runArgs\ndocker info --format '{{json .Runtimes}}'",
		Explains: []string{"DC-STA-001"},
	}}
}
