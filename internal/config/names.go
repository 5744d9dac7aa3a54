package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// names lists the keys that a source of this kind takes, or all.
func names(keys []key, kind string) string { return strings.Join(namesOf(keys, kind), ", ") }

func namesOf(keys []key, kind string) []string {
	var list []string
	for _, k := range keys {
		if k.takes(kind) {
			list = append(list, k.name)
		}
	}
	slices.Sort(list)
	return list
}

// unknown says what to do about a key that is not in the table: the nearest
// key here, the section that has one of that name, or all there are.
func unknown(name string, keys []key, kind string) (what, rule string) {
	what = "unknown key " + oneLine(mask("", name))
	if near := nearest(name, namesOf(keys, kind)); near != "" {
		return what, "did you mean " + near + "?"
	}
	if elsewhere := find(table(), name, ""); elsewhere != "" {
		return what, "did you mean " + elsewhere + "?"
	}
	return what, "known: " + names(keys, kind)
}

// find returns the path of the first key of that name, sources left out.
func find(keys []key, name, prefix string) string {
	for _, k := range keys {
		if k.name == name {
			return prefix + name
		}
		if k.shape == section {
			if found := find(k.keys, name, prefix+k.name+"."); found != "" {
				return found
			}
		}
	}
	return ""
}

// nearest returns the word that a person most likely meant, or "" when none is
// near enough.
func nearest(word string, known []string) string {
	word = strings.ToLower(word)
	best, least := "", 1+max(1, min(len(word), 12)/3)
	for _, k := range known {
		if d := distance(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is that of Damerau and Levenshtein: letters put in, left out,
// changed, or swapped with their neighbour. Words of absurd length are cut.
func distance(from, to string) int {
	a, b := []rune(from), []rune(to)
	a = a[:min(len(a), 64)]
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}

// isPassword reports whether a key of this name would hold a password.
func isPassword(name string) bool {
	return regexp.MustCompile(`(?i)passw|^pass$|^pwd$|secret`).MatchString(name)
}

// mask hides what must not be shown: the value of a key that is named like a
// password, USER:PASSWORD@ in an address, and a password in a shell line.
func mask(name, value string) string {
	if isPassword(name) && value != "" {
		return "***"
	}
	address := regexp.MustCompile(`((?:://|^|[\s"'=])[^/@:\s"'=]*):[^/\s]\S*@`)
	given := regexp.MustCompile(`(?i)((?:passw(?:or)?d|secret|token)[a-z_]*[=:]\s*|--pass(?:word)?\s+)('[^']*'|"[^"]*"|\S+)`)
	return given.ReplaceAllString(address.ReplaceAllString(value, "$1:***@"), "$1***")
}

// quote shows a value in an error: masked, on one line, and cut where it is
// long enough to be recognised.
func quote(name, value string) string { return strconv.Quote(cut(mask(name, value))) }

// oneLine shows foreign text without quotes but with its line breaks escaped.
func oneLine(s string) string {
	q := strconv.Quote(cut(s))
	return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
}

func cut(s string) string {
	if letters := []rune(s); len(letters) > 80 {
		return string(letters[:79]) + "…"
	}
	return s
}
