package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"iact-infra/internal/command"
)

// Of the promises about the pipeline.
const (
	mostUnchanged   = 0.5  // seconds, all of it
	mostParallel    = 0.6  // of the procedure's commands one after the other
	mostWaiting     = 1.15 // of the same commands on cores that never wait
	mostOverhead    = 1.03 // of the same commands, one at a time
	mostAgainstTask = 1.1
	mostRestore     = 0.5 // of npm ci
	coldRounds      = 3
	manyFiles       = 20_000
	mostMany        = 1 // second: git alone looks at each of them three times
)

// pipeline is the part about PROCED-INFRA-003: a project with a component of Node
// and one of Python. The peers run the very lines that ours runs: one after the
// other, as the procedure has them, and by go-task with its fingerprints.
type pipeline struct {
	*toolchain
	task string // the program go-task
	jobs []job
}

// job is what ci:jobs tells of one.
type job struct {
	Name                        string
	Dir                         string
	Run, Needs, Inputs, Outputs []string
}

// ci measures all promises about the pipeline. It needs npm with a registry, and
// of Debian python3-venv, python3-pytest, python3-pytest-cov and python3-flake8.
func (b *bench) ci(ctx context.Context) error {
	p := &pipeline{toolchain: &toolchain{bench: b}}
	if err := p.prepare(ctx); err != nil {
		return fmt.Errorf("make project: %w", err)
	}
	for _, measure := range []func(context.Context) error{p.cold, p.unchanged, p.oneChanged, p.modules, p.large} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	p.note("pipeline: memory of the toolkit, the most of all runs above", float64(p.kib)/1024, mostToolchain, 1, "MiB")
	return nil
}

// fresh has the project as a clone gives it, and nothing in any cache but npm's.
func (p *pipeline) fresh(ctx context.Context) error {
	if err := p.putAway("project", "checkout/.iact", "peer/task"); err != nil {
		return err
	}
	_, err := p.timed(ctx, "cp -a seed project && git -C project update-index -q --refresh")
	return err
}

// cold measures the whole pipeline when nothing was done before.
func (p *pipeline) cold(ctx context.Context) error {
	var written, serial, tasks, single, parallel, serialWork, parallelWork, others []float64
	kinds := []struct {
		into, work *[]float64 // seconds, and those of processors
		jobs       int
		run        func(context.Context) (float64, error)
	}{
		{&written, &others, 1, p.script("peer/procedure.sh")},
		{&serial, &serialWork, 1, p.script("peer/serial.sh")},
		{&single, &others, 1, p.all},
		{&tasks, &others, 1, p.taskAll},
		{&parallel, &parallelWork, 0, p.all},
	}
	for range coldRounds {
		for _, kind := range kinds {
			if err := errors.Join(p.configure(kind.jobs), p.fresh(ctx)); err != nil {
				return err
			}
			took, work, err := worked(ctx, kind.run)
			if err != nil {
				return err
			}
			*kind.into, *kind.work = append(*kind.into, took), append(*kind.work, work)
		}
		if err := p.busy(parallel[len(parallel)-1]); err != nil {
			return err
		}
	}
	p.note("pipeline, nothing in the cache: ci:all against the commands of PROCED-INFRA-003", median(parallel), median(written), mostParallel, "s")
	cores := p.toolchain.jobs
	p.say("  its own commands one after the other take %.3g s and keep processors at work for %.3g s, those of ci:all %.3g s", median(serial), median(serialWork), median(parallelWork))
	p.note(fmt.Sprintf("pipeline, nothing in the cache: ci:all against its commands on %d cores that never wait", cores),
		median(parallel), median(serialWork)/float64(cores), mostWaiting, "s")
	p.note("pipeline, nothing in the cache: ci:all with one job at a time against its commands one after the other", median(single), median(serial), mostOverhead, "s")
	p.note("pipeline, nothing in the cache: ci:all against go-task", median(parallel), median(tasks), mostAgainstTask, "s")
	return nil
}

// script is a peer that runs a script of the shell.
func (p *pipeline) script(name string) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) { return p.peer(ctx, `sh -e "$1"`, p.path(name)) }
}

func (p *pipeline) all(ctx context.Context) (float64, error) { return p.ours(ctx, "ci:all") }

func (p *pipeline) taskAll(ctx context.Context) (float64, error) {
	return p.peer(ctx, `TASK_TEMP_DIR="$1/peer/task" "$2" -t "$1/peer/Taskfile.yml" -d "$1/project" all`, p.dir, p.task)
}

