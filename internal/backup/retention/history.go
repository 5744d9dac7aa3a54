package retention

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// History is what somebody has written down to try a policy on.
type History struct {
	Sets  []Set
	Given []string // the times as they were written
}

// longest is more than any line needs.
const longest = 1 << 16

// ReadHistory reads one RFC 3339 time a line, and after a tab the tags that the
// set would have, with commas between them. Empty lines and those that begin
// with # are passed over. The error names the line.
func ReadHistory(from io.Reader) (*History, error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, longest)
	var h History
	n := 0
	for lines.Scan() {
		n++
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff") // a mark of byte order
		}
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		moment, tags, _ := strings.Cut(line, "\t")
		moment = strings.TrimSpace(moment)
		at, err := ParseTime(moment)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		h.Sets = append(h.Sets, Set{Time: at, Tags: Tags(tags)})
		h.Given = append(h.Given, moment)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d: it has more than %d bytes", n+1, longest)
	case err != nil:
		return nil, err
	}
	return &h, nil
}

// ParseTime reads an RFC 3339 time. Its zone is the offset that stands there,
// on every machine: the time zone of this one has no part in it.
func ParseTime(s string) (time.Time, error) {
	written := strings.ToUpper(s)
	at, err := time.Parse(time.RFC3339, written)
	if err != nil || !strict(written, at) {
		return at, fmt.Errorf("%s is no RFC 3339 time such as 2026-11-23T15:16:48Z or 2026-11-23T09:16:48-06:00", quoted(s))
	}
	_, offset := at.Zone()
	if offset == 0 {
		return at.UTC(), nil
	}
	return at.In(time.FixedZone("", offset)), nil
}

// strict refuses what package time reads although RFC 3339 does not allow it:
// hours of one digit, a comma before the fraction, offsets beyond 23:59.
func strict(written string, at time.Time) bool {
	const form = "2006-01-02T15:04:05"
	if len(written) <= len(form) || strings.Contains(written, ",") {
		return false
	}
	zone := written[len(written)-1:]
	if zone != "Z" {
		zone = written[len(written)-len("+00:00"):]
	}
	return at.Format(form) == written[:len(form)] && (zone == "Z" || zone[1:3] < "24" && zone[4:] < "60")
}

// quoted shows foreign text on one line, cut where it is long.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		return fmt.Sprintf("%q…", s[:most])
	}
	return fmt.Sprintf("%q", s)
}
