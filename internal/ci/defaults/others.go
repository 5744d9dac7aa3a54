package defaults

import (
	"iact-infra/internal/ci/detect"
	"iact-infra/internal/ci/pipeline"
)

// golang are the jobs of a Go module. Its packages and builds stay in the caches
// of Go itself, so nothing of them is an output.
func golang(c detect.Component) []pipeline.Job {
	tools, env := []string{"go version"}, []string{"CGO_ENABLED", "GOFLAGS", "GOPROXY"}
	jobs := []pipeline.Job{
		{Stage: pipeline.Deps, Run: []string{"go mod download", "go mod verify"}, Inputs: []string{"go.mod", "go.sum"}},
		{
			Stage: pipeline.Unit, Run: []string{"go test -json ./... >" + report("go-test.json") + " || { cat " + report("go-test.json") + "; exit 1; }"},
			Reports: pipeline.Reports{JUnit: []string{Reports + "go-test.json"}},
		},
		{Stage: pipeline.Lint, Variant: "vet", Run: []string{"go vet ./..."}},
		{Stage: pipeline.Build, Run: []string{"go build ./..."}},
	}
	if c.Go.Lint != "" {
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Lint, Variant: "golangci", Run: []string{"golangci-lint run ./..."}, Tools: []string{"golangci-lint version"}})
	}
	for i := range jobs {
		jobs[i].Tools, jobs[i].Env = append(jobs[i].Tools, tools...), append(jobs[i].Env, env...)
	}
	return jobs
}

// images are the jobs of a directory that describes containers. The tag of an image
// comes from what it is made of. Which images compose builds, and of what, only
// compose knows: it is asked for each time, and the builder's own cache makes that short.
func images(c detect.Component) []pipeline.Job {
	var jobs []pipeline.Job
	if c.Images.Compose != "" {
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Lint, Variant: "compose", Run: []string{"docker compose -f " + c.Images.Compose + " config --quiet"},
			Inputs: []string{c.Images.Compose, ".env", ".env.example"}, Tools: []string{"docker compose version"}})
	}
	if c.Images.Dockerfile && c.Has(".hadolint.yaml", ".hadolint.yml") {
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Lint, Variant: "hadolint", Run: []string{"hadolint Dockerfile"}, Inputs: []string{"Dockerfile", ".hadolint.yaml", ".hadolint.yml"}, Tools: []string{"hadolint --version"}})
	}
	switch {
	case c.Images.Dockerfile:
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Build, Variant: "image", Image: Image(c.Name), Inputs: []string{"/Dockerfile"}, Tools: []string{"docker --version"}, Env: []string{"DOCKER_BUILDKIT", "DOCKER_HOST"},
			Run: []string{`docker build --label iact.ci=` + c.Name + ` --iidfile ` + report("image.id") + ` --tag "` + Image(c.Name) + `:$IACT_TAG" .`}})
	case c.Images.Builds && c.Kind == pipeline.Docker:
		jobs = append(jobs, pipeline.Job{Stage: pipeline.Build, Variant: "compose", Fresh: true, Tools: []string{"docker compose version"}, Env: []string{"DOCKER_BUILDKIT", "DOCKER_HOST"},
			Run: []string{"docker compose -f " + c.Images.Compose + " build"}})
	}
	return jobs
}

// Image is what a component's image is called, without its tag.
func Image(component string) string { return "iact-" + component }
