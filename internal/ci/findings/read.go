package findings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"iact-infra/internal/ci/lenient"
	"iact-infra/internal/ci/place"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
)

// ErrMissing is the cause when the linter has left no file.
const ErrMissing = command.Sentinel("there is no such file")

// most is how much a linter may write.
const most = 256 << 20

// Formats are what Read understands.
func Formats() []string { return []string{"eslint", "flake8", "ruff", "mypy", "sarif", "checkstyle"} }

// ReadFile reads what a linter has written to a file.
func ReadFile(format, name string, at place.Place) ([]Finding, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Invalid, "the linter ended before it wrote it, or writes it elsewhere: read the job's log, and name the file in its reports",
			fmt.Errorf("read findings %s: %w", name, ErrMissing))
	}
	if err != nil {
		return nil, fmt.Errorf("read findings: %w", err)
	}
	defer f.Close()
	return Read(format, f, at)
}

// Read reads what a linter has written in one of the Formats, and gives each
// finding its print.
func Read(format string, in io.Reader, at place.Place) ([]Finding, error) {
	read, known := map[string]func([]byte, place.Place) ([]Finding, error){
		"eslint": eslint, "flake8": flake8, "ruff": ruff, "mypy": mypy, "sarif": sarif, "checkstyle": checkstyle,
	}[format]
	if !known {
		return nil, fault.New(fault.Usage, "the formats are "+strings.Join(Formats(), ", "), fmt.Errorf("read findings: the format %q is not known", format))
	}
	data, err := io.ReadAll(io.LimitReader(in, most+1))
	if err == nil && len(data) > most {
		err = errors.New("it is longer than 256 MiB")
	}
	if err != nil {
		return nil, fmt.Errorf("read findings of %s: %w", format, err)
	}
	found, err := read(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), at)
	if err != nil {
		return nil, fault.New(fault.Invalid, "see in the job's log whether the linter stopped with an error", fmt.Errorf("read findings of %s: %w", format, err))
	}
	for i := range found {
		found[i] = found[i].clean()
	}
	printAll(found, at)
	return found, nil
}

// clean takes out of a finding what may not be shown.
func (f Finding) clean() Finding {
	for _, text := range []*string{&f.Tool, &f.Rule, &f.Path, &f.Message} {
		*text = report.Clean(lenient.Plain(*text))
	}
	f.Line, f.Column = max(f.Line, 0), max(f.Column, 0)
	return f
}

// levelOf is the level of a rule of flake8 and ruff: what stops a program is an
// error, and so is what pyflakes says and what pycodestyle calls one.
func levelOf(rule string) Level {
	if rule == "" || rule[0] == 'E' || rule[0] == 'F' {
		return Error
	}
	return Warning
}
