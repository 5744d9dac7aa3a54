package survey

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// version is the first number with dots in a text: "v20.1.0", "git version 2.39.5".
func version(text string) []int {
	var all []int
	for part := range strings.SplitSeq(regexp.MustCompile(`\d+(\.\d+)*`).FindString(text), ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		all = append(all, n)
	}
	return all
}

func atLeast(v []int, least ...int) bool { return slices.Compare(v, least) >= 0 }

// satisfies holds a version against a range as package.json (^20 || >=22.1 <23) or
// pyproject.toml (>=3.9,<4, ~=3.11) has it. known is false for a range that is
// written in another way, which is then not judged.
func satisfies(v []int, ranges string) (ok, known bool) {
	for alternative := range strings.SplitSeq(ranges, "||") {
		all, known := one(v, alternative)
		if !known {
			return false, false
		}
		ok = ok || all
	}
	return ok, true
}

// one is a range without alternatives: all of its parts have to hold.
func one(v []int, text string) (ok, known bool) {
	// A blank after an operator, and the form "1.2 - 2.3".
	text = regexp.MustCompile(`\s+-\s+v?(\d)`).ReplaceAllString(text, " <=$1")
	if text != "" && strings.Contains(text, "<=") && regexp.MustCompile(`^\s*v?\d[\d.]*\s+<=`).MatchString(text) {
		text = ">=" + strings.TrimSpace(text)
	}
	text = regexp.MustCompile(`([<>=~^!])\s+`).ReplaceAllString(text, "$1")
	for part := range strings.FieldsFuncSeq(text, func(c rune) bool { return c == ' ' || c == ',' || c == '\t' }) {
		found := regexp.MustCompile(`^(\^|~=|~>?|>=|<=|>|<|===?|=|!=)?v?(\d+(?:\.\d+)*)?((?:\.?[xX*])*)$`).FindStringSubmatch(part)
		if found == nil || found[2] == "" && (found[3] == "" || found[1] != "") {
			return false, false
		}
		if !holds(v, found[1], version(found[2])) {
			return false, true
		}
	}
	return true, true
}

// holds judges one part. Of a version that is given in part, the rest is open.
func holds(v []int, operator string, want []int) bool {
	head := v[:min(len(v), len(want))]
	c := slices.Compare(head, want)
	switch operator {
	case ">=":
		return c >= 0
	case ">":
		return c > 0
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case "!=":
		return c != 0
	case "^":
		first := slices.IndexFunc(want, func(n int) bool { return n != 0 })
		if first < 0 {
			first = len(want) - 1
		}
		return c >= 0 && len(v) > first && slices.Equal(v[:first+1], want[:first+1])
	case "~", "~>", "~=":
		same := min(len(want), 2)
		if operator == "~=" {
			same = len(want) - 1
		}
		return c >= 0 && len(v) >= same && slices.Equal(v[:same], want[:same])
	}
	return c == 0 // "", "=", "=="
}
