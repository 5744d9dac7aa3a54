package cpython

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/config"
	"iact-infra/internal/cpython/build"
	"iact-infra/internal/cpython/pybench"
	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/whole"
)

// Comparison is the result of cpython:bench. Its JSON is part of the public
// interface.
type Comparison struct {
	*pybench.Report
	Files []string `json:"files"` // the report as JSON, HTML and SVG
}

// other is the version to compare with: the one that is asked for, else the one
// in use, else the one that was in use before; "" when there is none.
func (r *Room) other(c *config.Config, b *build.Build) (string, error) {
	if against := r.selection().Against; against != "" {
		v, err := release.Parse(against)
		return v.String(), err
	}
	in, err := leads(filepath.Join(c.CPython.Prefix, current))
	if err != nil {
		return "", err
	}
	if in == "" || in == filepath.Base(b.Prefix) {
		was, _ := before(c.CPython.Prefix) // an error: there is none
		in = was[current]
	}
	if _, err := os.Stat(filepath.Join(c.CPython.Prefix, in, build.InfoFile)); err != nil {
		return "", nil //nolint:nilerr // it is gone
	}
	return strings.TrimPrefix(in, "python-"), nil
}

// pair is the version, the one to compare with, and the files of their report
// without the ending.
func (r *Room) pair(w *procedure.Work) (b *build.Build, c *config.Config, old, files string, err error) {
	if b, c, err = r.build(w); err != nil {
		return nil, nil, "", "", err
	}
	old, err = r.other(c, b)
	return b, c, old, filepath.Join(c.CPython.Work, "bench", old+"-"+b.Version), err
}

// measured says whether cpython:all has nothing to measure. Whoever types
// cpython:bench wants it anew.
func (r *Room) measured(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	_, _, old, _, err := r.pair(w)
	switch {
	case err != nil:
		return "", err
	case r.selection().Measure:
		return "", procedure.ErrNotDone
	case old == "":
		return "no other version was in use: there is nothing to compare with", nil
	case r.cameFromCache():
		return "it came out of the cache; cpython:bench measures it on this machine", nil
	}
	return r.compared(ctx, w)
}

// compared says whether there is a report that is younger than both interpreters.
func (r *Room) compared(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	b, c, old, files, err := r.pair(w)
	if err != nil {
		return "", err
	}
	file, err := os.Open(files + ".json")
	if err != nil {
		return "", errors.Join(procedure.ErrNotDone, err)
	}
	defer file.Close()
	report, err := pybench.Read(file)
	if err != nil {
		return "", errors.Join(procedure.ErrNotDone, err)
	}
	for _, version := range []string{old, b.Version} {
		if info, err := os.Stat(filepath.Join(prefix(c, version), build.InfoFile)); err != nil || info.ModTime().After(report.Started) {
			return "", fmt.Errorf("%w: python %s is younger than the report", procedure.ErrNotDone, version)
		}
	}
	evidence := fmt.Sprintf("compared with %s on %s", old, report.Started.Local().Format(time.DateTime))
	if report.Mean != nil {
		evidence += ": the new one takes " + report.Mean.String() + " times as long"
	}
	return procedure.Evidence(evidence), nil
}

// benched proves that the report is there, unless there could be none.
func (r *Room) benched(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	if len(w.Deferred()) > 0 {
		return "it was not measured", nil
	}
	return r.compared(ctx, w)
}

// bench is step 9. A version that is slower is warned of, and stays.
func (r *Room) bench(ctx context.Context, w *procedure.Work) error {
	b, c, old, files, err := r.pair(w)
	if err != nil {
		return err
	}
	if old == "" {
		return fault.New(fault.Missing, "-against=X.Y.Z names one; cpython:list shows what is installed", errors.New("compare interpreters: no other version was in use before"))
	}
	for _, version := range []string{old, b.Version} {
		if _, err := os.Stat(filepath.Join(prefix(c, version), build.InfoFile)); err != nil {
			return fault.New(fault.Missing, "cpython:install -version="+version+" brings it", fmt.Errorf("compare interpreters: python %s is not installed in %s", version, c.CPython.Prefix))
		}
	}
	interpreter := func(version string) pybench.Interpreter {
		return pybench.Interpreter{Name: version, Program: filepath.Join(prefix(c, version), "bin", "python3")}
	}
	pick := r.selection()
	suite := pybench.Suite(pick.Suite)
	if !pick.Measure { // by cpython:all, which shall not take an hour for it
		suite = pybench.Shipped
	}
	bar, shown := w.Say.Count("measuring", 0), 0
	run := &pybench.Runner{
		Door: w.Door, Old: interpreter(old), New: interpreter(b.Version), Suite: cmp.Or(suite, pybench.Auto), Quick: pick.Quick,
		Threshold: float64(c.CPython.Slower) / 100, Wheels: c.CPython.Wheels, Warn: w.Say.Warn, Now: r.o.Now,
		Progress: func(done, _ int) { bar.Add(done - shown); shown = done },
	}
	report, err := run.Run(ctx)
	bar.Done()
	if err != nil && !pick.Measure && ctx.Err() == nil {
		// What cpython:all has installed is not taken back because of this.
		w.Defer(fmt.Errorf("measure python %s: %w", b.Version, err))
		return nil
	}
	if err != nil {
		return err
	}
	result := Comparison{Report: report}
	for _, form := range []struct {
		ending string
		write  func(io.Writer) error
	}{{".svg", report.SVG}, {".html", report.HTML}, {".json", report.JSON}} { // the last one says that it is whole
		if err := whole.Write(files+form.ending, 0o644, form.write); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
		result.Files = append(result.Files, files+form.ending)
	}
	w.Publish(result, func(out io.Writer) {
		_ = report.Write(out) // standard output says what there is to say
		fmt.Fprintf(out, "%s.html shows it\n", files)
	})
	return nil
}

func (r *Room) planBench(_ context.Context, w *procedure.Work) ([]string, error) {
	b, c, old, files, err := r.pair(w)
	if err != nil || old == "" {
		return nil, err
	}
	return []string{fmt.Sprintf("# the same benchmarks on %s and %s, in turns; the report is %s.html", prefix(c, old), b.Prefix, files)}, nil
}
