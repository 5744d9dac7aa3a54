package resources

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// offer is what the containers get. What nobody tells is 0.
type offer struct {
	cpus            int
	memory, storage int64
	gpu             bool
	name            string
	quota           float64 // processors that the container may use; 0: all
	limit           int64   // of its memory; 0: none
}

// requirements holds hostRequirements against the engine's machine, and against
// the limits that the container was given: the tools only look at the first.
func requirements(_ context.Context, s *scene.Scene) []doctor.Finding {
	settings, err := s.Settings()
	if scene.NoConfig(err) {
		return doctor.Good("no devcontainer.json")
	}
	if err != nil {
		return doctor.Unseen(err)
	}
	want := settings.HostRequirements
	if want == (devjson.HostRequirements{}) {
		return doctor.Good("none")
	}
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	has := readOffer(e.Info)
	if m, err := s.Machine(); err == nil {
		has.storage = m.Data.Size
	}
	if main, err := s.Main(); err == nil && main != nil {
		has.name, has.limit, has.quota = main.Name, main.HostConfig.Memory, float64(main.HostConfig.NanoCpus)/1e9
	}
	return unmet(want, has, fmt.Sprintf("%s:%s", configName(s), settings.Where("hostRequirements")))
}

func configName(s *scene.Scene) string {
	path, _ := s.ConfigPath()
	return path
}

// readOffer reads docker info.
func readOffer(info []byte) offer {
	var in struct {
		NCPU              int
		MemTotal          int64
		Runtimes          map[string]any
		DiscoveredDevices []struct{ ID string }
	}
	if json.Unmarshal(info, &in) != nil {
		return offer{}
	}
	_, nvidia := in.Runtimes["nvidia"]
	return offer{cpus: in.NCPU, memory: in.MemTotal, gpu: nvidia || len(in.DiscoveredDevices) > 0}
}

// unmet names each requirement that is not fulfilled. Sizes are taken as decimal:
// a machine sold with 8 GB has them, whatever the firmware keeps.
func unmet(want devjson.HostRequirements, has offer, where string) []doctor.Finding {
	var found []doctor.Finding
	add := func(fix, es, en string, args ...any) {
		said := doctor.Say(es, en, args...)
		found = append(found, doctor.Finding{
			State: doctor.Warn, Where: where, Evidence: said.EN, Fix: fix,
			Cause: doctor.Say("hostRequirements pide más de lo que hay: %[1]s", "hostRequirements asks for more than there is: %[2]s", said.ES, said.EN),
		})
	}
	memory, storage := size(want.Memory), size(want.Storage)
	if has.cpus > 0 && want.CPUs > has.cpus {
		add("# a machine with more processors, or a lower hostRequirements.cpus", "%d procesadores de %d", "%d processors of %d", has.cpus, want.CPUs)
	} else if has.quota > 0 && float64(want.CPUs) > has.quota+0.01 {
		add(fmt.Sprintf("docker update --cpus %d %s", want.CPUs, has.name), "el contenedor puede usar %.2f procesadores de %d", "the container may use %.2f processors of %d", has.quota, want.CPUs)
	}
	if has.memory > 0 && memory > has.memory {
		add("free -m   # a machine with more memory, or a lower hostRequirements.memory", "%s de memoria de %s", "%s of memory of %s", bytes(has.memory), want.Memory)
	} else if has.limit > 0 && memory > has.limit {
		add(fmt.Sprintf("docker update --memory %d --memory-swap %d %s", memory, 2*memory, has.name), "el contenedor puede usar %s de memoria de %s", "the container may use %s of memory of %s", bytes(has.limit), want.Memory)
	}
	if has.storage > 0 && storage > has.storage {
		add("docker info --format '{{.DockerRootDir}}'   # a larger disk there, or a lower hostRequirements.storage", "%s de disco de %s", "%s of disk of %s", bytes(has.storage), want.Storage)
	}
	if (want.GPU == "true" || want.GPU == "object") && !has.gpu {
		add("# the NVIDIA container toolkit on the machine, or \"gpu\": \"optional\"", "el motor no conoce ninguna GPU", "the engine knows of no GPU")
	}
	if len(found) == 0 {
		return doctor.Good("%d processors, %s", has.cpus, bytes(has.memory))
	}
	return found
}

// size reads a size of devcontainer.json: 8gb, 512mb.
func size(text string) int64 {
	text = strings.ToLower(strings.TrimSpace(text))
	for i, unit := range []string{"kb", "mb", "gb", "tb"} {
		if number, is := strings.CutSuffix(text, unit); is {
			n, _ := strconv.ParseFloat(strings.TrimSpace(number), 64)
			for range i + 1 {
				n *= 1000
			}
			return int64(n)
		}
	}
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}
