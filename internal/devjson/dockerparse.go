package devjson

import (
	"encoding/json"
	"regexp"
	"strings"
)

// instruction is one of a Dockerfile, its lines joined.
type instruction struct {
	name    string // in capitals
	written string
	line    int
	flags   []string // --from=x
	rest    string   // behind the flags
	heredoc bool
	open    string // the word that never ended its heredoc
}

// words are the arguments: those of the JSON form, or what stands between spaces.
func (i instruction) words() (words []string, exec bool) {
	if strings.HasPrefix(i.rest, "[") && json.Unmarshal([]byte(i.rest), &words) == nil {
		return words, true
	}
	return strings.Fields(i.rest), false
}

// flag is the value of a flag, and whether it is there.
func (i instruction) flag(name string) (string, bool) {
	for _, f := range i.flags {
		if key, value, _ := strings.Cut(f, "="); key == "--"+name {
			return value, true
		}
	}
	return "", false
}

// directives are the lines at the top of a Dockerfile that speak to the builder.
func directives(lines []string) map[string]int {
	found := map[string]int{}
	for i, line := range lines {
		m := regexp.MustCompile(`^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(\S.*?)\s*$`).FindStringSubmatch(line)
		if m == nil {
			break
		}
		found[strings.ToLower(m[1])+"="+m[2]] = i + 1
	}
	return found
}

// instructions reads a Dockerfile as BuildKit does: lines end in the escape
// character to go on, and comments and empty lines in between are left out.
func instructions(text string) []instruction {
	lines := strings.Split(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n"), "\n")
	escape := `\`
	for directive := range directives(lines) {
		if strings.HasPrefix(directive, "escape=`") {
			escape = "`"
		}
	}
	goesOn := regexp.MustCompile(regexp.QuoteMeta(escape) + `[ \t]*$`)
	var all []instruction
	for i := 0; i < len(lines); i++ {
		first := strings.TrimSpace(lines[i])
		if first == "" || strings.HasPrefix(first, "#") {
			continue
		}
		start, joined := i, ""
		for line := first; ; {
			at := goesOn.FindStringIndex(line)
			if at == nil {
				joined += line
				break
			}
			joined += line[:at[0]]
			for i++; i < len(lines); i++ {
				if line = lines[i]; strings.TrimSpace(line) != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") {
					break
				}
			}
			if i >= len(lines) {
				break
			}
		}
		in := instructionOf(joined, start+1)
		i = in.skipHeredocs(lines, i)
		all = append(all, in)
	}
	return all
}

func instructionOf(joined string, line int) instruction {
	written, rest, _ := strings.Cut(strings.ReplaceAll(joined, "\t", " "), " ")
	in := instruction{name: strings.ToUpper(written), written: written, line: line}
	for rest = strings.TrimSpace(rest); strings.HasPrefix(rest, "--"); {
		flag, more, _ := strings.Cut(rest, " ")
		in.flags, rest = append(in.flags, flag), strings.TrimSpace(more)
	}
	in.rest = rest
	return in
}

// skipHeredocs goes past the texts that belong to an instruction.
func (i *instruction) skipHeredocs(lines []string, at int) int {
	if i.name != "RUN" && i.name != "COPY" && i.name != "ADD" {
		return at
	}
	for _, word := range strings.Fields(i.rest) {
		m := regexp.MustCompile(`^\d*<<(-?)["']?([A-Za-z_][A-Za-z0-9_.]*)["']?$`).FindStringSubmatch(word)
		if m == nil {
			continue
		}
		i.heredoc, i.open = true, m[2]
		for at++; at < len(lines); at++ {
			line := lines[at]
			if m[1] == "-" {
				line = strings.TrimLeft(line, "\t")
			}
			if line == m[2] {
				i.open = ""
				break
			}
		}
	}
	return at
}

// expand replaces $X, ${X}, ${X:-default} and ${X:+other}.
func expand(text string, of map[string]string) string {
	return regexp.MustCompile(`\$(?:\{(\w+)(?:(:?[-+])([^}]*))?\}|(\w+))`).ReplaceAllStringFunc(text, func(written string) string {
		m := regexp.MustCompile(`\$(?:\{(\w+)(?:(:?[-+])([^}]*))?\}|(\w+))`).FindStringSubmatch(written)
		said := of[m[1]+m[4]]
		switch {
		case strings.HasSuffix(m[2], "-") && said == "":
			return expand(m[3], of)
		case strings.HasSuffix(m[2], "+") && said != "":
			return expand(m[3], of)
		case strings.HasSuffix(m[2], "+"):
			return ""
		}
		return said
	})
}
