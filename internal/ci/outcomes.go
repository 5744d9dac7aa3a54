package ci

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/ci/coverage"
	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/whole"
)

// outcomes is where the last outcome of each job is kept.
func (s *site) outcomes() string { return filepath.Join(s.state, "jobs") }

func (s *site) outcomeFile(job string) string {
	return filepath.Join(s.outcomes(), strings.ReplaceAll(job, ":", "-")+".json")
}

// remember keeps how a job went, for ci:report in another process, and for the
// order of the next run.
func (s *site) remember(did outcome.Job) error {
	text, err := json.Marshal(did)
	if err != nil {
		return err
	}
	if did.Coverage != nil {
		var lines bytes.Buffer
		if err := coverage.WriteLCOV(&lines, *did.Coverage); err != nil {
			return err
		}
		if err := whole.Text(s.linesFile(did.Name), lines.Bytes()); err != nil {
			return err
		}
	}
	return whole.Text(s.outcomeFile(did.Name), text)
}

// linesFile holds which lines a job's tests have reached.
func (s *site) linesFile(job string) string {
	return strings.TrimSuffix(s.outcomeFile(job), ".json") + ".lcov"
}

// lines gives the outcome of another process the lines that it has reached. Where
// they cannot be read, their number is all that is told.
func (s *site) lines(did *outcome.Job) {
	if did.Coverage == nil {
		return
	}
	if whole, err := coverage.ReadFile(s.linesFile(did.Name), place.Place{Project: s.project}); err == nil {
		did.Coverage = &whole
	}
}

// last is how a job went the last time.
func (s *site) last(job string) (outcome.Job, bool) {
	var did outcome.Job
	text, err := os.ReadFile(s.outcomeFile(job))
	if err != nil || json.Unmarshal(text, &did) != nil {
		return outcome.Job{}, false
	}
	return did, true
}

// expected is how long a job took when it was run last. Of one that never was, its
// stage says which is likely to be the longer one.
func (s *site) expected(job string) time.Duration {
	if did, known := s.last(job); known {
		return max(did.Duration, did.Saved)
	}
	_, stage, _, _ := pipeline.ParseName(job)
	return likely(stage)
}

// likely only has to put stages in order: the longest way is begun first.
func likely(stage pipeline.Stage) time.Duration {
	switch stage {
	case pipeline.Deps, pipeline.Unit:
		return 10 * time.Second
	case pipeline.Build:
		return 5 * time.Second
	case pipeline.Lint:
		return 3 * time.Second
	case pipeline.Integration:
		return 30 * time.Second
	case pipeline.Env, pipeline.Artifacts:
	}
	return 100 * time.Millisecond
}
