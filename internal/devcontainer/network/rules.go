package network

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// tables are the chains of one table of the firewall, as iptables -S prints them.
type tables struct {
	policy map[string]string // of the chains that are built in
	chains map[string][]rule
}

// rule is one line.
type rule struct {
	text  string
	words []string
}

func readTables(text string) *tables {
	t := &tables{policy: map[string]string{}, chains: map[string][]rule{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		words := quoted(line)
		switch {
		case len(words) > 2 && words[0] == "-P":
			t.policy[words[1]] = words[2]
			t.chains[words[1]] = nil
		case len(words) > 1 && words[0] == "-N":
			t.chains[words[1]] = nil
		case len(words) > 1 && words[0] == "-A":
			t.chains[words[1]] = append(t.chains[words[1]], rule{line, words[2:]})
		}
	}
	return t
}

// has says whether there is a chain.
func (t *tables) has(chain string) bool { _, is := t.chains[chain]; return is }

// quoted parts a line at blanks; what stands in double quotes is one word.
func quoted(line string) []string {
	var words []string
	var word strings.Builder
	in, some := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '\\' && in && i+1 < len(line):
			i++
			word.WriteByte(line[i])
		case c == '"':
			in, some = !in, true
		case c == ' ' && !in:
			if some || word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
			some = false
		default:
			word.WriteByte(c)
		}
	}
	if some || word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

// packet is what a chain is asked about.
type packet struct {
	in, out  string
	src, dst netip.Addr
	proto    string
	port     int    // where it goes; 0: to any
	state    string // NEW or ESTABLISHED
}

// fate is what becomes of a packet. It is certain only without doubt: a rule may
// ask for what is not known here.
type fate struct {
	target string // ACCEPT, DROP, REJECT, MASQUERADE, …; "" when the chain came to its end
	by     string // the rule, or the policy
	at     int    // the place of the rule in its chain, from 1
	doubt  bool
}

// lost says whether the packet goes no further, for certain.
func (f fate) lost() bool { return !f.doubt && (f.target == "DROP" || f.target == "REJECT") }

// run sends a packet through a chain.
func (t *tables) run(chain string, p packet) fate {
	f := t.through(chain, p, 0)
	if f.target == "" {
		f.target, f.by = t.policy[chain], "-P "+chain+" "+t.policy[chain]
	}
	return f
}

const deepest = 20 // chains call one another no deeper

func (t *tables) through(chain string, p packet, depth int) fate {
	doubt := false
	for i, r := range t.chains[chain] {
		m, target := r.match(p)
		if m == no || target == "" {
			continue
		}
		_, jumps := t.chains[target]
		switch {
		case target == "RETURN" && m == yes:
			return fate{doubt: doubt}
		case target == "RETURN":
			doubt = true
		case jumps && depth < deepest:
			f := t.through(target, p, depth+1)
			doubt = doubt || f.doubt
			if f.target == "" {
				continue
			}
			if m == yes {
				return fate{f.target, f.by, f.at, doubt}
			}
			doubt = true
		case slices.Contains([]string{"LOG", "NFLOG", "MARK", "CONNMARK", "TCPMSS", "TRACE", "CT", "ULOG", "NOTRACK", "CHECKSUM", "TOS", "DSCP"}, target):
		case m == yes:
			return fate{target, r.text, i + 1, doubt}
		default: // it may well be this one
			doubt = true
		}
	}
	return fate{doubt: doubt}
}

// matching is whether a rule is about a packet.
type matching int

const (
	no matching = iota
	maybe
	yes
)

// match holds a rule against a packet, and gives its target.
func (r rule) match(p packet) (m matching, target string) {
	m = yes
	not := false
	for i := 0; i < len(r.words); i++ {
		word := r.words[i]
		if word == "!" {
			not = true
			continue
		}
		value := ""
		if i+1 < len(r.words) {
			value = r.words[i+1]
		}
		one := yes
		switch word {
		case "-j", "-g":
			return m, value // what follows belongs to the target
		case "-m", "--comment", "--reject-with":
		default:
			one = matches(word, value, p)
			if not && one != maybe {
				one = yes - one
			}
		}
		if one == no {
			return no, ""
		}
		m = min(m, one)
		not = false
		if value != "" && !strings.HasPrefix(value, "-") && value != "!" {
			i++
		}
	}
	return m, ""
}

func matches(word, value string, p packet) matching {
	holds := func(is bool) matching {
		if is {
			return yes
		}
		return no
	}
	switch word {
	case "-i", "-o":
		dev := map[string]string{"-i": p.in, "-o": p.out}[word]
		if prefix, open := strings.CutSuffix(value, "+"); open {
			return holds(strings.HasPrefix(dev, prefix))
		}
		return holds(dev == value)
	case "-s", "-d":
		at := map[string]netip.Addr{"-s": p.src, "-d": p.dst}[word]
		if !strings.Contains(value, "/") {
			value += "/32"
		}
		net, err := netip.ParsePrefix(value)
		if err != nil || !at.IsValid() {
			return maybe
		}
		return holds(net.Contains(at))
	case "-p":
		return holds(value == p.proto || value == "all")
	case "--ctstate", "--state":
		return holds(slices.Contains(strings.Split(value, ","), p.state))
	case "--dport", "--dports":
		if p.port == 0 {
			return maybe
		}
		return holds(slices.ContainsFunc(strings.Split(value, ","), func(some string) bool { return within(some, p.port) }))
	}
	return maybe
}

// within says whether a port is one of "80" or "8000:8100".
func within(some string, port int) bool {
	from, to, open := strings.Cut(some, ":")
	a, _ := strconv.Atoi(from)
	b, _ := strconv.Atoi(to)
	if !open {
		b = a
	} else if to == "" {
		b = 65535
	}
	return a <= port && port <= b
}
