// Package report is what a person or a program sees of a run.
//
// Two streams never mix. Standard output carries results and nothing else, so
// that a listing can be piped and IACT_FORMAT=json yields one document a
// target, one a line. Standard error carries everything that is said on the
// way: one line a step, messages, warnings and, on a terminal, a live bar.
//
// A Console owns both streams. Every step has a Line on it; several lines may
// be open at once, since steps run in parallel, and the terminal's live row
// shows the newest work of them. Where standard error is no terminal, nothing
// is ever redrawn: a step is one line when it ends, preceded by what it had to
// say, and long work reports itself every ten seconds.
//
// Everything that comes from outside (file names, programs' messages) passes
// through Clean, so that no name on a disk can drive the reader's terminal.
package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"iact-infra/internal/fault"
)

// The formats of a result.
const (
	FormatText = "text"
	FormatJSON = "json"
)

const defaultWidth = 80

// Options says where a console writes and how.
type Options struct {
	Out, Err io.Writer        // results; everything else
	Format   string           // FormatText (default) or FormatJSON
	Lang     string           // "es" or "en" (default)
	Color    bool             // escape codes are allowed on Err
	Terminal bool             // Err is a terminal: a live row may be redrawn
	Width    int              // columns of that terminal, 80 when not known
	Now      func() time.Time // time.Now when nil
}

// FromEnv reads the options from the environment. A value that it does not
// know is an error with exit code 2, which names the value and the rule.
func FromEnv(getenv func(string) string, out, err *os.File) (Options, error) {
	o := Options{Out: out, Err: err, Format: FormatText, Lang: "en", Width: defaultWidth}

	switch format := strings.ToLower(strings.TrimSpace(getenv("IACT_FORMAT"))); format {
	case "", FormatText:
	case FormatJSON:
		o.Format = FormatJSON
	default:
		return Options{}, badValue("IACT_FORMAT", getenv("IACT_FORMAT"), "text", "json")
	}

	switch lang := strings.ToLower(strings.TrimSpace(getenv("IACT_LANG"))); lang {
	case "es", "en":
		o.Lang = lang
	case "":
		o.Lang = localeLang(getenv("LANG"))
	default:
		return Options{}, badValue("IACT_LANG", getenv("IACT_LANG"), "es", "en")
	}

	fd := int(err.Fd())
	o.Terminal = term.IsTerminal(fd) && getenv("TERM") != "dumb"
	o.Color = o.Terminal && getenv("NO_COLOR") == ""
	if o.Terminal {
		if width, _, sizeErr := term.GetSize(fd); sizeErr == nil && width > 0 {
			o.Width = width
		}
	}
	return o, nil
}

// localeLang takes the language out of a locale such as es_MX.UTF-8.
func localeLang(locale string) string {
	lang, _, _ := strings.Cut(locale, ".")
	lang, _, _ = strings.Cut(lang, "_")
	if strings.EqualFold(lang, "es") {
		return "es"
	}
	return "en"
}

func badValue(name, value string, first, second string) error {
	return fault.New(fault.Usage,
		fmt.Sprintf("set %s=%s or %s=%s, or unset it", name, first, name, second),
		fmt.Errorf("read %s: %q is neither %q nor %q", name, value, first, second))
}

// filled returns the options with every default in its place.
func (o Options) filled() Options {
	if o.Out == nil {
		o.Out = io.Discard
	}
	if o.Err == nil {
		o.Err = io.Discard
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Width <= 0 {
		o.Width = defaultWidth
	}
	return o
}
