package performance

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
)

// largeContext is felt: some seconds before each build begins.
const largeContext = 500 << 20

func buildContext(ctx context.Context, s *scene.Scene) []doctor.Finding {
	b, err := builds(s)
	if err != nil {
		return doctor.Unseen(err)
	}
	if b.dockerfile == "" {
		return doctor.Good("nothing is built")
	}
	text, err := s.Read(b.dockerfile)
	if err != nil {
		return doctor.Good("%s is not there", b.dockerfile)
	}
	inner, cancel := context.WithTimeout(ctx, walkTime)
	defer cancel()
	sum, err := weigh(inner, filepath.Join(s.Workspace, b.context), ignored(s, b))
	if err != nil {
		return doctor.Unseen(err)
	}
	whole := slices.ContainsFunc(readDockerfile(text), instruction.broad)
	if e, err := s.Engine(); err == nil && !whole {
		whole = !kit(e, s.Environ)
	}
	return heavy(b, sum, whole, largeContext)
}

// heavy judges the size of what is sent to the engine with each build.
func heavy(b build, sum weight, whole bool, most int64) []doctor.Finding {
	said := fmt.Sprintf("%s in %d files", report.Bytes(sum.bytes), sum.files)
	if sum.partial {
		said = "at least " + said
	}
	if sum.bytes < most || !whole {
		return doctor.Good("%s", said)
	}
	names := make([]string, 0, len(sum.parts))
	for name := range sum.parts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(sum.parts[b], sum.parts[a]), strings.Compare(a, b))
	})
	names = names[:min(3, len(names))]
	fix := ""
	for _, name := range names {
		said += fmt.Sprintf("; %s %s", name, report.Bytes(sum.parts[name]))
		fix += fmt.Sprintf("echo '%s' >>%s\n", name, path.Join(b.context, ".dockerignore"))
	}
	return []doctor.Finding{{
		State: doctor.Warn, Where: b.context, Evidence: said,
		Cause: doctor.Say("cada construcción envía al motor todo el contexto", "each build sends the whole context to the engine"),
		Fix:   fix + "# but for what the Dockerfile copies",
	}}
}
