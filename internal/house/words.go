package house

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
)

// CheckWords refuses a command line before the first of its targets does
// anything. mage runs targets while it reads: it would rotate for real, and only
// then say that the dry=true behind it, without its dash, is no target. spaces are
// the namespaces that mage makes targets of.
func (h *House) CheckWords(spaces ...any) error {
	line := commandLine{known: targetsOf(spaces)}
	for _, word := range journal.Words(h.env.Args) {
		if err := line.read(word); err != nil {
			return h.Told(fault.New(fault.Usage, "", fmt.Errorf("read the command line: %w", err)))
		}
	}
	return nil
}

// typedTarget is a target as it is typed.
type typedTarget struct {
	name    string
	options bool // it takes some
}

// targetsOf are the targets that mage makes of the methods of namespaces, by
// their names in lower case.
func targetsOf(spaces []any) map[string]typedTarget {
	known := map[string]typedTarget{}
	for _, space := range spaces {
		of := reflect.TypeOf(space)
		for i := range of.NumMethod() {
			method := of.Method(i)
			one := typedTarget{name: lowerFirst(of.Name()) + ":" + lowerFirst(method.Name)}
			for n := range method.Type.NumIn() {
				one.options = one.options || method.Type.In(n).Kind() == reflect.Pointer
			}
			known[strings.ToLower(one.name)] = one
		}
	}
	return known
}

// lowerFirst is the name that mage gives: DB becomes db, RestoreDB restoreDB.
func lowerFirst(name string) string {
	if strings.ToUpper(name) == name {
		return strings.ToLower(name)
	}
	letters := []rune(name)
	letters[0] = unicode.ToLower(letters[0])
	return string(letters)
}

// commandLine is how far a command line has been read.
type commandLine struct {
	known  map[string]typedTarget
	target typedTarget // the last one
	before string      // the word before
}

func (l *commandLine) read(word string) error {
	defer func() { l.before = word }()
	option, value, hasValue := strings.Cut(word, "=")
	switch {
	case !strings.HasPrefix(word, "-") || l.target.name == "":
		target, known := l.known[strings.ToLower(word)]
		if !known {
			return fault.New(0, l.meant(word), fmt.Errorf("%q is no target", word))
		}
		l.target = target
	case !l.target.options:
		return fault.New(0, "leave it out; -l lists the targets, -h TARGET tells the options of one", fmt.Errorf("%s takes no options, and there is %s", l.target.name, word))
	case !regexp.MustCompile(`^-[[:alpha:]]+$`).MatchString(option):
		right := "-name=value"
		if name := strings.TrimLeft(word, "-"); name != "" {
			right = "-" + name
		}
		return fault.New(0, "write "+right, fmt.Errorf("%s is no option of %s", word, l.target.name))
	case hasValue && strings.TrimSpace(value) == "":
		return fault.New(0, fmt.Sprintf("write what %s is to be, or leave it out; is a variable in it not set?", option),
			fmt.Errorf("%s of %s has no value", option, l.target.name))
	}
	return nil
}

// meant is what somebody may have wanted who typed a word that is no target.
func (l *commandLine) meant(word string) string {
	name, _, pair := strings.Cut(word, "=")
	switch {
	case word == "":
		return "is a variable not set that stands there?"
	case pair && regexp.MustCompile(`^[A-Z_]+$`).MatchString(name):
		return strings.TrimSpace("a variable stands before the program: " + word + " go tool mage " + l.target.name)
	case l.target.options && pair:
		return "did you mean -" + word + "?"
	case l.target.options && strings.HasPrefix(l.before, "-") && !strings.Contains(l.before, "="):
		return "did you mean " + l.before + "=" + word + "?"
	}
	var names []string
	for lower := range l.known {
		names = append(names, lower)
	}
	slices.Sort(names)
	if near := config.Nearest(strings.ToLower(word), names); near != "" {
		return "did you mean " + l.known[near].name + "?"
	}
	return "-l lists the targets; an option is written -name=value"
}
