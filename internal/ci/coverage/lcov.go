package coverage

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"iact-infra/internal/ci/place"
	"iact-infra/internal/fault"
)

// mostLines is the highest number of a line that is believed.
const mostLines = 10_000_000

// ParseLCOV reads lcov.info. The sums in it are not looked at.
func ParseLCOV(in io.Reader, at place.Place) (Report, error) {
	var (
		b     = builder{}
		file  *File
		lines = bufio.NewReaderSize(in, 64<<10)
	)
	for number := 1; ; number++ {
		line, cut, err := lines.ReadLine()
		for more := cut; more && err == nil; {
			_, more, err = lines.ReadLine() // of an endless line the beginning will do
		}
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return Report{}, err
		}
		key, value, _ := strings.Cut(strings.TrimSpace(strings.TrimPrefix(string(line), "\ufeff")), ":")
		switch {
		case key == "SF":
			file = newFile(at.Path(strings.ToValidUTF8(value, "\uFFFD")))
		case key == "end_of_record" && file != nil:
			b.add(*file)
			file = nil
		case key == "end_of_record":
		case key != "DA" && key != "BRDA":
		case file == nil:
			return Report{}, broken(number, key+" stands before SF, the name of the file")
		default:
			if err := file.record(key, strings.Split(value, ",")); err != nil {
				return Report{}, broken(number, err.Error())
			}
		}
	}
	if file != nil {
		return Report{}, fault.New(fault.Invalid, "run the tests again; the job's log says how they ended",
			fmt.Errorf("it is cut off in what it says of %s: the program that wrote it was stopped, or the disk is full", file.Path))
	}
	return b.report()
}

func broken(line int, what string) error {
	return fault.New(fault.Invalid, "it is no lcov.info, or a damaged one: run the tests again", fmt.Errorf("line %d: %s", line, what))
}

// record takes "line,hits" or "line,block,branch,hits".
func (f *File) record(key string, fields []string) error {
	least := 2
	if key == "BRDA" {
		least = 4
	}
	if len(fields) < least {
		return fmt.Errorf("%s has %d values and needs %d", key, len(fields), least)
	}
	line, err := strconv.Atoi(fields[0])
	if err != nil || line < 0 || line > mostLines {
		return fmt.Errorf("%s: %q is no number of a line", key, fields[0])
	}
	hits, err := times(fields[least-1])
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if line == 0 {
		return nil // coverage.py says so of a file without code
	}
	if key == "BRDA" {
		f.Taken[line] = append(f.Taken[line], hits)
		return nil
	}
	f.Hits[line] = sum(f.Hits[line], hits)
	return nil
}

// times is how often something was reached. Some programs write - for never, and
// numbers below zero or with an exponent where a counter ran over.
func times(value string) (int, error) {
	if value == "-" {
		return 0, nil
	}
	if n, err := strconv.Atoi(value); err == nil {
		return max(n, 0), nil
	}
	n, err := strconv.ParseFloat(value, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || n != n {
		return 0, fmt.Errorf("%q is no number of times", value)
	}
	return int(min(max(n, 0), 1<<53)), nil
}

// sum adds numbers of times that may be very high.
func sum(a, b int) int { return min(a, 1<<53) + min(b, 1<<53) }
