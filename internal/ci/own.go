package ci

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/ci/artifacts"
	"iact-infra/internal/ci/dotenv"
	"iact-infra/internal/ci/generate"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/services"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// own does the jobs that have no lines.
func (r *Room) own(ctx context.Context, job pipeline.Job, into *outcome.Job) error {
	switch job.Stage {
	case pipeline.Env:
		return r.lookAtVariables(ctx, job)
	case pipeline.Artifacts:
		return r.examine(ctx, job, into)
	}
	return fault.New(fault.Usage, "give it run in the configuration", fmt.Errorf("run job %s: it has no commands", job.Name()))
}

// lookAtVariables is the job of the stage env. It changes nothing: ci:env does.
func (r *Room) lookAtVariables(ctx context.Context, job pipeline.Job) error {
	w := r.work(job.Stage)
	pairs, err := dotenv.Find(filepath.Join(r.site.project, job.Dir))
	if err != nil {
		return err
	}
	var all []verdict.Finding
	for _, pair := range pairs {
		found, err := dotenv.Look(ctx, w.Door, pair)
		if err != nil {
			return err
		}
		all = append(all, found...)
	}
	return verdict.Err(all, fault.Missing, "check the variables of "+job.Component, w.Lang)
}

// examine is the job of the stage artifacts: what the builds of the component
// have made is there, answers, and weighs what it may.
func (r *Room) examine(ctx context.Context, job pipeline.Job, into *outcome.Job) error {
	s, w := r.site, r.work(job.Stage)
	wanted, err := s.wanted(job)
	if err != nil {
		return err
	}
	o := artifacts.Options{Before: s.sizes(job.Name()), Limit: job.Limit}
	kept := filepath.Join(s.project, job.ReportsDir()) // so that the cache has them as well
	o.Sums, o.Archive = filepath.Join(kept, "SHA256SUMS"), filepath.Join(kept, job.Component+".tar.zst")
	found, problems, err := artifacts.Examine(ctx, w.Door, s.project, wanted, o)
	into.Artifacts = found
	if err != nil {
		return err
	}
	s.bill(job, filepath.Join(kept, job.Component+".cdx.json"), into)
	var wrong []error
	for _, p := range problems {
		if p.Warning {
			into.Note = strings.TrimPrefix(into.Note+"; "+p.What.In(w.Lang), "; ")
			continue
		}
		wrong = append(wrong, fault.New(fault.Invalid, p.Fix.In(w.Lang), fmt.Errorf("%s: %s", p.Artifact, p.What.In(w.Lang))))
	}
	return errors.Join(wrong...)
}

// bill writes down which packages a component is made of. That one of its lists
// cannot be read is told, and fails nothing.
func (s *site) bill(job pipeline.Job, file string, into *outcome.Job) {
	from := artifacts.Sources{}
	if lock := filepath.Join(s.project, job.Dir, "package-lock.json"); exists(lock) {
		from.Locks = append(from.Locks, lock)
	}
	if venv := filepath.Join(s.project, job.Dir, ".venv"); exists(venv) {
		from.Venvs = append(from.Venvs, venv)
	}
	if len(from.Locks)+len(from.Venvs) == 0 {
		return
	}
	if _, err := artifacts.Bill(file, job.Component, "", from); err != nil {
		into.Note = strings.TrimPrefix(into.Note+"; "+err.Error(), "; ")
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// wanted are the artefacts that the builds of a component make.
func (s *site) wanted(job pipeline.Job) ([]artifacts.Wanted, error) {
	component, _ := s.pipeline.Component(job.Component)
	var all []artifacts.Wanted
	for _, build := range s.pipeline.Of(pipeline.Build) {
		if build.Component != job.Component {
			continue
		}
		for _, out := range build.Outputs {
			all = append(all, artifacts.Wanted{
				Name: path.Join(build.Dir, out), Job: build.Name(), BudgetBytes: component.SizeBytes,
				Venv: filepath.Join(s.project, build.Dir, ".venv"), Wheels: wheels(s.config.CI.Wheels),
			})
		}
		images, err := s.images(build)
		if err != nil {
			return nil, err
		}
		all = append(all, images...)
	}
	return all, nil
}

func wheels(dir string) []string {
	if dir == "" {
		return nil
	}
	return []string{dir}
}

// images are those that a build has made: it leaves their names among its reports.
func (s *site) images(build pipeline.Job) ([]artifacts.Wanted, error) {
	file := filepath.Join(s.project, build.ReportsDir(), "image.id")
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the name of an image: %w", err)
	}
	return []artifacts.Wanted{{Name: strings.TrimSpace(string(text)), Kind: artifacts.Image, Job: build.Name()}}, nil
}

// sizes are those of the artefacts when the job was run last.
func (s *site) sizes(job string) map[string]int64 {
	did, _ := s.last(job)
	sizes := map[string]int64{}
	for _, a := range did.Artifacts {
		sizes[a.Name] = a.SizeBytes
	}
	return sizes
}

// around brings the services of a job up. It may be asked several times.
func (r *Room) around(ctx context.Context, job pipeline.Job, logs string) ([]string, func(context.Context) error, error) {
	s, w := r.site, r.work(job.Stage)
	started := strings.Fields(r.getenv(generate.ServicesVariable)) // by the CI system
	if !slices.ContainsFunc(job.Services, func(name string) bool { return !slices.Contains(started, name) }) {
		return nil, func(context.Context) error { return nil }, nil
	}
	dir := filepath.Join(s.project, job.Dir)
	files := composeFiles(dir)
	if len(files) == 0 {
		return nil, nil, fault.New(fault.Usage, "services of the job name those of a compose file in its directory", fmt.Errorf("find services %s: no compose file lies in %s", strings.Join(job.Services, ", "), job.Dir))
	}
	up, err := services.Up(ctx, w.Door, filepath.Join(s.state, "services"), services.Group{Dir: dir, Files: files, Names: job.Services, Logs: logs})
	if err != nil {
		return nil, nil, err
	}
	return up.Env(), up.Down, nil
}

// composeFiles are the names that Compose looks for; of each kind the first counts.
func composeFiles(dir string) []string {
	var files []string
	for _, names := range [][]string{
		{"compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"},
		{"compose.override.yaml", "compose.override.yml", "docker-compose.override.yml", "docker-compose.override.yaml"},
	} {
		if at := slices.IndexFunc(names, func(name string) bool {
			return exists(filepath.Join(dir, name))
		}); at >= 0 {
			files = append(files, names[at])
		}
	}
	return files
}

// swept takes down what runs that were killed have left.
func (s *site) swept(ctx context.Context, door *command.Door) ([]string, error) {
	if door.Planning() {
		return nil, nil
	}
	return services.Sweep(ctx, door, filepath.Join(s.state, "services"))
}

// sweep ends what runs that were killed have left: services and processes.
func (r *Room) sweep(ctx context.Context, w *procedure.Work, s *site) error {
	if w.Door.Planning() {
		return nil
	}
	groups, err := s.swept(ctx, w.Door)
	if err != nil {
		return err
	}
	ended, err := s.runner.Sweep(ctx)
	if all := slices.Concat(groups, ended); len(all) > 0 {
		w.Say.Warn("a run that was killed had left this behind, which was ended: %s", strings.Join(all, ", "))
	}
	return err
}
