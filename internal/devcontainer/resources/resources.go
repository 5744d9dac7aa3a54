// Package resources looks at what the engine and the containers have to work
// with: memory, processors, disk and the limits of the kernel.
package resources

import (
	"context"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
)

// Checks are the checks of step 6.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-RES-001", "Espacio para los datos del motor", "Space for the engine's data", space),
	}
}

func space(ctx context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	said, err := s.Here(ctx, `echo "== free"; df -Pk "$1" | tail -n 1`, e.Root)
	fields := strings.Fields(said["free"])
	if err != nil || !e.Local || len(fields) < 4 {
		return doctor.Good("not asked")
	}
	free, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil {
		return doctor.Unseen(err)
	}
	if free < 1<<20 {
		return []doctor.Finding{{
			State: doctor.Fail, Where: e.Root, Evidence: report.Bytes(free<<10) + " free",
			Cause: doctor.Say("el disco de los datos del motor está lleno", "the disk of the engine's data is full"), Fix: "docker system df",
		}}
	}
	return doctor.Good("%s free", report.Bytes(free<<10))
}
