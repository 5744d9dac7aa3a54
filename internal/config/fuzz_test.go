package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/config"
)

func FuzzAnyBytesLoadOrSayInWhichLineTheyAreWrong(f *testing.F) {
	for _, seed := range []string{
		"", "\ufeff", "---\n---\n", "backup:\n\tx", "a: *a", "a: &a [*a]", "? ? ?", "<<: {}", "%YAML 9.9\n---\n", "\xff",
		"backup: {keep: {last: 0x7}, scrub_after: 1w2d, sources: [{kind: files, path: ~/x, name: a, exclude: [\"\", !x y]}]}",
		"backup: {sources: [{kind: postgres, name: a, port: !!int x, password: y, database: !!binary eA==}]}",
		"project: !!null x\nproject: |\n  a\n  b\n", "backup: {retired: [a, a], sources: [null, [], {}, {name: a}]}",
		"ci: {components: [{name: a, size: 5MB, jobs: [{stage: unit, run: []}, null, {needs: [x:y:z]}]}, {needs: [a]}], stages: {unit: {limit: 1m}}}",
		config.Commented("en"), strings.ReplaceAll(config.Commented("es"), "#", ""),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Options{Root: t.TempDir(), Getenv: env("IACT_CONFIG", file, "HOME", "/h")})
		if err == nil {
			c.Show()
			return
		}
		var problems config.Problems
		if !errors.As(err, &problems) || len(problems) == 0 {
			t.Fatalf("%v is not a list of problems", err)
		}
		lines := strings.Count(string(data), "\n") + strings.Count(string(data), "\r") +
			strings.Count(string(data), "\u0085") + strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 1
		for _, p := range problems {
			if p.File != file || p.Line < 1 || p.Line > lines+1 || p.Col < 1 || p.What == "" || strings.ContainsAny(p.String(), "\n\r\x00\x1b") {
				t.Errorf("%+v does not name a place of %d lines on one line of text", p, lines)
			}
		}
	})
}
