package resources

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// logs looks at the files that the engine keeps of what containers say. Those of
// other containers fill the same disk.
func logs(_ context.Context, s *scene.Scene) []doctor.Finding {
	all, err := s.Everyone()
	if err != nil {
		return doctor.Unseen(err)
	}
	m, err := s.Machine()
	if err != nil {
		return doctor.Unseen(err)
	}
	mine, err := s.Containers()
	if err != nil {
		return doctor.Unseen(err)
	}
	own := map[string]bool{}
	for _, c := range mine {
		own[c.ID] = true
	}
	var found []doctor.Finding
	var total int64
	for _, c := range all {
		size, err := logSize(c.LogPath)
		if errors.Is(err, os.ErrPermission) {
			return doctor.Unseen(fmt.Errorf("only root may look at %s", filepath.Dir(c.LogPath)))
		}
		total += size
		if own[c.ID] || fullness(m.Data) != doctor.OK {
			found = append(found, hugeLog(c, size, m.Data, 100<<20)...)
		}
	}
	if len(found) == 0 {
		return doctor.Good("%s of %d containers", bytes(total), len(all))
	}
	return found
}

// logSize is the size of a log with the older files that were rotated.
func logSize(path string) (int64, error) {
	if path == "" {
		return 0, nil // another driver keeps it, or none
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	size := info.Size()
	older, _ := filepath.Glob(path + ".*")
	for _, file := range older {
		if info, err := os.Stat(file); err == nil {
			size += info.Size()
		}
	}
	return size, nil
}

// hugeLog judges a log by its size, and by the room that the disk has left. A log
// that is full because it may be that large is as it was meant.
func hugeLog(c *scene.Container, size int64, disk scene.Disk, most int64) []doctor.Finding {
	limit := c.HostConfig.LogConfig.Config["max-size"]
	crowds := size > most/10 && disk.Size > 0 && size*5 > disk.Free
	if size <= most && !crowds || limit != "" && !crowds {
		return nil
	}
	f := doctor.Finding{
		State: doctor.Warn, Where: c.Name, Evidence: fmt.Sprintf("%s: %s", c.LogPath, bytes(size)),
		Cause: doctor.Say("el registro del contenedor crece sin límite (no hay max-size) y llena el disco del motor",
			"the container's log grows without a limit (there is no max-size) and fills the engine's disk"),
		Fix: fmt.Sprintf("truncate -s 0 %s\n# for good: \"log-opts\": {\"max-size\": \"10m\", \"max-file\": \"3\"} in /etc/docker/daemon.json, then make the container again", c.LogPath),
		Repair: &doctor.Repair{
			Do:    []string{"truncate -s 0 " + c.LogPath},
			Loses: doctor.Say("todo lo que el contenedor ha registrado hasta ahora", "all that the container has logged until now"),
		},
	}
	if limit != "" {
		f.Cause = doctor.Say("los registros del contenedor ocupan lo que queda del disco del motor", "the container's logs take what the engine's disk has left")
	}
	// Without this log the disk would not be short.
	if without := disk; fullness(disk) != doctor.OK {
		without.Free += size
		if fullness(without) == doctor.OK || size*2 > disk.Size-disk.Free {
			f.Explains = []string{"DC-RES-001", "DC-RES-010", "DC-RES-012"}
		}
	}
	return []doctor.Finding{f}
}
