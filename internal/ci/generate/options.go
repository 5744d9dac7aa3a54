package generate

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/fault"
)

// Options are what a pipeline does not say and a system has to know.
type Options struct {
	// Branch is the one whose caches are trusted; "main".
	Branch string
	// Command calls the toolkit, word by word; go tool mage.
	Command []string
	// Dir is where the toolkit lies, below the project, with slashes; ".".
	Dir string
	// Tools are the versions that components want, by name, as Look finds them.
	Tools map[string]Tools
	// Services are what the system starts for jobs that name them. A service that
	// is not here is started by the toolkit, with compose.
	Services []Service
	// Secrets and Variables are names that the system keeps. They are given to jobs
	// that name them in Env, and to no other; GitLab gives all to all.
	Secrets, Variables []string
	// Limit is that of jobs that have none; 30 minutes.
	Limit time.Duration
	// Runner is GitHub's label; ubuntu-24.04.
	Runner string
	// Image is what jobs run in on GitLab; that of the component's kind.
	Image string
	// Agent is Jenkins' label; any agent.
	Agent string
	// Pins are commits by action, as "actions/checkout@v6": 40 hex digits. What is
	// not here is pinned by its major version, which its owner can move.
	Pins map[string]string
}

// Service is a program that jobs talk to, started by the system beside them.
type Service struct {
	Name   string // as jobs call it, and its host name on GitLab
	Image  string
	Env    map[string]string // in clear: for passwords of tests
	Port   int               // 0: the one that is usual for the image
	Health string            // a command that says whether it answers; "": the usual one
}

func (o Options) filled() Options {
	if o.Branch == "" {
		o.Branch = "main"
	}
	if len(o.Command) == 0 {
		o.Command = []string{"go", "tool", "mage"}
	}
	if o.Limit == 0 {
		o.Limit = 30 * time.Minute
	}
	if o.Runner == "" {
		o.Runner = "ubuntu-24.04"
	}
	o.Dir = path.Clean(o.Dir)
	services := slices.Clone(o.Services)
	for i := range services {
		services[i] = services[i].usual()
	}
	o.Services = services
	return o
}

// usual fills in what is known of databases that most projects use.
func (s Service) usual() Service {
	port, health := 0, ""
	name, _, _ := strings.Cut(path.Base(s.Image), ":")
	switch name {
	case "postgres", "postgis":
		port, health = 5432, "pg_isready"
	case "mariadb":
		port, health = 3306, "healthcheck.sh --connect --innodb_initialized"
	case "mysql":
		port, health = 3306, "mysqladmin ping --silent"
	case "redis", "valkey":
		port, health = 6379, name+"-cli ping"
	}
	if s.Port == 0 {
		s.Port = port
	}
	if s.Health == "" {
		s.Health = health
	}
	return s
}

// check refuses what a file could not hold, or would take for something else.
func (o Options) check() error {
	if !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`).MatchString(o.Branch) {
		return refused("the branch %q is no plain name", "letters, digits and . _ / - are", o.Branch)
	}
	if strings.HasPrefix(o.Dir, "../") || o.Dir == ".." || path.IsAbs(o.Dir) {
		return refused("the toolkit in %q is not below the project", "name a directory below the project", o.Dir)
	}
	variable := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	for _, name := range slices.Concat(o.Secrets, o.Variables) {
		if !variable.MatchString(name) || strings.HasPrefix(strings.ToUpper(name), "GITHUB_") {
			return refused("%q is no name of a variable that can be given", "letters, digits and _, and not GITHUB_ at the beginning", name)
		}
	}
	known, commit := actions(), regexp.MustCompile(`^[0-9a-f]{40}$`)
	for _, action := range slices.Sorted(maps.Keys(o.Pins)) {
		if !slices.Contains(known, action) {
			return refused("the action %q is not used", "the actions are "+strings.Join(known, ", "), action)
		}
		if !commit.MatchString(o.Pins[action]) {
			return refused("%q is no commit of an action", "a commit is 40 hex digits, from git ls-remote", o.Pins[action])
		}
	}
	words := slices.Concat(o.Command, []string{o.Dir, o.Runner, o.Image, o.Agent})
	seen, host := map[string]bool{}, regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
	for _, s := range o.Services {
		if s.Image == "" || seen[strings.ToLower(s.Name)] || !host.MatchString(s.Name) {
			return refused("the service %q has no image, is there twice, or has a name that no host can have", "give it an image, and a name of letters, digits and -", s.Name)
		}
		seen[strings.ToLower(s.Name)] = true
		words = append(words, s.Image, s.Health)
		for name, value := range s.Env {
			if !variable.MatchString(name) {
				return refused("%q is no name of a variable", "letters, digits and _", name)
			}
			words = append(words, value)
		}
	}
	for _, t := range o.Tools {
		words = append(words, t.Lock, t.Node.File, t.Node.Number, t.Python.File, t.Python.Number, t.Go.File, t.Go.Number)
	}
	return plain(words...)
}

// checkNames refuses names that cannot be shown, which no file needs to hold.
func checkNames(p pipeline.Pipeline) error {
	var words []string
	for _, c := range p.Components {
		if c.Name == "" {
			return refused("the component in %q has no name", "give it one", c.Dir)
		}
		words = append(words, c.Name, c.Dir)
	}
	for _, j := range p.Jobs {
		words = append(words, j.Variant, j.Dir)
		words = slices.Concat(words, j.Reports.JUnit, j.Reports.Coverage)
	}
	return plain(words...)
}

func plain(words ...string) error {
	for _, word := range words {
		if !utf8.ValidString(word) || strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return refused("%q holds a character that cannot be shown", "rename it, or write it without control characters", word)
		}
	}
	return nil
}

func refused(what, hint, value string) error {
	return fault.New(fault.Usage, hint, fmt.Errorf("generate pipeline: "+what, value))
}

// wanted lists the services of units that the system starts.
func (o Options) wanted(units []unit) []Service {
	return slices.DeleteFunc(slices.Clone(o.Services), func(s Service) bool {
		return !slices.ContainsFunc(units, func(u unit) bool {
			return slices.ContainsFunc(u.jobs, func(j pipeline.Job) bool { return slices.Contains(j.Services, s.Name) })
		})
	})
}

// given lists the names that units' jobs want.
func given(units []unit, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !slices.ContainsFunc(units, func(u unit) bool {
			return slices.ContainsFunc(u.all, func(j pipeline.Job) bool { return slices.Contains(j.Env, name) })
		})
	})
}
