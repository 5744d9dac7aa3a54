// Package performance looks at what makes a devcontainer slow: how long its
// start-up took and where, its disks, its build context and its image.
package performance

import (
	"context"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
)

// Checks are the checks of step 7.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-PRF-001", "Tamaño de la imagen", "Size of the image", image),
	}
}

func image(ctx context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	if err != nil {
		return doctor.Unseen(err)
	}
	if c == nil {
		return doctor.Good("no container")
	}
	i, err := s.Image(ctx, c.Image)
	if err != nil || i == nil {
		return doctor.Good("not known")
	}
	return doctor.Good("%s", report.Bytes(i.Size))
}
