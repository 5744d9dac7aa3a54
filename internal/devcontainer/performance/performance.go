// Package performance looks at what makes a devcontainer slow: how long its
// start-up took and where, its disks, its build context and its image.
//
// Nothing is written to measure something: a mount is fast or slow in how long it
// takes to look for files that are there, held against files of the image in the
// same container, at the same time.
package performance

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
)

// Checks are the checks of step 7.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-PRF-007", "Uso del procesador", "Use of the processors", busy),
		doctor.Row("DC-PRF-010", "Espera por el disco de la máquina", "Waiting for the machine's disk", saturated),
		doctor.Row("DC-PRF-008", "Emulación de otra arquitectura", "Emulation of another architecture", emulated),
		doctor.Row("DC-PRF-006", "Velocidad del espacio de trabajo", "Speed of the workspace", mount),
		doctor.Row("DC-PRF-001", "Tamaño de la imagen", "Size of the image", image),
		doctor.Row("DC-PRF-002", "Contexto de construcción", "Build context", buildContext),
		doctor.Row("DC-PRF-003", "Caché de capas", "Cache of layers", layers),
		doctor.Row("DC-PRF-004", "Arranque por fases", "Start-up by phase", phases),
		doctor.Row("DC-PRF-005", "Órdenes del ciclo de vida", "Lifecycle commands", slow),
		doctor.Row("DC-PRF-009", "Archivos del espacio de trabajo", "Files of the workspace", crowd),
	}
}

// largeImage is a size that is felt: minutes to pull, and hardly room for the next
// build beside it.
const largeImage = 12 << 30

func image(ctx context.Context, s *scene.Scene) []doctor.Finding {
	i, err := mainImage(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if i == nil {
		return doctor.Good("no container")
	}
	if i.Size < largeImage {
		return doctor.Good("%s in %d layers", report.Bytes(i.Size), len(i.RootFS.Layers))
	}
	history, _ := s.Text(ctx, "history", "--no-trunc", "--human=false", "--format", "{{.Size}}\t{{.CreatedBy}}", i.ID)
	return large(i, history, largeImage)
}

// large judges the size, and names the layers that it comes from.
func large(i *scene.Image, history string, most int64) []doctor.Finding {
	if i.Size < most {
		return doctor.Good("%s", report.Bytes(i.Size))
	}
	name := i.ID
	if len(i.RepoTags) > 0 {
		name = i.RepoTags[0]
	}
	said := report.Bytes(i.Size)
	for _, layer := range largest(history, 3) {
		said += "; " + layer
	}
	return []doctor.Finding{{
		State: doctor.Warn, Where: name, Evidence: said,
		Cause: doctor.Say("la imagen es muy grande: tarda en bajar, en guardarse y en reconstruirse", "the image is very large: it takes its time to be pulled, stored and rebuilt"),
		Fix:   fmt.Sprintf("docker history --format '{{.Size}}\\t{{.CreatedBy}}' %s\n# remove caches in the RUN that makes them (rm -rf /var/lib/apt/lists/*), build in one stage and COPY --from it into a slim one", name),
	}}
}

// mainImage is the image of the devcontainer; nil when there is no container.
func mainImage(ctx context.Context, s *scene.Scene) (*scene.Image, error) {
	c, err := s.Main()
	if err != nil || c == nil {
		return nil, err
	}
	return s.Image(ctx, c.Image)
}

func emulated(ctx context.Context, s *scene.Scene) []doctor.Finding {
	i, err := mainImage(ctx, s)
	if err != nil {
		return doctor.Unseen(err)
	}
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	c, err := s.Main()
	if err != nil || c == nil || i == nil || !c.State.Running {
		return doctor.Good("no container runs")
	}
	return foreign(i.Architecture, e.Arch)
}

// foreign judges a container that runs: an image of another architecture does so
// by emulation, ten times slower.
func foreign(image, engine string) []doctor.Finding {
	names := map[string]string{"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386", "i386": "386"}
	host := engine
	if known, is := names[engine]; is {
		host = known
	}
	native := image == "" || image == host || host == "amd64" && image == "386" || host == "arm64" && strings.HasPrefix(image, "arm")
	if native {
		return doctor.Good("%s", host)
	}
	return []doctor.Finding{{
		State: doctor.Warn, Evidence: fmt.Sprintf("the image is made for %s, the engine's machine is %s", image, host),
		Cause: doctor.Say("el contenedor se ejecuta con emulación (qemu): todo va varias veces más lento", "the container runs by emulation (qemu): everything is several times slower"),
		Fix:   fmt.Sprintf("docker pull --platform linux/%s IMAGE   # or build it for this machine, without --platform; then rebuild the container", host),
	}}
}
