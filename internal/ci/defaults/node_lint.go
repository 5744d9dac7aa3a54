package defaults

import (
	"slices"
	"strings"

	"iact-infra/internal/ci/pipeline"
)

// lint looks at the code, and never changes it: a script that would is not used.
func (n *node) lint() []pipeline.Job {
	jobs := n.eslint()
	if n.Has(".prettierrc*", "prettier.config.*") || slices.Contains(n.is.Sections, "prettier") {
		if name := first(n.is.Scripts, "format:check", "prettier:check", "check:format"); name != "" {
			jobs = append(jobs, pipeline.Job{Variant: "prettier", Run: []string{n.manager.script(name)}})
		} else if n.is.Requires("prettier") {
			jobs = append(jobs, pipeline.Job{Variant: "prettier", Run: []string{n.manager.exec + " prettier --check ."}})
		}
	}
	if name := first(n.is.Scripts, "typecheck", "type-check", "types", "check-types"); name != "" {
		jobs = append(jobs, pipeline.Job{Variant: "types", Run: []string{n.manager.script(name)}})
	} else if n.is.Requires("typescript") && n.Has("tsconfig.json") {
		jobs = append(jobs, pipeline.Job{Variant: "types", Run: []string{n.manager.exec + " tsc --noEmit"}})
	}
	if n.is.Lock != "" && n.is.Workspace == "" {
		jobs = append(jobs, pipeline.Job{Variant: "audit", Run: []string{n.manager.audit}, Inputs: append([]string{"package.json"}, n.manager.files...), Daily: true, Optional: true})
	}
	for i := range jobs {
		jobs[i].Stage, jobs[i].Memory = pipeline.Lint, 512<<20
	}
	return jobs
}

// eslint runs ESLint as the package's script does, with a report.
func (n *node) eslint() []pipeline.Job {
	flat, old := n.Has("eslint.config.*"), n.Has(".eslintrc*") || slices.Contains(n.is.Sections, "eslintConfig")
	name := first(n.is.Scripts, "lint:check", "lint", "eslint")
	script := n.is.Scripts[name]
	words := simple(script)
	uses := runs(words, "eslint")
	if (uses || n.is.Requires("eslint")) && !flat && !old && n.is.Workspace == "" {
		n.maker.note(n.Component, "no-eslint-config", "package.json", "ESLint is required and has no configuration here: it will refuse to run.",
			"Se requiere ESLint y aquí no tiene configuración: se negará a ejecutarse.")
	}
	others := n.is.Members != nil && strings.Contains(script, "workspace")
	switch {
	case uses:
		return []pipeline.Job{n.eslintScript(name, words)}
	case name != "" && (strings.Contains(script, "--fix") || others):
		return nil // it changes files, or is that of the members
	case name != "":
		return []pipeline.Job{{Run: []string{n.manager.script(name)}}}
	case n.is.Requires("eslint") && flat:
		return []pipeline.Job{reported(in(n.manager.exec, "eslint", eslintReport(), "."))}
	case n.is.Requires("eslint") && old: // which looks at .js alone, unless it is told
		return []pipeline.Job{reported(in(n.manager.exec, "eslint", eslintReport(), "--ext .js,.jsx,.mjs,.cjs,.ts,.tsx ."))}
	}
	return nil
}

// eslintScript runs a script that is ESLint and nothing else: with a report where
// it has not one of its own, and without what would change files.
func (n *node) eslintScript(name string, words []string) pipeline.Job {
	fixes := func(w string) bool { return strings.HasPrefix(w, "--fix") }
	formatted := slices.ContainsFunc(words, func(w string) bool {
		return w == "-f" || w == "-o" || strings.HasPrefix(w, "--format") || strings.HasPrefix(w, "--output-file")
	})
	line := n.manager.script(name)
	if slices.ContainsFunc(words, fixes) {
		from := slices.IndexFunc(words, func(w string) bool { return program(w) == "eslint" })
		line = n.manager.exec + " eslint"
		for _, w := range slices.DeleteFunc(words[from+1:], fixes) {
			line += " " + quoted(w)
		}
		if !formatted {
			line += " " + eslintReport()
		}
	} else if !formatted {
		line = n.manager.script(name, eslintReport())
	}
	if formatted {
		return pipeline.Job{Variant: "eslint", Run: []string{line}}
	}
	return reported(line)
}

func eslintReport() string { return "-f json -o " + report("eslint.json") }

func reported(line string) pipeline.Job {
	return pipeline.Job{Variant: "eslint", Run: []string{line}, Reports: findings("eslint", "eslint.json")}
}

// first is the first of the scripts that there is.
func first(scripts map[string]string, names ...string) string {
	for _, name := range names {
		if strings.TrimSpace(scripts[name]) != "" {
			return name
		}
	}
	return ""
}
