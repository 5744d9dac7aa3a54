package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"text/template"
)

// fill is a template with the data. Its delimiters are not those of Jinja.
func fill(text string, d data) (string, error) {
	t, err := template.New("").Delims("[[", "]]").Funcs(template.FuncMap{"quote": quote, "indent": indent, "list": list}).Parse(text)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := t.Execute(&out, d); err != nil {
		return "", err
	}
	return out.String(), nil
}

// quote is a value as YAML takes it on one line, since JSON is YAML.
func quote(value any) (string, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return "", fmt.Errorf("write a value: %w", err)
	}
	return strings.ReplaceAll(strings.TrimSpace(out.String()), `","`, `", "`), nil
}

// indent puts blanks before every line but the first.
func indent(blanks int, text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", blanks))
}

// list is a list as an expression of Jinja has it.
func list(items ...any) string {
	var quoted []string
	for _, item := range items {
		switch item := item.(type) {
		case string:
			quoted = append(quoted, "'"+item+"'")
		case []string:
			for _, one := range item {
				quoted = append(quoted, "'"+one+"'")
			}
		}
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
