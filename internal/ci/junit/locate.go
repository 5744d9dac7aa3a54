package junit

import (
	"path"
	"strconv"
	"strings"
)

// frame is a line of a trace that names a place: "at f (/x/a.js:8:35)" of Node.js,
// "tests/test_a.py:16: AssertionError" of pytest.
const frame = `(?m)^\s*(?:at (?:.*?\()?(?:file://)?([^\s()]+?):(\d+):\d+\)?|([^\s:"]+\.py):(\d+): .*)\s*$`

// locate finds the line of a test at which it failed: in file where that is
// known, otherwise in what looks most like a test.
func (p *parser) locate(file, trace string) (found string, line int) {
	best := 0
	for _, m := range p.frame.FindAllStringSubmatch(trace, 100) {
		name, number, python := m[1], m[2], false
		if name == "" {
			name, number, python = m[3], m[4], true
		}
		at, below := p.at.Below(name)
		n, err := strconv.Atoi(number)
		if !below || err != nil || strings.Contains(at, "node_modules/") || strings.Contains(at, "site-packages/") {
			continue
		}
		rank := 1
		switch {
		case file != "" && at == file:
			rank = 3
		case file != "":
			continue
		case isTest(at):
			rank = 2
		}
		// Python's traces end with the innermost place, those of Node.js begin with it.
		if rank > best || python && rank == 3 {
			best, found, line = rank, at, n
		}
	}
	return found, line
}

func isTest(name string) bool {
	base := strings.ToLower(path.Base(name))
	return strings.Contains(base, "test") || strings.Contains(base, "spec") || strings.Contains(name, "__tests__/")
}