// unchanged measures the pipeline when it has nothing to do: what the last run of
// cold has left is there.
func (p *pipeline) unchanged(ctx context.Context) error {
	first, err := p.all(ctx)
	if err != nil {
		return err
	}
	p.note("pipeline, nothing changed since a run that did everything: ci:all", first, mostUnchanged, 1, "s")
	// go-task does everything by itself, so that what ours made is not there any more.
	for _, run := range []func(context.Context) (float64, error){p.taskAll, p.all} {
		if _, err := run(ctx); err != nil {
			return err
		}
	}
	var ours, tasks []float64
	for range 2*rounds + 1 {
		one, err := p.all(ctx)
		if err != nil {
			return err
		}
		two, err := p.taskAll(ctx)
		if err != nil {
			return err
		}
		ours, tasks = append(ours, one), append(tasks, two)
	}
	ran, _, err := p.outcomes()
	if err != nil {
		return err
	}
	if len(ran) > 0 {
		return fmt.Errorf("run pipeline without a change: it has run %v", ran)
	}
	p.note("pipeline, nothing changed: ci:all", median(ours), mostUnchanged, 1, "s")
	p.say("go-task takes %.3g s: it looks at neither the machine nor what was made, and reports nothing", median(tasks))
	return nil
}

// oneChanged measures the pipeline when a source of one component has changed.
func (p *pipeline) oneChanged(ctx context.Context) error {
	var ours, tasks []float64
	var ran []string
	for round := range coldRounds {
		if err := p.edit(fmt.Sprintf("module.exports.round = %d;\n", round)); err != nil {
			return err
		}
		one, err := p.all(ctx)
		if err != nil {
			return err
		}
		if ran, _, err = p.outcomes(); err != nil {
			return err
		}
		two, err := p.taskAll(ctx)
		if err != nil {
			return err
		}
		ours, tasks = append(ours, one), append(tasks, two)
	}
	p.say("after a change in ui: %v", ran)
	reached := 0
	for _, j := range p.jobs {
		if len(j.Run) > 0 && j.Dir == "ui" && j.Name != "ui:deps" {
			reached++
		}
	}
	p.note("pipeline, one component changed: commands that ran against those that it reaches", float64(len(ran)), float64(reached), 1, "")
	p.note("pipeline, one component changed: ci:all against go-task", median(ours), median(tasks), mostAgainstTask, "s")
	return nil
}

// modules measures how node_modules come back that are gone.
func (p *pipeline) modules(ctx context.Context) error {
	return p.compare(ctx, pair{
		name: "pipeline: node_modules out of the cache against npm ci with its own cache", most: mostRestore,
		ours: func(ctx context.Context) (float64, error) {
			if err := p.putAway("project/ui/node_modules"); err != nil {
				return 0, err
			}
			return p.ours(ctx, "ci:deps", "-component=ui")
		},
		peer: func(ctx context.Context) (float64, error) {
			if err := p.putAway("project/ui/node_modules"); err != nil {
				return 0, err
			}
			return p.peer(ctx, `cd "$1" && npm ci --no-audit --no-fund`, p.path("project/ui"))
		},
	})
}

// large measures a project of very many files, of which one job takes all in.
func (p *pipeline) large(ctx context.Context) error {
	if err := p.putAway("project", "checkout/.iact"); err != nil {
		return err
	}
	began := time.Now()
	for i := range manyFiles {
		file := p.path(fmt.Sprintf("project/src/d%d/f%d.txt", i/100, i))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, fmt.Appendf(nil, "file %d\n", i), 0o600)); err != nil {
			return err
		}
	}
	if _, err := p.timed(ctx, "cd project && git init -q && git add . && git -c user.name=bench -c user.email=bench@localhost commit -q -m first"); err != nil {
		return err
	}
	p.took(fmt.Sprintf("project of %d files", manyFiles), began)
	if err := p.write("  components: [{name: all, dir: ., kind: custom, jobs: [{stage: unit, run: [\"true\"]}]}]\n"); err != nil {
		return err
	}
	p.kib, began = 0, time.Now()
	if _, err := p.all(ctx); err != nil {
		return err
	}
	p.say("its first run takes %.3g s", time.Since(began).Seconds())
	var again []float64
	for range rounds {
		took, err := p.all(ctx)
		if err != nil {
			return err
		}
		again = append(again, took)
	}
	p.note(fmt.Sprintf("pipeline, nothing changed of %d files: ci:all", manyFiles), median(again), mostMany, 1, "s")
	return nil
}

// edit adds a line to a source of the component ui.
func (p *pipeline) edit(line string) error {
	f, err := os.OpenFile(p.path("project/ui/src/m7.js"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line)
	return errors.Join(err, f.Close())
}

// compileTask builds go-task as tools/task.mod pins it.
func (p *pipeline) compileTask(ctx context.Context) error {
	p.task = p.path("go-task")
	c := command.Change("go", "build", "-modfile=tools/task.mod", "-o", p.task, "github.com/go-task/task/v3/cmd/task")
	c.Dir = p.root
	if err := p.door.Run(ctx, c); err != nil {
		return fmt.Errorf("compile go-task: %w", err)
	}
	return nil
}
