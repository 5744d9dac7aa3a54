package coverage

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// WriteLCOV writes a report as lcov.info, with paths from the project.
func WriteLCOV(w io.Writer, r Report) error {
	out := bufio.NewWriter(w)
	for _, f := range r.Files {
		fmt.Fprintf(out, "TN:\nSF:%s\n", strings.NewReplacer("\n", " ", "\r", " ").Replace(f.Path))
		for _, line := range slices.Sorted(maps.Keys(f.Hits)) {
			fmt.Fprintf(out, "DA:%d,%d\n", line, f.Hits[line])
		}
		fmt.Fprintf(out, "LF:%d\nLH:%d\n", f.Lines.All, f.Lines.Covered)
		for block, line := range slices.Sorted(maps.Keys(f.Taken)) {
			for branch, hits := range f.Taken[line] {
				fmt.Fprintf(out, "BRDA:%d,%d,%d,%d\n", line, block, branch, hits)
			}
		}
		fmt.Fprintf(out, "BRF:%d\nBRH:%d\nend_of_record\n", f.Branches.All, f.Branches.Covered)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write lcov: %w", err)
	}
	return nil
}

// WriteCobertura writes a report as Cobertura XML, as GitLab's coverage_report
// and Jenkins read it: one package for each directory, paths from the project.
func WriteCobertura(w io.Writer, r Report, now time.Time) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage lines-valid="%d" lines-covered="%d" branches-valid="%d" branches-covered="%d" %s complexity="0" version="1" timestamp="%d">
  <sources><source>.</source></sources>
  <packages>
`, r.Lines.All, r.Lines.Covered, r.Branches.All, r.Branches.Covered, rates(r.Lines, r.Branches), now.Unix())
	for _, dir := range directories(r) {
		var lines, branches Count
		for _, f := range dir.files {
			lines.add(f.Lines)
			branches.add(f.Branches)
		}
		fmt.Fprintf(out, "    <package name=\"%s\" %s complexity=\"0\">\n      <classes>\n", escape(dir.name), rates(lines, branches))
		for _, f := range dir.files {
			writeClass(out, f)
		}
		fmt.Fprint(out, "      </classes>\n    </package>\n")
	}
	fmt.Fprint(out, "  </packages>\n</coverage>\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write Cobertura: %w", err)
	}
	return nil
}

func writeClass(out io.Writer, f File) {
	fmt.Fprintf(out, "        <class name=\"%s\" filename=\"%s\" %s complexity=\"0\">\n          <methods/>\n          <lines>\n",
		escape(path.Base(f.Path)), escape(f.Path), rates(f.Lines, f.Branches))
	for _, line := range slices.Sorted(maps.Keys(f.Hits)) {
		condition := ""
		if taken := f.Taken[line]; len(taken) > 0 {
			covered := 0
			for _, hits := range taken {
				covered += min(hits, 1)
			}
			condition = fmt.Sprintf(` branch="true" condition-coverage="%d%% (%d/%d)"`, 100*covered/len(taken), covered, len(taken))
		}
		fmt.Fprintf(out, "            <line number=\"%d\" hits=\"%d\"%s/>\n", line, f.Hits[line], condition)
	}
	fmt.Fprint(out, "          </lines>\n        </class>\n")
}

type directory struct {
	name  string
	files []File
}

func directories(r Report) []directory {
	byName := map[string][]File{}
	for _, f := range r.Files {
		byName[path.Dir(f.Path)] = append(byName[path.Dir(f.Path)], f)
	}
	var all []directory
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		all = append(all, directory{name, byName[name]})
	}
	return all
}

func rates(lines, branches Count) string {
	return fmt.Sprintf(`line-rate="%.4f" branch-rate="%.4f"`, lines.Percent()/100, branches.Percent()/100)
}

func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes all
	return b.String()
}
