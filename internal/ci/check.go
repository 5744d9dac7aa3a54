package ci

import (
	"context"
	"io"
	"path/filepath"
	"slices"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/survey"
	"iact-infra/internal/ci/versions"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// check is step 1: whether this machine can run the pipeline.
func (r *Room) check(ctx context.Context, w *procedure.Work) error {
	s, err := r.described(ctx, w)
	if err != nil {
		return err
	}
	services := slices.ContainsFunc(s.pipeline.Jobs, func(j pipeline.Job) bool { return len(j.Services) > 0 })
	remote := ""
	if !r.all() { // ci:checkout asks the server, where it has to
		remote = r.remote(ctx, w, s)
	}
	found := survey.Look(ctx, w.Door, survey.Wants{
		Dir: s.project, Components: s.pipeline.Components, Services: services, Python: s.config.CI.Python, Remote: remote, Home: r.getenv("HOME"), Browsers: r.getenv("PLAYWRIGHT_BROWSERS_PATH"),
		Recall: versions.Open(w.Door, filepath.Join(s.state, versions.File)).Recall,
	})
	for _, note := range s.notes {
		found = append(found, verdict.Finding{
			Code: "CI-PRJ-001", State: verdict.Warn, About: note.Path, Title: verdict.Say("Proyecto", "Project"), Seen: note.Rule, Cause: note.Text,
			Fix: verdict.Say("docs/ci.md lo explica", "docs/ci.md explains it"),
		})
	}
	w.Publish(found, func(out io.Writer) { _ = verdict.Write(out, found, w.Lang) })
	return verdict.Err(found, fault.Missing, "check machine: it cannot run the pipeline", w.Lang)
}
