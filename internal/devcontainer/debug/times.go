package debug

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// parser takes the time off a line.
type parser = func(line string) (time.Time, string, bool)

// stamped are lines that begin with a time as docker logs writes it.
func stamped(line string) (time.Time, string, bool) {
	first, rest, _ := strings.Cut(line, " ")
	at, err := time.Parse(time.RFC3339Nano, first)
	return at, rest, err == nil
}

// byDaemon are the lines of dockerd, whose fields are NAME=VALUE.
func byDaemon() parser {
	field := regexp.MustCompile(`^time="([^"]+)" ?`)
	return func(line string) (time.Time, string, bool) {
		found := field.FindStringSubmatch(line)
		if found == nil {
			return time.Time{}, line, false
		}
		at, err := time.Parse(time.RFC3339Nano, found[1])
		return at, line[len(found[0]):], err == nil
	}
}

// byJournal are lines of journalctl -o short-unix: SECONDS HOST PROGRAM[PID]: TEXT.
func byJournal() parser {
	daemon, prefix := byDaemon(), regexp.MustCompile(`^(\d+)\.(\d{6}) \S+ [^:]+: `)
	return func(line string) (time.Time, string, bool) {
		found := prefix.FindStringSubmatch(line)
		if found == nil {
			return time.Time{}, line, false
		}
		seconds, err := strconv.ParseInt(found[1], 10, 64)
		micros, wrong := strconv.ParseInt(found[2], 10, 64)
		if err != nil || wrong != nil {
			return time.Time{}, line, false
		}
		_, rest, _ := daemon(line[len(found[0]):])
		return time.Unix(seconds, micros*1000), rest, true
	}
}

// byServer are lines of the server of VS Code, in the time of the container:
// 2026-11-27 22:55:26.123 [info] TEXT.
func byServer(zone *time.Location) parser {
	return func(line string) (time.Time, string, bool) {
		const layout = "2006-01-02 15:04:05.000"
		if len(line) <= len(layout) {
			return time.Time{}, line, false
		}
		at, err := time.ParseInLocation(layout, line[:len(layout)], zone)
		return at, strings.TrimSpace(line[len(layout):]), err == nil
	}
}
