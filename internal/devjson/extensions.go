package devjson

import (
	"regexp"
	"strconv"
	"strings"
)

// extensions judges the ids of extensions of VS Code. One that is malformed is
// passed over without a word.
func (c *check) extensions(root value) {
	for _, way := range [][]string{{"extensions"}, {"customizations", "vscode", "extensions"}} {
		at := root
		for _, key := range way {
			m := at.find(key)
			if at = (value{}); m != nil {
				at = m.value
			}
		}
		for _, id := range at.items {
			shape := regexp.MustCompile(`^-?[A-Za-z0-9][A-Za-z0-9-]*\.[A-Za-z0-9][A-Za-z0-9._-]*(@[A-Za-z0-9.-]+)?$`)
			evidence := id.kind.String()
			if id.kind == text {
				evidence = strconv.Quote(id.text)
			}
			if id.kind != text || !shape.MatchString(id.text) && !strings.HasSuffix(id.text, ".vsix") {
				fix := "copy the id from the page of the extension"
				if trimmed := strings.TrimSpace(id.text); trimmed != id.text && shape.MatchString(trimmed) {
					fix = "take the spaces out"
				}
				c.add("DC-EXTENSION", Warn, id.at, evidence, "an id is PUBLISHER.NAME; another one is passed over without a word", fix)
			}
		}
	}
}
