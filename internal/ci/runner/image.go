package runner

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/ci/artifacts/image"
	"iact-infra/internal/ci/fingerprint"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/whole"
)

// built is an image that a job has made. An image lives with a daemon and in no
// archive: what was built here is noted here, and counts as long as the daemon has
// it under its tag.
type built struct {
	Key     string      `json:"key"`
	Tag     string      `json:"tag"`
	Image   string      `json:"image"`
	Outcome outcome.Job `json:"outcome"`
}

// imageFile is where a job leaves the id of its image, among its reports.
const imageFile = "image.id"

func (r *Runner) builtFile(job pipeline.Job) string {
	return filepath.Join(r.o.State, "images", strings.ReplaceAll(job.Name(), ":", "-")+".json")
}

// ingredients adds to a key what an image is made of besides the inputs of its job.
func (r *Runner) ingredients(ctx context.Context, job pipeline.Job, key fingerprint.Key) (fingerprint.Key, error) {
	seen, err := r.imageContext(job)
	if err != nil {
		return key, err
	}
	bases, err := image.Bases(filepath.Join(r.o.Project, job.Dir))
	if err != nil {
		return key, err
	}
	key = key.With(fingerprint.Tool, "docker build context", seen)
	for _, base := range bases {
		key = key.With(fingerprint.Tool, "docker image "+base, image.Standing(ctx, r.through(job), base, r.o.Now()))
	}
	return key, nil
}

// imageContext is the hash of what docker sees; what the toolkit itself leaves in
// the project does not count.
func (r *Runner) imageContext(job pipeline.Job) (string, error) {
	return image.Context(filepath.Join(r.o.Project, job.Dir), pipeline.ReportsDir, ".iact")
}

// standing takes the image that the job made before, if it was made of the same and
// the daemon has it still.
func (r *Runner) standing(ctx context.Context, job pipeline.Job, key fingerprint.Key, did *outcome.Job) (bool, error) {
	var was built
	text, err := os.ReadFile(r.builtFile(job))
	if err != nil || json.Unmarshal(text, &was) != nil || was.Key != key.ID() {
		return false, nil //nolint:nilerr // nothing is known: it is built
	}
	switch has := image.ID(ctx, r.through(job), was.Tag); has {
	case was.Image:
	case "":
		note(did, "it is built again: the daemon has no image "+was.Tag+" any more")
		return false, nil
	default:
		note(did, "it is built again: "+was.Tag+" is another image now")
		return false, nil
	}
	if err := whole.Text(filepath.Join(r.o.Project, job.ReportsDir(), imageFile), []byte(was.Image)); err != nil {
		return false, err
	}
	start, lane, commands := did.Start, did.Lane, did.Commands
	*did = was.Outcome
	did.Start, did.Lane, did.Commands, did.State, did.Note = start, lane, commands, outcome.Restored, ""
	did.Saved, did.Duration, did.Log = was.Outcome.Duration, max(r.o.Now().Sub(start), 1), ""
	return true, nil
}

// noted keeps which image the job has made, unless what it is made of has changed
// meanwhile.
func (r *Runner) noted(ctx context.Context, job pipeline.Job, key fingerprint.Key, did *outcome.Job) error {
	after, err := r.ingredients(ctx, job, fingerprint.Key{})
	if err != nil {
		return err
	}
	for _, part := range after.Parts {
		for _, before := range key.Parts {
			if part.Label == before.Label && part.Name == before.Name && part.Value != before.Value {
				return nil // the next run has another key
			}
		}
	}
	id, err := os.ReadFile(filepath.Join(r.o.Project, job.ReportsDir(), imageFile))
	if err != nil {
		return err
	}
	text, err := json.Marshal(built{Key: key.ID(), Tag: job.Image + ":" + key.ID()[:12], Image: strings.TrimSpace(string(id)), Outcome: *did})
	if err != nil {
		return err
	}
	return whole.Text(r.builtFile(job), text)
}
