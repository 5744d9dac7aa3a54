// Package venvtest makes what virtual environments hold, for tests that have no
// index of packages.
package venvtest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Wheel writes a wheel of one module and one script, both of the package's name,
// into dir, and gives its path. lines are more lines of its METADATA.
func Wheel(t testing.TB, dir, name, version string, lines ...string) string {
	t.Helper()
	info := fmt.Sprintf("%s-%s.dist-info/", name, version)
	contents := [][2]string{
		{name + ".py", fmt.Sprintf("def main():\n    print(%q)\n", name+" "+version)},
		{info + "METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: %s\n%s\n", name, version, strings.Join(append(lines, ""), "\n"))},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "entry_points.txt", fmt.Sprintf("[console_scripts]\n%s = %s:main\n", name, name)},
	}
	record := info + "RECORD,,\n"
	for _, one := range contents {
		record += one[0] + ",,\n"
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%s-py3-none-any.whl", name, version))
	if err := write(path, append(contents, [2]string{info + "RECORD", record})); err != nil {
		t.Fatalf("write wheel: %v", err)
	}
	return path
}

func write(path string, contents [][2]string) error {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, one := range contents {
		w, err := z.Create(one[0])
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte(one[1])); err != nil {
			return err
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
}
