package coverage

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"iact-infra/internal/ci/place"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Causes that a caller can test for.
const (
	// ErrMissing is the cause when the tests have left no coverage file.
	ErrMissing = command.Sentinel("there is no such file")
	// ErrEmpty is the cause when a coverage file has no line of code in it.
	ErrEmpty = command.Sentinel("it measured no file")
	// ErrBelow is the cause when too few lines are reached.
	ErrBelow = command.Sentinel("too few lines are reached")
)

// Format is a form of coverage file.
type Format string

// The formats that are read.
const (
	LCOV      Format = "lcov"
	Cobertura Format = "cobertura"
)

// ReadFile reads a coverage file of either format. A file in which nothing was
// measured is an error: it would pass every threshold.
func ReadFile(name string, at place.Place) (Report, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Report{}, fault.New(fault.Invalid, "the tests ended before they wrote it, or measure nothing: jest --coverage writes coverage/lcov.info, pytest --cov --cov-report=xml writes coverage.xml",
			fmt.Errorf("read coverage %s: %w", name, ErrMissing))
	}
	if err != nil {
		return Report{}, fmt.Errorf("read coverage: %w", err)
	}
	defer f.Close()
	r, err := Parse(f, at)
	if err != nil {
		return Report{}, fmt.Errorf("read coverage %s: %w", name, err)
	}
	return r, nil
}

// Parse reads what Detect finds it to be.
func Parse(in io.Reader, at place.Place) (Report, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	head, err := buffered.Peek(4 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return Report{}, err
	}
	format, err := Detect(head)
	if err != nil {
		return Report{}, err
	}
	if format == LCOV {
		return ParseLCOV(buffered, at)
	}
	return ParseCobertura(buffered, at)
}

// Detect tells the format of a file from its beginning.
func Detect(head []byte) (Format, error) {
	text := string(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))))
	refused := func(what string) error {
		return fault.New(fault.Invalid, "have the tests write lcov.info or Cobertura XML: coverageReporters: ['lcov'] for Jest, --cov-report=xml for pytest", errors.New(what))
	}
	switch {
	case text == "":
		return "", empty()
	case strings.Contains(text, "<project ") && strings.Contains(text, "clover="), strings.Contains(text, "<report "):
		return "", refused("it is neither lcov nor Cobertura, but of Clover or JaCoCo")
	case text[0] == '<':
		return Cobertura, nil
	case text[0] == '{':
		return "", refused("it is JSON, which is neither lcov nor Cobertura")
	}
	for line := range strings.Lines(text) {
		word, _, is := strings.Cut(line, ":")
		if is && (word == "TN" || word == "SF") {
			return LCOV, nil
		}
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			break
		}
	}
	return "", refused("it is neither lcov nor Cobertura")
}

func empty() error {
	return fault.New(fault.Invalid, "see what the tests measure: collectCoverageFrom of Jest, --cov=DIR and [run] source of pytest", ErrEmpty)
}
