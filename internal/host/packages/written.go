package packages

import (
	"fmt"
	"regexp"
	"strings"
)

// What other tools need to write the same files as this package: a playbook, or
// the user-data of a new machine.

// SourceFile is where apt finds the repository, and SourceText what stands there.
func (r Repository) SourceFile() string { return r.file() }

// SourceText is the repository in the form deb822.
func (r Repository) SourceText() string { return string(r.text()) }

// KeyFile is where the key of the repository is.
func (r Repository) KeyFile() string { return r.keyFile() }

// Pin is a version pin for a host whose repositories nobody has asked yet.
type Pin struct {
	File string // of apt's preferences
	Text string
	Expr string // that the version matches, for grep -E
}

// PinOf is what keeps the engine of a choice, and its client, within a pin.
func PinOf(c Choice, pin string) (Pin, error) {
	if !regexp.MustCompile(`^[0-9][0-9A-Za-z.+:~-]*\*?$`).MatchString(pin) {
		return Pin{}, fmt.Errorf("read version pin %q: it is written like 28.*, 28.5.1, or as a whole version of apt's", pin)
	}
	stem := strings.TrimSuffix(strings.TrimSuffix(pin, "*"), ".")
	names, version := []string{c.Engine}, stem
	if c.Engine == "docker-ce" {
		names = append(names, "docker-ce-cli")
		if !strings.Contains(stem, ":") {
			version = "5:" + stem // the epoch of all of Docker's own packages
		}
	}
	// 28.5.1 does not mean 28.5.10, and 28 does not mean 280.
	p := Pin{File: pinFile, Expr: "^" + regexp.QuoteMeta(version) + "([.+~-]|$)"}
	var means string
	switch whole := strings.Count(stem, ".") > 1; {
	case !whole:
		means = pattern(version+".0-1", pin)
	case c.Engine == "docker-ce":
		means = pattern(version+"-1", pin)
	default:
		// Debian and Ubuntu go on in different ways.
		means = "/" + p.Expr + "/"
	}
	if strings.Contains(pin, "-") {
		means = pin
	}
	p.Text = pinText(pin, names, means)
	return p, nil
}
