package symptom

import "bytes"

// stripPrefixes takes off the front of a flattened line what loggers put there:
// time stamps, [pid], syslog's host and program, a compose container's name.
// It matters where a message was wrapped after it was stamped: its second
// line would else have a stamp in the middle of the text.
func stripPrefixes(line []byte) []byte {
	for len(line) > 0 {
		n := 0
		for _, measure := range []func([]byte) int{stampLength, syslogLength, pidLength, containerLength} {
			if n = measure(line); n > 0 {
				break
			}
		}
		if n == 0 {
			return line
		}
		line = bytes.TrimLeft(line[n:], " ")
	}
	return line
}

// shape tells whether b begins like the model: 0 is a digit, a is a letter,
// anything else itself.
func shape(b []byte, model string) bool {
	if len(b) < len(model) {
		return false
	}
	for i := range len(model) {
		switch model[i] {
		case '0':
			if !digit(b[i]) {
				return false
			}
		case 'a':
			if c := b[i] | 0x20; c < 'a' || c > 'z' {
				return false
			}
		default:
			if b[i] != model[i] {
				return false
			}
		}
	}
	return true
}

func digit(b byte) bool { return b >= '0' && b <= '9' }

// stampLength measures 2025-11-23T10:00:01.123Z, 2025-11-23 10:00:01 UTC,
// 10:00:01, each with or without square brackets.
func stampLength(b []byte) int {
	i := 0
	bracket := b[0] == '['
	if bracket {
		i++
	}
	if shape(b[i:], "0000-00-00T") || shape(b[i:], "0000-00-00 ") || shape(b[i:], "0000/00/00 ") {
		i += 11
	}
	if !shape(b[i:], "00:00:00") {
		return 0
	}
	i += 8
	if i+1 < len(b) && (b[i] == '.' || b[i] == ',') && digit(b[i+1]) {
		for i++; i < len(b) && digit(b[i]); i++ {
		}
	}
	i += zoneLength(b[i:])
	if bracket {
		if i >= len(b) || b[i] != ']' {
			return 0
		}
		i++
	}
	if i < len(b) && b[i] == ':' {
		i++
	}
	if i < len(b) && b[i] != ' ' {
		return 0
	}
	return i
}

func zoneLength(b []byte) int {
	for _, model := range []string{"Z", "+00:00", "-00:00", "+0000", "-0000", "+00", "-00", " +0000", " -0000"} {
		if shape(b, model) {
			return len(model)
		}
	}
	for _, model := range []string{" aaaa", " aaa"} {
		if !shape(b, model) || !bytes.Equal(bytes.ToUpper(b[:len(model)]), b[:len(model)]) {
			continue
		}
		// Any other word in capitals may be the message's own.
		after := b[len(model):]
		if shape(after, " [") || shape(after, "]") || shape(b, " UTC ") || shape(b, " GMT ") {
			return len(model)
		}
	}
	return 0
}

// syslogLength measures "Nov 23 10:00:01 host program[123]: ".
func syslogLength(b []byte) int {
	var i int
	switch {
	case shape(b, "aaa 00 00:00:00 "):
		i = 16
	case shape(b, "aaa 0 00:00:00 "):
		i = 15
	default:
		return 0
	}
	host := bytes.IndexByte(b[i:], ' ')
	if host <= 0 {
		return i
	}
	program := bytes.Index(b[i+host:], []byte("]:"))
	if program < 0 || bytes.IndexByte(b[i+host+1:i+host+program], ' ') >= 0 {
		return i
	}
	if end := i + host + program + 2; end == len(b) || b[end] == ' ' {
		return end
	}
	return i
}

// pidLength measures "[123] " and "[123-1] ".
func pidLength(b []byte) int {
	if b[0] != '[' {
		return 0
	}
	i := 1
	for i < len(b) && (digit(b[i]) || i > 1 && b[i] == '-') {
		i++
	}
	if i == 1 || i >= len(b) || b[i] != ']' || i+1 < len(b) && b[i+1] != ' ' {
		return 0
	}
	return min(i+2, len(b))
}

// containerLength measures "db-1 | ", as docker compose writes it.
func containerLength(b []byte) int {
	i := 0
	for i < len(b) && i < 64 && (digit(b[i]) || b[i] == '-' || b[i] == '_' || b[i] == '.' || shape(b[i:], "a")) {
		i++
	}
	if i == 0 || i+1 >= len(b) || b[i] != ' ' || b[i+1] != '|' || i+2 < len(b) && b[i+2] != ' ' {
		return 0
	}
	return min(i+3, len(b))
}
