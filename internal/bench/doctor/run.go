package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// runner asks the doctor about one case after the other.
type runner struct {
	*machine
	iact  string // the compiled program
	lacks map[string]string
	keep  bool // shows what the doctor printed
}

// finding is what the runner reads of one.
type finding struct {
	Code     string `json:"code"`
	State    string `json:"state"`
	Title    string `json:"title"`
	Where    string `json:"where"`
	Evidence string `json:"evidence"`
	Cause    string `json:"cause"`
}

func (f finding) bad() bool { return f.State == "fail" || f.State == "warn" }

func (f finding) shows(word string) bool {
	return strings.Contains(strings.ToLower(strings.Join([]string{f.Title, f.Where, f.Evidence, f.Cause}, "\n")), strings.ToLower(word))
}

// the places of the machine where things are.
const (
	neighbour = "/home/ana/neighbour"
	homes     = "/home/ana"
)

// prepare gives the machine the programs and the neighbour: a healthy workspace
// of somebody else that runs all the time.
func (r *runner) prepare(ctx context.Context, build bool) error {
	r.lacks = map[string]string{}
	for tool, place := range map[string]string{"cli": "/usr/local/bin/devcontainer", "compose": "/root/.docker/cli-plugins/docker-compose"} {
		args := []string{r.script("devcontainer.sh"), tool}
		if !build && tool == "compose" {
			args = []string{args[0], "have", tool}
		}
		c := command.Change("bash", args...)
		c.Timeout = 10 * time.Minute
		file, err := r.door.Text(ctx, c).String()
		if err != nil && tool == "cli" {
			return fmt.Errorf("get the devcontainers CLI: %w", err)
		}
		if err != nil {
			r.lacks[tool] = err.Error()
			continue
		}
		if _, err := r.sh(ctx, "/", `ln -sf "$1" "$2"`, strings.TrimSpace(file), place); err != nil {
			return err
		}
	}
	if err := r.write(Case{}, neighbour); err != nil {
		return err
	}
	_, err := r.sh(ctx, neighbour, `up && docker rename "$(c)" neighbour && docker tag "$IMAGE" busybox:kept`)
	return err
}

// write makes the workspace of a case. /home is a directory of this machine.
func (r *runner) write(c Case, workspace string) error {
	dir := filepath.Join(r.dir, workspace)
	if err := os.MkdirAll(filepath.Join(dir, ".devcontainer"), 0o755); err != nil {
		return err
	}
	text := c.Config
	if text == "" {
		text = plain
	}
	if text == none {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, ".devcontainer", "devcontainer.json"), []byte(text), 0o644)
}

// run makes, breaks, asks and undoes one case.
func (r *runner) run(ctx context.Context, c Case) (result Result) {
	result = Result{Case: c}
	if why, lacks := r.lacks[c.Needs]; lacks {
		result.Skipped = why
		return result
	}
	workspace := path.Join(homes, c.Name)
	defer func() {
		if err := r.undo(context.WithoutCancel(ctx), c, workspace); err != nil {
			result.Broken = errors.Join(result.Broken, fmt.Errorf("undo %s: %w", c.Name, err))
		}
	}()
	if result.Broken = r.write(c, workspace); result.Broken != nil {
		return result
	}
	inject := c.Inject
	if inject == "" {
		inject = "up"
	}
	if _, err := r.sh(ctx, workspace, inject); err != nil {
		said, _ := r.sh(context.WithoutCancel(ctx), "/", "tail -n 3 /run/up.log | cut -c 1-300")
		result.Broken = fmt.Errorf("inject %s: %w\n%s", c.Name, err, said)
		return result
	}
	result.findings, result.Seconds, result.Broken = r.ask(ctx, c, workspace)
	return result
}

// ask runs the doctor as a user does. Where faults are found it fails, which is
// no error here.
func (r *runner) ask(ctx context.Context, c Case, workspace string) ([]finding, float64, error) {
	words := []string{r.iact, "devcontainer:doctor", "-workspace=" + workspace}
	if c.As != "" {
		words = append([]string{"setpriv", "--reuid=" + c.As, "--regid=" + c.As, "--clear-groups"}, words...)
	}
	output := filepath.Join(r.dir, "said.json")
	words = append([]string{"sh", "-c", `exec "$@" >"$0" 2>"$0.err"`, output}, words...)
	// The program is asked by its result alone: Text drops what a failed one printed.
	env := append([]string{"IACT_FORMAT=json", "IACT_LANG=en", "IACT_DIR=" + r.root}, c.Env...)
	began := time.Now()
	failed := r.door.Run(ctx, r.in("/", env, words...))
	took := time.Since(began).Seconds()
	text, err := os.ReadFile(output)
	if err != nil {
		return nil, took, errors.Join(err, failed)
	}
	var said struct{ Findings, Hidden []finding }
	if err := json.Unmarshal(text, &said); err != nil {
		why, _ := os.ReadFile(output + ".err")
		return nil, took, errors.Join(fmt.Errorf("read what the doctor says: %w: %.200s%.400s", err, text, why), failed)
	}
	if r.keep {
		fmt.Fprintf(os.Stderr, "%s\n", text)
	}
	return append(said.Findings, said.Hidden...), took, nil
}

// undo brings the machine back, and for faults of the machine itself the
// neighbour, too.
func (r *runner) undo(ctx context.Context, c Case, workspace string) error {
	const sweep = `cd /
at=$(docker inspect --format '{{.Id}}' neighbour)
mine=$(docker ps --all --quiet --no-trunc | grep -v "$at" || true)
docker ps --all --quiet --no-trunc --filter status=paused | xargs -r docker unpause >/dev/null
if [ -n "$mine" ]; then docker rm --force --volumes $mine >/dev/null; fi
docker network ls --quiet --filter type=custom | xargs -r docker network rm >/dev/null
docker volume ls --quiet | xargs -r docker volume rm --force >/dev/null
docker images --all --quiet --filter since=busybox:testbed | sort -u | xargs -r docker rmi --force >/dev/null
[ "$(docker inspect --format '{{.State.Running}}' neighbour)" = true ] || docker start neighbour >/dev/null
rm -rf --one-file-system -- "$1" "$1.real"`
	if _, err := r.sh(ctx, "/", c.Undo); err != nil {
		return err
	}
	if _, err := r.sh(ctx, "/", sweep, workspace); err != nil {
		if _, stuck := r.sh(ctx, "/", "rescue\n"+sweep, workspace); stuck != nil {
			return errors.Join(err, stuck)
		}
	}
	if c.Undo == "" {
		return nil
	}
	return r.well(ctx)
}

// well fails when the neighbour is not.
func (r *runner) well(ctx context.Context) error {
	found, _, err := r.ask(ctx, Case{}, neighbour)
	for _, f := range found {
		if f.bad() {
			err = errors.Join(err, fmt.Errorf("a healthy workspace is not well any more: %s %s", f.Code, f.Evidence))
		}
	}
	return err
}
