package page

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/ci/findings"
)

// findingsView is what linters said: the new findings by file, and how many the
// baseline knows.
type findingsView struct {
	All   int
	Note  string
	State string
	Known string
	Tools []toolCount
	Files []findingFile
	More  string
}

type toolCount struct {
	Tool string
	N    int
}

type findingFile struct {
	Path string
	N    int
	Rows []findingRow
	Open bool
}

type findingRow struct {
	Line, Level, Word, Message, Rule string
}

const (
	findingBytes = 450 << 10
	openFindings = 30 // as many rows are seen without a click
)

func (m maker) findings() *findingsView {
	var v findingsView
	byFile := map[string][]findings.Finding{}
	byTool := map[string]int{}
	errors, known, asked := 0, 0, false
	for _, j := range m.run.Jobs {
		asked = asked || j.Findings != nil || j.Known > 0 || j.Stage == "lint" && ran(j)
		known += j.Known
		for _, f := range j.Findings {
			byFile[f.Path] = append(byFile[f.Path], f)
			byTool[f.Tool]++
			v.All++
			if f.Level == findings.Error {
				errors++
			}
		}
	}
	if !asked {
		return nil
	}
	v.State = "passed"
	var notes []string
	if v.All > 0 {
		v.State = "warned"
	}
	if errors > 0 {
		notes, v.State = append(notes, m.number("n.errors", errors)), "failed"
	}
	if known > 0 {
		notes = append(notes, m.number("n.known", known))
		v.Known = m.of("known", known)
	}
	v.Note = strings.Join(notes, " · ")
	for tool, n := range byTool {
		v.Tools = append(v.Tools, toolCount{m.line(tool, 40), n})
	}
	slices.SortFunc(v.Tools, func(a, b toolCount) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Tool, b.Tool)) })
	v.Tools = v.Tools[:min(len(v.Tools), 12)]
	m.findingFiles(&v, byFile)
	return &v
}

// findingFiles fills in the files while there is room, those with errors first.
func (m maker) findingFiles(v *findingsView, byFile map[string][]findings.Finding) {
	errorsIn := func(all []findings.Finding) (n int) {
		for _, f := range all {
			if f.Level == findings.Error {
				n++
			}
		}
		return n
	}
	paths := make([]string, 0, len(byFile))
	errors := map[string]int{}
	for path, all := range byFile {
		paths = append(paths, path)
		errors[path] = errorsIn(all)
	}
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(cmp.Compare(errors[b], errors[a]), cmp.Compare(len(byFile[b]), len(byFile[a])), cmp.Compare(a, b))
	})
	room, shown := budget{findingBytes}, 0
	for _, path := range paths {
		all := byFile[path]
		slices.SortStableFunc(all, func(a, b findings.Finding) int {
			return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
		})
		file := findingFile{Path: m.line(path, 300), N: len(all), Open: shown < openFindings && len(all) <= openFindings}
		if path == "" {
			file.Path = m.of("no.file")
		}
		if !room.takes(file.Path) {
			break
		}
		for _, f := range all {
			row := m.findingRow(f)
			if !room.takes(row.Message, row.Rule) {
				break
			}
			file.Rows = append(file.Rows, row)
		}
		shown += len(file.Rows)
		v.Files = append(v.Files, file)
	}
	if shown < v.All {
		v.More = m.number("n.more", v.All-shown)
	}
}

func (m maker) findingRow(f findings.Finding) findingRow {
	level := f.Level
	if level != findings.Error && level != findings.Warning {
		level = findings.Note
	}
	row := findingRow{Level: string(level), Word: m.of("level." + string(level)), Message: m.line(f.Message, 400), Rule: m.line(f.Tool, 40)}
	if f.Line > 0 {
		row.Line = strconv.Itoa(f.Line)
		if f.Column > 0 {
			row.Line += ":" + strconv.Itoa(f.Column)
		}
	}
	if rule := m.line(f.Rule, 80); rule != "" {
		row.Rule += " " + rule
	}
	return row
}
