package redact

import "regexp"

// form is what a secret looks like, and what is left of it.
type form struct {
	pattern *regexp.Regexp
	with    string
	spare   *regexp.Regexp // a match that this fits stays
}

func (f form) hide(text string) string {
	if f.spare == nil {
		return f.pattern.ReplaceAllString(text, f.with)
	}
	return f.pattern.ReplaceAllStringFunc(text, func(match string) string {
		if f.spare.MatchString(match) {
			return match
		}
		return f.pattern.ReplaceAllString(match, f.with)
	})
}

// forms are tried in order. Sources of the tokens: what their makers document as
// the beginning of each.
func forms() []form {
	with := func(pattern, with string) form { return form{pattern: regexp.MustCompile(pattern), with: with} }
	variable := func(pattern, with string) form {
		// The name of a file is none, and neither is a reference to another variable.
		return form{regexp.MustCompile(pattern), with, regexp.MustCompile(`(?i)(_file|_path|_dir)["']?\s*[:=]|[:=]\s*["']?\$[{(]?[A-Za-z_]`)}
	}
	const named = `(?i)((?:^|[^a-z0-9])(?:[a-z0-9]+[_.-])*(?:` + words + `)s?(?:[_.-][a-z0-9]+)*`
	return []form{
		// A key that was cut off is hidden to the end of the text.
		with(`(?s)-----BEGIN ([A-Z ]*)PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z ]*PRIVATE KEY( BLOCK)?-----|$)`, "-----BEGIN ${1}PRIVATE KEY${2}----- "+Hidden),
		with(`(?i)(authorization["']?\s*[:=]\s*["']?(?:basic|bearer|token|digest)\s+)[^\s"']+`, "${1}"+Hidden),
		with(`(?i)(\b(?:set-)?cookie["']?\s*:\s*)[^\r\n"]+`, "${1}"+Hidden),
		with(`(?i)\b(bearer\s+)[a-z0-9._~+/-]{12,}=*`, "${1}"+Hidden),
		// The password of an address, and a token that takes the place of its user.
		with(`([a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@"'<>]*):[^/\s@"'<>]+@`, "${1}:"+Hidden+"@"),
		with(`([a-zA-Z][a-zA-Z0-9+.-]*://)[A-Za-z0-9_-]{20,}@`, "${1}"+Hidden+"@"),
		// NAME=value, "name": "value", --name value. A value in quotes ends with them.
		variable(named+`["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'[^']*')`, "${1}"+Hidden),
		variable(named+`\\?["']?\s*[:=]\s*\\?["']?)[^\s,;}"'\\&]+`, "${1}"+Hidden),
		with(`(?i)(\s--?(?:password|passwd|pass|token|secret|api-key|auth)[ =])[^\s"']+`, "${1}"+Hidden),
		with(`\b(gh[pousr]_|github_pat_|glpat-|gldt-|xox[abeprs]-|npm_|pypi-|dckr_pat_|dop_v1_|hf_|sk-(?:proj-|ant-)?|AIza|SG\.|shpat_|hvs\.|AGE-SECRET-KEY-)[A-Za-z0-9_.-]{12,}`, "${1}"+Hidden),
		with(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`, "${1}"+Hidden),
		with(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+`, Hidden),
	}
}
