package probe

import (
	"strconv"
	"strings"
	"time"
)

// Answer is what a probe says, or why it cannot.
type Answer struct {
	Said string
	Why  string // "" when it was as it should be
}

// OK says whether there is an answer.
func (a Answer) OK() bool { return a.Why == "" && a.Said != "" }

// Seen is what a place sees: the host, or a container on one of its networks.
type Seen struct {
	Why       string // nothing was seen
	Clock     time.Time
	Forward   string // net.ipv4.ip_forward there
	Resolvers []string
	Proxies   map[string]string
	Names     map[string]Answer // by target, HOST:PORT
	Reached   map[string]Answer
	Sizes     map[string]Size
}

// Size is how large a packet may be, in bytes.
type Size struct {
	First int // at the first device
	Way   int // as the way has told
	Why   string
}

// lines gives the fields of each answer of probe.pl.
func lines(text string) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		if fields := strings.Split(strings.TrimRight(line, "\r\n"), "\t"); len(fields) > 1 {
			all = append(all, fields)
		}
	}
	return all
}

// answerOf takes an answer for a failure that begins with an exclamation mark.
func answerOf(text string) Answer {
	if reason, failed := strings.CutPrefix(text, "! "); failed {
		return Answer{Why: reason}
	}
	return Answer{Said: text}
}

// parseSeen reads what the probes self and outside say.
func parseSeen(text string) Seen {
	s := Seen{Proxies: map[string]string{}, Names: map[string]Answer{}, Reached: map[string]Answer{}, Sizes: map[string]Size{}}
	for _, f := range lines(text) {
		last := f[len(f)-1]
		switch f[0] {
		case "clock":
			if n, err := strconv.ParseInt(last, 10, 64); err == nil {
				s.Clock = time.Unix(n, 0)
			}
		case "forward":
			s.Forward = last
		case "resolver":
			s.Resolvers = append(s.Resolvers, last)
		case "proxy":
			s.Proxies[f[1]] = last
		case "name":
			s.Names[f[1]] = answerOf(last)
		case "reach":
			s.Reached[f[1]] = answerOf(last)
		case "mtu":
			s.Sizes[f[1]] = sizeOf(f[2:])
		}
	}
	return s
}

func sizeOf(fields []string) Size {
	if len(fields) == 2 {
		first, err := strconv.Atoi(fields[0])
		way, err2 := strconv.Atoi(fields[1])
		if err == nil && err2 == nil {
			return Size{First: first, Way: way}
		}
	}
	return Size{Why: answerOf(strings.Join(fields, " ")).Why}
}

// field gives the answers of one line, all of them.
func field(text, name string) []string {
	for _, f := range lines(text) {
		if f[0] == name {
			return f[1:]
		}
	}
	return nil
}

// one is the last answer of one line; without the line, that is said.
func one(text, name string, err error) Answer {
	if err != nil {
		return Answer{Why: why(err)}
	}
	fields := field(text, name)
	if len(fields) == 0 {
		return Answer{Why: "the container said nothing of it"}
	}
	return answerOf(fields[len(fields)-1])
}

// rate is a number in a time.
func rate(text, name string, err error) (perSecond float64, reason string) {
	if a := one(text, name, err); a.Why != "" {
		return 0, a.Why
	}
	fields := field(text, name)
	n, err := strconv.ParseFloat(fields[0], 64)
	took, err2 := strconv.ParseFloat(fields[len(fields)-1], 64)
	if err != nil || err2 != nil || len(fields) != 2 || took <= 0 {
		return 0, "the container said " + strings.Join(fields, " ")
	}
	return n / took, ""
}
