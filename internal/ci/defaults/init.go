package defaults

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/config/amend"
	"iact-infra/internal/fault"
)

// ErrThere says that the configuration describes components already.
const ErrThere = command.Sentinel("ci.components is there already")

// Init is a pipeline as a section of the configuration. The components are in
// force; their jobs are found anew each time, and stand there with a # in front.
// With or without these it reads back to the same pipeline.
func Init(p pipeline.Pipeline, ci config.CI, lang string) (string, error) {
	var w writer
	w.es = lang == "es"
	w.line(0, "ci:")
	w.line(2, "components:")
	for _, c := range p.Components {
		w.component(c)
		w.say(6, "Its jobs. They are found by its files each time; take the # away in front of jobs and of one of them to change it.",
			"Sus trabajos. Se hallan por sus archivos cada vez; quite el # delante de jobs y de uno de ellos para cambiarlo.")
		w.line(6, "#jobs:")
		for _, j := range p.Jobs {
			if j.Component == c.Name {
				w.job(p, ci, j)
			}
		}
	}
	return w.b.String(), w.err
}

// Write puts a section of Init into the text of a configuration file and leaves
// all else as it is. Components that are there are never replaced.
func Write(text []byte, section string) ([]byte, error) {
	has, err := amend.Holds(text, []string{"ci", "components"})
	if err != nil {
		return nil, fault.New(fault.Usage, "config:check says what is wrong with it", err)
	}
	if has {
		return nil, fault.New(fault.Usage, "remove ci.components from the file first, or change it by hand", ErrThere)
	}
	_, body, _ := strings.Cut(section, "\n") // without "ci:"
	key, indent, err := place(text)
	if err != nil {
		return nil, err
	}
	var written string
	if key == 0 {
		gap := ""
		if len(text) > 0 {
			gap = "\n"
			if !bytes.HasSuffix(text, []byte("\n")) {
				gap = "\n\n"
			}
		}
		written = string(text) + gap + section
	} else {
		lines := strings.SplitAfter(string(text), "\n")
		if !strings.HasSuffix(lines[key-1], "\n") {
			lines[key-1] += "\n"
		}
		var moved strings.Builder
		for line := range strings.Lines(body) {
			moved.WriteString(strings.Repeat(" ", indent) + strings.TrimPrefix(line, "  "))
		}
		written = strings.Join(lines[:key], "") + moved.String() + strings.Join(lines[key:], "")
	}
	if there, err := amend.Holds([]byte(written), []string{"ci", "components"}); err != nil || !there {
		return nil, byHand()
	}
	return []byte(written), nil
}

func byHand() error {
	return fault.New(fault.Usage, "write ci: alone on its line and its keys below it", errors.New("write ci.components: the file is not written in lines of keys"))
}

// place finds the line of the key ci, 0 when there is none, and how far its keys
// are moved in.
func place(text []byte) (line, indent int, err error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return 0, 0, fault.New(fault.Usage, "config:check says what is wrong with it", fmt.Errorf("read YAML: %w", err))
	}
	if len(document.Content) == 0 {
		return 0, 0, nil
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.Value == "" {
		return 0, 0, nil
	}
	if root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 {
		return 0, 0, byHand()
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value != "ci" {
			continue
		}
		value := root.Content[i+1]
		switch {
		case value.Kind == yaml.MappingNode && value.Style&yaml.FlowStyle == 0 && len(value.Content) > 0:
			return root.Content[i].Line, value.Content[0].Column - 1, nil
		case value.Kind == yaml.ScalarNode && value.Value == "":
			return root.Content[i].Line, 2, nil
		}
		return 0, 0, byHand()
	}
	return 0, 0, nil
}

type writer struct {
	b   strings.Builder
	es  bool
	err error
}

func (w *writer) line(indent int, text string) {
	w.b.WriteString(strings.Repeat(" ", indent) + text + "\n")
}

func (w *writer) say(indent int, en, es string) {
	if w.es {
		en = es
	}
	w.line(indent, "# "+en)
}

func (w *writer) text(s string) string {
	text, err := amend.Text(s)
	w.err = errors.Join(w.err, err)
	return text
}

func (w *writer) list(texts []string) string {
	shown := make([]string, len(texts))
	for i, t := range texts {
		shown[i] = w.text(t)
	}
	return "[" + strings.Join(shown, ", ") + "]"
}

func (w *writer) component(c pipeline.Component) {
	w.line(4, "- name: "+w.text(c.Name))
	w.line(6, "dir: "+w.text(c.Dir))
	w.line(6, "kind: "+string(c.Kind))
	if len(c.Needs) > 0 {
		w.line(6, "needs: "+w.list(c.Needs))
	}
	w.line(6, "coverage: "+strconv.Itoa(c.Coverage))
	w.line(6, "size: "+config.FormatSize(c.SizeBytes))
}

// job writes one job, each line of it with a # in front; what is as it would be
// anyway is left out.
func (w *writer) job(p pipeline.Pipeline, ci config.CI, j pipeline.Job) {
	start := "#  - "
	put := func(key, value string) {
		w.line(6, strings.TrimRight(start+key+": "+value, " "))
		start = "#    "
	}
	lists := func(key string, texts []string) {
		if len(texts) > 0 {
			put(key, w.list(texts))
		}
	}
	put("stage", string(j.Stage))
	if j.Variant != "" {
		put("variant", w.text(j.Variant))
	}
	if len(j.Run) > 0 {
		put("run", "")
		for _, line := range j.Run {
			w.line(6, "#      - "+w.text(line))
		}
	}
	m := maker{Options: Options{CI: ci}, made: Made{Pipeline: p}}
	if !slices.Equal(j.Needs, m.before(j)) {
		put("needs", w.list(j.Needs))
	}
	lists("inputs", j.Inputs)
	lists("outputs", j.Outputs)
	lists("env", j.Env)
	lists("tools", j.Tools)
	lists("junit", j.Reports.JUnit)
	lists("coverage", j.Reports.Coverage)
	var findings []string
	for _, f := range j.Reports.Findings {
		findings = append(findings, f.Format+":"+f.Path)
	}
	lists("findings", findings)
	lists("keep", j.Reports.Keep)
	lists("services", j.Services)
	if j.Limit != 0 {
		put("limit", strconv.Itoa(int(j.Limit/time.Second))+"s")
	}
	if j.Memory != 0 {
		put("memory", config.FormatSize(j.Memory))
	}
	if j.Cores != 0 {
		put("cores", strconv.Itoa(j.Cores))
	}
	for _, flag := range []struct {
		key string
		on  bool
	}{{"fresh", j.Fresh}, {"daily", j.Daily}, {"placed", j.Placed}, {"optional", j.Optional}} {
		if flag.on {
			put(flag.key, "true")
		}
	}
}
