package source

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// Held is what was stopped or paused for a volume.
type Held struct {
	Names []string
	Notes []string
	// Back brings it back, and tells what disturbed it meanwhile. It never fails:
	// what does not come back is told by whoever has stopped it.
	Back func() (notes []string)
}

// Holdable refuses a mode that would do harm to one of the containers.
func (v *Volume) Holdable(users []Container) error {
	refuse := func(c Container, why string) error {
		return fault.New(fault.Missing, "give source "+v.Label+" mode: pause, or live",
			fmt.Errorf("stop container %s for volume %s: %s", c.Name, v.Volume, why))
	}
	for _, c := range users {
		if !c.Running || !c.Writes(v.Volume) || v.Mode == "live" {
			continue
		}
		switch {
		case v.Docker.Place == "" && isThisContainer(c.ID):
			return fault.New(fault.Missing, "run the backup on the host, or give source "+v.Label+" mode: live",
				fmt.Errorf("%s container %s for volume %s: this program runs in it", v.Mode, c.Name, v.Volume))
		case v.Mode == "stop" && c.Vanish:
			return refuse(c, "it was started with --rm, so stopping it would remove it")
		case v.Mode == "stop" && c.Swarm:
			return refuse(c, "it belongs to a swarm, which would start another one at once")
		case v.Mode == "stop" && v.found.Options["type"] == "tmpfs":
			return refuse(c, "the volume lies in memory and would be empty then")
		case v.Mode == "pause" && c.Restarting:
			return fault.New(fault.Missing, "docker logs "+c.Name+" says why it does not stay up; mode: stop works",
				fmt.Errorf("pause container %s for volume %s: it is restarting all the time", c.Name, v.Volume))
		}
	}
	return nil
}

// isThisContainer says whether this program runs in a container: docker lays a
// file of the container's own directory over /etc/hostname.
func isThisContainer(id string) bool {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) > 4 && fields[4] == "/etc/hostname" && strings.Contains(fields[3], id) {
			return true
		}
	}
	return false
}

// held are the containers that the mode stops or pauses, in that order.
func (v *Volume) held() []Container {
	if v.Mode == "live" {
		return nil
	}
	return ToHold(v.users, v.Volume)
}

// ToHold are the containers that run and may write to a volume. Those that were
// started last come first: they may need the others.
func ToHold(users []Container, volume string) []Container {
	var all []Container
	for _, c := range users {
		if c.Running && !c.Paused && c.Writes(volume) {
			all = append(all, c)
		}
	}
	SortToHold(all)
	return all
}

// SortToHold puts the containers that were started last first.
func SortToHold(all []Container) {
	slices.SortStableFunc(all, func(a, b Container) int {
		return cmp.Or(b.Started.Compare(a.Started), strings.Compare(a.Name, b.Name))
	})
}
