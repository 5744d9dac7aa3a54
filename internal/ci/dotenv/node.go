package dotenv

import (
	"regexp"
	"slices"
	"strings"
)

// ParseNode reads a text as dotenv of Node does, by its own expression.
func ParseNode(text string) map[string]string {
	const space = `[\s\v\x{a0}\x{feff}\p{Zs}\x{2028}\x{2029}]`
	line := regexp.MustCompile(strings.ReplaceAll(`(?m)^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)(\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`+"`(?:\\\\`|[^`])*`"+`|[^#\r\n]+)?\s*(?:#.*)?$`, `\s`, space))
	all := map[string]string{}
	for _, found := range line.FindAllStringSubmatch(oneBreak(text), -1) {
		all[found[1]] = nodeValue(strings.TrimFunc(found[2], nodeSpace))
	}
	return all
}

// nodeValue takes quotes off and, within double ones, fills in line breaks.
func nodeValue(value string) string {
	if strings.IndexAny(value, "'\"`") != 0 {
		return value
	}
	quote := value[:1]
	if len(value) >= 2 && strings.HasSuffix(value, quote) {
		value = value[1 : len(value)-1]
	}
	if quote == `"` {
		value = strings.ReplaceAll(strings.ReplaceAll(value, `\n`, "\n"), `\r`, "\r")
	}
	return value
}

func nodeSpace(c rune) bool {
	return c == '\ufeff' || c != '\u0085' && (c < 0x1c || c > 0x1f) && pythonSpace(c)
}

// Differ are the names that both libraries know and do not read alike, and those
// that only one of them reads, in order.
func Differ(text string) []string {
	python, node := Values(Parse(text)), ParseNode(text)
	var names []string
	for name, value := range python {
		if other, there := node[name]; !there || other != value {
			names = append(names, name)
		}
	}
	for name := range node {
		if _, there := python[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
