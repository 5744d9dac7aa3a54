package findings

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"iact-infra/internal/fault"
)

// Baseline is the findings that a project has agreed to live with for now.
type Baseline []Known

// Known is a finding in a baseline. It has no line: the file changes only when
// the findings do, and its differences can be read in a review.
type Known struct {
	Path    string `json:"path"`
	Tool    string `json:"tool"`
	Rule    string `json:"rule,omitempty"`
	Message string `json:"message"`
	Print   string `json:"print"`
}

// baselineFile is the form of the file.
type baselineFile struct {
	Version  int      `json:"version"`
	Findings Baseline `json:"findings"`
}

// BaselineOf is a baseline that knows these findings.
func BaselineOf(found []Finding) Baseline {
	b := Baseline{}
	for _, f := range found {
		b = append(b, Known{Path: f.Path, Tool: f.Tool, Rule: f.Rule, Message: f.Message, Print: f.Print})
	}
	slices.SortFunc(b, Known.compare)
	return slices.Compact(b)
}

func (k Known) compare(other Known) int {
	return cmp.Or(cmp.Compare(k.Path, other.Path), cmp.Compare(k.Tool, other.Tool), cmp.Compare(k.Rule, other.Rule),
		cmp.Compare(k.Message, other.Message), cmp.Compare(k.Print, other.Print))
}

// ReadBaseline reads a baseline file.
func ReadBaseline(in io.Reader) (Baseline, error) {
	var file baselineFile
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	err := d.Decode(&file)
	switch {
	case errors.Is(err, io.EOF):
		err = errors.New("it is empty")
	case err != nil:
	case file.Version != 1:
		err = fmt.Errorf("its version is %d, and this program knows 1", file.Version)
	default:
		for _, k := range file.Findings {
			if k.Print == "" {
				err = fmt.Errorf("the finding of %s in %s has no print", cmp.Or(k.Rule, k.Tool, "a linter"), cmp.Or(k.Path, "no file"))
				break
			}
		}
	}
	if err != nil {
		return nil, fault.New(fault.Usage, "mend it, or write it anew from what the linters find now", fmt.Errorf("read baseline: %w", err))
	}
	return file.Findings, nil
}

// Write writes the file: sorted, a finding a line.
func (b Baseline) Write(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "{\"version\": 1, \"findings\": [")
	for i, k := range slices.SortedFunc(slices.Values(b), Known.compare) {
		line, err := json.Marshal(k)
		if err != nil {
			return fmt.Errorf("write baseline: %w", err)
		}
		if i > 0 {
			fmt.Fprint(out, ",")
		}
		fmt.Fprintf(out, "\n%s", line)
	}
	fmt.Fprint(out, "\n]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write baseline: %w", err)
	}
	return nil
}

// New parts findings by a baseline: those that it does not know, those that it
// knows, and what it knows and is not found any more.
func New(found []Finding, baseline Baseline) (fresh, known []Finding, gone Baseline) {
	prints := map[string]bool{}
	for _, k := range baseline {
		prints[k.Print] = true
	}
	there := map[string]bool{}
	for _, f := range found {
		there[f.Print] = true
		if prints[f.Print] {
			known = append(known, f)
		} else {
			fresh = append(fresh, f)
		}
	}
	for _, k := range baseline {
		if !there[k.Print] {
			gone = append(gone, k)
		}
	}
	return fresh, known, gone
}
