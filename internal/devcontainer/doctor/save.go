package doctor

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// Save writes the report to a file, in the form that its name asks for: .json,
// .md or .xml, which is JUnit's.
func (r Report) Save(path string) error {
	if err := CheckForm(path); err != nil {
		return err
	}
	write := map[string]func(io.Writer) error{".json": r.writeJSON, ".md": r.writeMarkdown, ".xml": r.writeJUnit}[filepath.Ext(path)]
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("save report: %w", err)
	}
	if err := write(file); err != nil {
		_ = file.Close()
		return fmt.Errorf("save report: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("save report: %w", err)
	}
	return nil
}

// CheckForm refuses a name that says no form.
func CheckForm(path string) error {
	if !slices.Contains([]string{".json", ".md", ".xml"}, filepath.Ext(path)) {
		return fault.New(fault.Usage, "-to=FILE ends in .md, .xml (JUnit) or .json", fmt.Errorf("save report: %q says no form", path))
	}
	return nil
}

func (r Report) writeJSON(to io.Writer) error {
	e := json.NewEncoder(to)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// writeMarkdown is for a pull request or a ticket: a table, then each fault.
func (r Report) writeMarkdown(to io.Writer) error {
	say := wordsIn(r.Lang)
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\n| | | | |\n|---|---|---|---|\n", r.name(), r.State(), r.Engine)
	for _, f := range r.shown() {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.State, f.Code, cell(f.Title.In(r.Lang)), cell(f.Evidence))
	}
	for _, f := range r.shown() {
		if !f.Bad() {
			continue
		}
		fmt.Fprintf(&b, "\n## %s %s\n\n", f.Code, f.Title.In(r.Lang))
		for _, line := range [][2]string{{say.where, f.Where}, {say.seen, f.Evidence}, {say.cause, f.Cause.In(r.Lang)}, {say.by, f.By}} {
			if line[1] != "" {
				fmt.Fprintf(&b, "- %s: %s\n", line[0], cell(line[1]))
			}
		}
		if f.Fix != "" {
			fmt.Fprintf(&b, "\n```sh\n%s\n```\n", f.Fix)
		}
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// cell is a text that no character of takes out of its place.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(strings.TrimSpace(text))
}

// writeJUnit is a suite of one case a finding, for the reports of CI systems.
func (r Report) writeJUnit(to io.Writer) error {
	type message struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
	type testcase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Time    float64  `xml:"time,attr"`
		Failure *message `xml:"failure,omitempty"`
		Skipped *message `xml:"skipped,omitempty"`
		Out     string   `xml:"system-out,omitempty"`
	}
	type suite struct {
		XMLName  xml.Name   `xml:"testsuite"`
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Time     float64    `xml:"time,attr"`
		Cases    []testcase `xml:"testcase"`
	}
	all := suite{Name: r.Target, Time: r.Took.Seconds()}
	for _, f := range r.Findings {
		one := testcase{Class: r.Target, Name: f.Code + " " + f.Title.In(r.Lang), Time: f.Took.Seconds()}
		text := strings.Join([]string{f.Where, f.Evidence, f.Cause.In(r.Lang), f.Fix}, "\n")
		switch {
		case f.State == Fail && f.By == "":
			one.Failure = &message{f.Evidence, text}
			all.Failures++
		case f.By != "":
			one.Skipped = &message{f.By, text}
			all.Skipped++
		case f.State == Unknown:
			one.Skipped = &message{f.Evidence, text}
			all.Skipped++
		default:
			one.Out = text
		}
		all.Cases = append(all.Cases, one)
	}
	all.Tests = len(all.Cases)
	if _, err := io.WriteString(to, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(to)
	e.Indent("", "  ")
	return e.Encode(all)
}
