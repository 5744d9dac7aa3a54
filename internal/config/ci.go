package config

import (
	"slices"
	"time"
)

// CI is the section of the pipeline.
type CI struct {
	Auto       bool // components: auto; Components is empty then
	Components []Component
	Stages     map[string]*Stage // every stage has one
	Cache      string
	CacheLimit int64 // bytes
	Trust      string
	Jobs       int // at once; 0: by cores
	Branch     string
	Repository string
	Depth      int           // how much history a new copy gets; 0: all
	Limit      time.Duration // of a job that has none of its own
	Baseline   string        // findings that are known; "" is none
	Wheels     string        // for pip, without an index; "" is the index
	Python     string        // the interpreter that makes environments
	Retries    int           // of failed tests
}

// Stage is what holds for all jobs of a stage.
type Stage struct {
	Needs    []string // stages of the same component that end before
	Limit    time.Duration
	Optional bool
}

// Component is one part of the project, as configured.
type Component struct {
	Name, Dir, Kind string
	Needs           []string
	Coverage        int   // percent of the lines
	Size            int64 // bytes that its artefacts may have
	Jobs            []Job
	Given           []string // the keys that stand in the file
	Origin          string   // FILE:LINE
}

// Job changes a job that the component has by its kind, or adds one.
type Job struct {
	Stage, Variant                            string
	Run, Needs, Inputs, Outputs, Env, Tools   []string
	JUnit, Coverage, Findings, Keep, Services []string
	Limit                                     time.Duration
	Memory                                    int64
	Cores, Retries                            int
	Fresh, Daily, Optional, Placed            bool
	Given                                     []string // the keys that stand in the file
	Origin                                    string
}

// Has says whether a key stands in the file.
func (j Job) Has(key string) bool { return slices.Contains(j.Given, key) }

// Has says whether a key stands in the file.
func (c Component) Has(key string) bool { return slices.Contains(c.Given, key) }

// StageNames are the stages of a pipeline, in order.
func StageNames() []string {
	return []string{"deps", "env", "unit", "lint", "build", "artifacts", "integration"}
}

// FindingFormats are the forms of findings that are read.
func FindingFormats() []string {
	return []string{"eslint", "flake8", "ruff", "mypy", "sarif", "checkstyle"}
}

func componentEntries(c *Config) entries {
	return entries{
		auto:  &c.CI.Auto,
		clear: func() { c.CI.Components = nil },
		count: func() int { return len(c.CI.Components) },
		keys:  func(i int) []key { return componentKeys(&c.CI.Components[i]) },
		add: func() ([]key, func([]string, string)) {
			c.CI.Components = append(c.CI.Components, Component{})
			one := &c.CI.Components[len(c.CI.Components)-1]
			return componentKeys(one), func(given []string, origin string) {
				one.Given, one.Origin = given, origin
				if !one.Has("dir") {
					one.Dir = one.Name
				}
			}
		},
	}
}

func jobEntries(c *Component) entries {
	return entries{
		clear: func() { c.Jobs = nil },
		count: func() int { return len(c.Jobs) },
		keys:  func(i int) []key { return jobKeys(&c.Jobs[i]) },
		add: func() ([]key, func([]string, string)) {
			c.Jobs = append(c.Jobs, Job{})
			one := &c.Jobs[len(c.Jobs)-1]
			return jobKeys(one), func(given []string, origin string) { one.Given, one.Origin = given, origin }
		},
	}
}
