package pybench

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// pyperfFile is the part of pyperf's JSON that is needed. What all benchmarks of
// a file have in common stands once, in the outer metadata; with one benchmark
// that is even its name.
type pyperfFile struct {
	Metadata   pyperfMetadata `json:"metadata"`
	Benchmarks []struct {
		Metadata pyperfMetadata `json:"metadata"`
		Runs     []struct {
			Metadata pyperfMetadata `json:"metadata"`
			Values   []float64      `json:"values"` // none in a run that calibrates
		} `json:"runs"`
	} `json:"benchmarks"`
}

type pyperfMetadata struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	Peak int64  `json:"mem_max_rss"`
}

// readPyperf gives one reading for each benchmark in a file. A run is a process,
// so the value is the median of the medians of runs.
func readPyperf(file string) ([]reading, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	var f pyperfFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("read results of pyperf: %w", err)
	}
	var all []reading
	for _, one := range f.Benchmarks {
		name, unit := cmp.Or(one.Metadata.Name, f.Metadata.Name), cmp.Or(one.Metadata.Unit, f.Metadata.Unit, second)
		var medians []float64
		peak := max(one.Metadata.Peak, f.Metadata.Peak)
		for _, run := range one.Runs {
			if len(run.Values) > 0 {
				medians = append(medians, median(run.Values))
				peak = max(peak, run.Metadata.Peak)
			}
		}
		if name != "" && len(medians) > 0 {
			all = append(all, reading{name: name, unit: unit, value: median(medians), peak: peak})
		}
	}
	if len(all) == 0 {
		return nil, errors.New("read results of pyperf: no values")
	}
	return all, nil
}
