package venv

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
)

// configFile makes a directory an environment.
const configFile = "pyvenv.cfg"

// errNoHome says that a pyvenv.cfg is none.
var errNoHome = errors.New("pyvenv.cfg names no home")

// parse reads a pyvenv.cfg as Python does: lines of key = value, keys in any
// case, the last one wins, what is no such line is passed over. venv, virtualenv
// and uv write different keys for the version and the interpreter.
func parse(text []byte) (Env, error) {
	values := map[string]string{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, len(text)+1)
	for lines.Scan() {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			values[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	if err := lines.Err(); err != nil {
		return Env{}, err
	}
	env := Env{
		Home:       values["home"],
		Version:    version(first(values, "version", "version_info")),
		Executable: first(values, "executable", "base-executable"),
		Prompt:     unquote(values["prompt"]),
		SystemSite: strings.EqualFold(values["include-system-site-packages"], "true"),
	}
	if env.Home == "" {
		return Env{}, errNoHome
	}
	return env, nil
}

func first(values map[string]string, keys ...string) string {
	for _, key := range keys {
		if values[key] != "" {
			return values[key]
		}
	}
	return ""
}

// version is X.Y.Z of what may be X.Y.Z.final.0; "" is no version.
func version(s string) string {
	parts := strings.Split(s, ".")
	kept := strings.Join(parts[:min(3, len(parts))], ".")
	if strings.ContainsFunc(kept, func(r rune) bool { return !strings.ContainsRune("0123456789.abcrv+", r) }) {
		return ""
	}
	return kept
}

// unquote undoes the repr that venv writes a prompt with. What is no repr is
// meant as it stands.
func unquote(s string) string {
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' {
		return s
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i+1 < len(s)-1 && strings.IndexByte(`\'"`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
