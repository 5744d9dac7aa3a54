package detect

import (
	"path"
	"regexp"
	"strings"
)

// output finds where a build of the package goes: what the configuration of its
// bundler says, else that bundler's own default, else what git ignores.
func (s *search) output(dir string, files []string, n *Node) string {
	build := n.Scripts["build"]
	if build == "" {
		return ""
	}
	for _, given := range []string{`--output-path[= ]([\w./-]+)`, `--outDir[= ]([\w./-]+)`, `--outdir[= ]([\w./-]+)`, `--dist-dir[= ]([\w./-]+)`, `--dest[= ]([\w./-]+)`} {
		if at := regexp.MustCompile(given).FindStringSubmatch(build); at != nil {
			return inside(at[1])
		}
	}
	for _, bundler := range []struct{ word, config, given, fallback string }{
		{"react-scripts", "", "", "build"},
		{"craco", "", "", "build"},
		{"vue-cli-service", "vue.config.*", `outputDir:\s*["']([^"']+)["']`, "dist"},
		{"webpack", "webpack.config.*", `path:\s*(?:path\.)?(?:resolve|join)\(\s*__dirname\s*,\s*["']([^"']+)["']\s*\)`, "dist"},
		{"vite", "vite.config.*", `outDir:\s*["']([^"']+)["']`, "dist"},
		{"next", "next.config.*", `distDir:\s*["']([^"']+)["']`, ".next"},
		{"tsc", "tsconfig.json", `"outDir":\s*"([^"]+)"`, ""},
		{"astro", "astro.config.*", `outDir:\s*["']([^"']+)["']`, "dist"},
		{"parcel", "", "", "dist"},
		{"gatsby", "", "", "public"},
		{"nuxt", "", "", ".output"},
	} {
		if !regexp.MustCompile(`(^|[\s/])` + bundler.word + `(\s|$)`).MatchString(build) {
			continue
		}
		for _, file := range files {
			fits, err := path.Match(bundler.config, file)
			if err != nil || !fits {
				continue
			}
			if at := regexp.MustCompile(bundler.given).FindStringSubmatch(s.read(dir, file)); at != nil {
				return inside(at[1])
			}
		}
		if bundler.fallback != "" {
			return bundler.fallback
		}
	}
	ignored := s.read(dir, ".gitignore") + "\n" + s.read(".gitignore")
	for _, name := range []string{"dist", "build", "out", "lib", "public"} {
		if regexp.MustCompile(`(?m)^(\*\*)?/?` + name + `/?\s*$`).MatchString(ignored) {
			return name
		}
	}
	return ""
}

// inside is a directory as an output below the component, or none.
func inside(dir string) string {
	clean := path.Clean(dir)
	if clean == "." || path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
		return ""
	}
	return clean
}
