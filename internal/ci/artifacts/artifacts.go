// Package artifacts examines what build jobs have made: step 8 of the procedure.
//
// An artefact has to be there, to hold something, to keep to its budget, and to
// work: a site is served and asked (package site), a wheel installed and imported
// (wheel), an image started (image). What was examined is what is hashed, listed
// in SHA256SUMS and archived. All problems are told, not only the first one, each
// with what is wrong, the rule and the way out.
package artifacts

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/ci/artifacts/image"
	"iact-infra/internal/ci/artifacts/pack"
	"iact-infra/internal/ci/artifacts/wheel"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/command"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// Kind is what an artefact is, and so how it is tried.
type Kind string

// The kinds of artefact. Auto looks at what is there: a directory with an
// index.html is a site, one with a wheel and a file *.whl are a wheel.
const (
	Auto      Kind = ""
	File      Kind = "file"
	Directory Kind = "directory"
	Site      Kind = "site"
	Wheel     Kind = "wheel"
	Image     Kind = "image"
)

// usualGrowth is by how many percent an artefact may grow from run to run
// without a word.
const usualGrowth = 10

// Wanted is an artefact that has to be there.
type Wanted struct {
	Name        string // a path with slashes below the project, or the name of an image
	Kind        Kind
	Job         string // that makes it: "ui:build"
	BudgetBytes int64  // 0: none

	Mount string // of a site: the path that it was built for; empty is /

	Venv    string   // of a wheel: the component's venv, absolute
	Wheels  []string // of a wheel: directories of wheels that it may need
	Imports []string // of a wheel: modules to import besides those at its top

	Run []string // of an image: what to run in it; none: its own program
	Env []string // of an image: NAME=VALUE lines for it
}

// Options are what all artefacts of a run share.
type Options struct {
	Docker  []string         // NAME=VALUE lines for docker's client
	Before  map[string]int64 // bytes in the run before, by name
	Growth  float64          // percent that are not warned of; 0 is 10
	Limit   time.Duration    // for trying one artefact; 0: as each kind has it
	Sums    string           // a file to write hashes to, for sha256sum -c in the project; empty: none
	Archive string           // a .tar.zst to write all files to; empty: none
}

// Problem is something that is wrong with an artefact.
type Problem struct {
	Artifact string
	Warning  bool // it is told, and fails nothing
	What     procedure.Text
	Fix      procedure.Text
}

// examination collects what one call finds.
type examination struct {
	door    *command.Door
	project string
	o       Options

	artifacts []outcome.Artifact
	problems  []Problem
	sums      []pack.Sum
	archived  []string
}

// Examine looks at each artefact. An error means that it could not be done to its
// end; what is wrong with an artefact is a Problem. A plan examines nothing:
// what it would look at has not been built.
func Examine(ctx context.Context, door *command.Door, project string, wanted []Wanted, o Options) ([]outcome.Artifact, []Problem, error) {
	if door.Planning() {
		return nil, nil, nil
	}
	if o.Growth == 0 {
		o.Growth = usualGrowth
	}
	e := &examination{door: door, project: project, o: o}
	for _, w := range wanted {
		if w.Kind == Image {
			if _, err := image.Sweep(ctx, door, o.Docker, time.Now()); err != nil {
				return nil, nil, err
			}
			break
		}
	}
	for _, w := range wanted {
		if err := e.one(ctx, w); err != nil {
			return e.artifacts, e.problems, fmt.Errorf("examine %s: %w", w.Name, err)
		}
	}
	if o.Sums != "" {
		if err := pack.Sums(o.Sums, e.sums); err != nil {
			return e.artifacts, e.problems, err
		}
	}
	if o.Archive != "" && len(e.archived) > 0 {
		if err := pack.Archive(ctx, o.Archive, project, e.archived); err != nil {
			return e.artifacts, e.problems, err
		}
	}
	return e.artifacts, e.problems, nil
}

func (e *examination) one(ctx context.Context, w Wanted) error {
	a := outcome.Artifact{Name: w.Name, BudgetBytes: w.BudgetBytes, BeforeBytes: e.o.Before[w.Name]}
	before := len(e.problems)
	switch there, err := e.measure(ctx, w, &a); {
	case err != nil:
		return err
	case !there:
		return nil
	}
	if w.Kind != Image {
		e.weigh(a)
	}
	if broken := len(e.problems) > before && !e.problems[before].Warning; !broken {
		if err := e.try(ctx, w, &a); err != nil {
			return err
		}
	}
	e.artifacts = append(e.artifacts, a)
	return nil
}

// weigh holds the size against the budget and the run before.
func (e *examination) weigh(a outcome.Artifact) {
	if a.BudgetBytes > 0 && a.SizeBytes > a.BudgetBytes {
		e.fail(a.Name, fmt.Sprintf("ocupa %s; su presupuesto es %s", report.Bytes(a.SizeBytes), report.Bytes(a.BudgetBytes)), fmt.Sprintf("it takes %s; its budget is %s", report.Bytes(a.SizeBytes), report.Bytes(a.BudgetBytes)),
			"busque qué creció, o suba el presupuesto", "look for what has grown, or raise the budget")
	}
	grown := 100 * float64(a.SizeBytes-a.BeforeBytes) / float64(max(a.BeforeBytes, 1))
	if a.BeforeBytes > 0 && grown > e.o.Growth {
		e.warn(a.Name, fmt.Sprintf("creció %.0f %%: de %s a %s; se avisa a partir de %.0f %%", grown, report.Bytes(a.BeforeBytes), report.Bytes(a.SizeBytes), e.o.Growth),
			fmt.Sprintf("it has grown by %.0f %%, from %s to %s; more than %.0f %% is told", grown, report.Bytes(a.BeforeBytes), report.Bytes(a.SizeBytes), e.o.Growth),
			"compare el contenido con el de la ejecución anterior", "compare what it holds with the run before")
	}
}

func (e *examination) fail(name, es, en, fixES, fixEN string) {
	e.problems = append(e.problems, Problem{name, false, procedure.Text{ES: es, EN: en}, procedure.Text{ES: fixES, EN: fixEN}})
}

func (e *examination) warn(name, es, en, fixES, fixEN string) {
	e.problems = append(e.problems, Problem{name, true, procedure.Text{ES: es, EN: en}, procedure.Text{ES: fixES, EN: fixEN}})
}

// kind finds out what an artefact of files is.
func (e *examination) kind(w Wanted, info os.FileInfo) Kind {
	path := e.path(w)
	switch {
	case w.Kind != Auto:
		return w.Kind
	case !info.IsDir() && strings.HasSuffix(path, ".whl"):
		return Wheel
	case !info.IsDir():
		return File
	case isFile(filepath.Join(path, "index.html")):
		return Site
	}
	if _, err := wheel.Newest(path); err == nil {
		return Wheel
	}
	return Directory
}

func (e *examination) path(w Wanted) string {
	return filepath.Join(e.project, filepath.FromSlash(w.Name))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
