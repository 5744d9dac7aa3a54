package redact

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf16"
)

// parts are a value, and its lines where it has several, as a key or a file of
// credentials has: logs are read by the line, and programs indent what they show.
func parts(value string) []string {
	all := []string{value}
	if lines := strings.Split(value, "\n"); len(lines) > 1 {
		for _, line := range lines {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

// spellings are those in which a program is likely to repeat a value: as it is,
// in an address, in JSON, as a text of Python or JavaScript, in HTML and XML,
// quoted for a shell, and in base64, alone or as the end of what stands before it.
func spellings(value string) []string {
	quoted, _ := json.Marshal(value)
	backslashes := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value)
	all := []string{
		value, url.QueryEscape(value), url.PathEscape(value), string(quoted[1 : len(quoted)-1]),
		strings.ReplaceAll(value, "'", `'\''`), strings.ReplaceAll(value, "'", `'"'"'`), strings.ReplaceAll(value, "$", "$$"),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(value),
		backslashes, strings.ReplaceAll(backslashes, `'`, `\'`),
	}
	// Go escapes < > & in JSON; others do not, and some leave nothing but ASCII.
	plain := strings.ReplaceAll(backslashes, `"`, `\"`)
	all = append(all, plain, ascii(plain))
	all = append(all, markup(value)...)
	// Of base64 only what does not depend on the bytes around it can be looked for.
	for shift := range 3 {
		padded := append(make([]byte, shift), value...)
		coded := base64.StdEncoding.EncodeToString(padded)
		from, to := []int{0, 2, 3}[shift], len(padded)/3*4
		if to-from >= 8 {
			all = append(all, coded[from:to], strings.NewReplacer("+", "-", "/", "_").Replace(coded[from:to]))
		}
	}
	return all
}

// ascii writes other characters as JSON does where it may hold no others.
func ascii(value string) string {
	var b strings.Builder
	for _, r := range value {
		if r < 0x80 {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// markup is a value in HTML or XML: writers differ in which quotes they escape,
// and how.
func markup(value string) []string {
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(value)
	var all []string
	for _, double := range []string{`"`, "&quot;", "&#34;"} {
		for _, single := range []string{"'", "&#39;", "&#x27;", "&apos;"} {
			all = append(all, strings.NewReplacer(`"`, double, "'", single).Replace(text))
		}
	}
	return all
}
