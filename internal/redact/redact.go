// Package redact takes secrets out of text that is given away: a support archive,
// a log in a ticket.
//
// Two ways go together. What is known to be a secret, because an environment or
// a .env file gave it a name that says so, is replaced wherever it stands, in
// every spelling in which programs repeat it. What only looks like one is
// replaced by its place or its form: the value of such a name, the password of an
// address, a header that logs in, a private key, a token with a known beginning.
// The name of a secret stays, so that a reader sees that there was one.
package redact

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Hidden stands where a secret stood.
const Hidden = "***"

// Redactor knows some secrets. It is safe for concurrent use.
type Redactor struct {
	forms []form

	mu       sync.Mutex
	secrets  map[string]bool
	ordinary map[string]bool   // values that name something else as well
	replacer *strings.Replacer // nil until it is needed again
}

// New is a redactor that knows forms, and no secret yet.
func New() *Redactor {
	return &Redactor{forms: forms(), secrets: map[string]bool{}, ordinary: map[string]bool{}}
}

// leastLength is that of a value that is replaced wherever it stands. A shorter
// one is part of too many words; at its own place it is hidden all the same.
const leastLength = 6

// Learn takes a variable. A value of a name that speaks of a secret, or one that
// looks random, is hidden from now on; any other one is known to be ordinary: a
// password that is also a user's name would take every mention of the user away.
func (r *Redactor) Learn(name, value string) {
	value = strings.Trim(strings.TrimSpace(value), `"'`)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replacer = nil
	switch {
	case value == "":
	case IsSecretName(name) || random(value):
		r.secrets[value] = true
		if word, has := password(value); has {
			r.secrets[word] = true
		}
	default:
		r.ordinary[value] = true
		if word, has := password(value); has {
			r.secrets[word] = true
		}
	}
}

// password is that of an address with a login.
func password(value string) (word string, has bool) {
	u, err := url.Parse(value)
	if err != nil || u.User == nil {
		return "", false
	}
	return u.User.Password()
}

// Text is a text without its secrets.
func (r *Redactor) Text(text string) string {
	text = r.known().Replace(text)
	for _, f := range r.forms {
		text = f.hide(text)
	}
	return text
}

// Known is a text without the secrets that were learned. What only looks like one
// stays: that takes many times as long, which a long log notices.
func (r *Redactor) Known(text string) string { return r.known().Replace(text) }

// known replaces what was learned, the longest first: the shorter one may be a
// part of it.
func (r *Redactor) known() *strings.Replacer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replacer != nil {
		return r.replacer
	}
	var all []string
	for value := range r.secrets {
		for _, part := range parts(value) {
			if len(part) >= leastLength && !r.ordinary[part] && !slices.Contains(usual(), strings.ToLower(part)) {
				all = append(all, spellings(part)...)
			}
		}
	}
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, one := range slices.Compact(all) {
		pairs = append(pairs, one, Hidden)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r.replacer
}

// usual are words that people take for passwords and that logs are full of.
func usual() []string {
	return []string{"password", "secret", "changeme", "postgres", "mariadb", "docker", "vscode", "example", "localhost", "development", "default", "database", "django"}
}

// IsSecretName says whether a variable of that name holds a secret. One that
// names the file of a secret holds none, nor does the directory of a shell.
func IsSecretName(name string) bool {
	upper := strings.ToUpper(name)
	return upper != "PWD" && upper != "OLDPWD" && !strings.HasSuffix(upper, "_FILE") && !strings.HasSuffix(upper, "_PATH") &&
		regexp.MustCompile(`(^|[_.-])(`+strings.ToUpper(words)+`)(S?$|[_.-])|PASSWORD|PASSWD|PASSPHRASE|SECRET|APIKEY|TOKEN$`).MatchString(upper)
}

// words are those in a name by which a secret is known.
const words = `password|passwd|passphrase|pass|pwd|secret|token|credential|auth|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|dsn`

// random says whether a value looks as if nobody had thought of it: long, of
// letters of both cases and digits, and no path, address or version.
func random(value string) bool {
	if len(value) < 20 || strings.ContainsAny(value, " ./:@,;()[]{}") {
		return false
	}
	has := func(set string) bool { return strings.ContainsAny(value, set) }
	return has("0123456789") && has("abcdefghijklmnopqrstuvwxyz") && has("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}

// Shows says whether a text still shows a secret that was learned.
func (r *Redactor) Shows(text string) bool { return r.known().Replace(text) != text }
