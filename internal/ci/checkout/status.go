package checkout

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// parseStatus reads `git status --porcelain=v2 -z --branch --show-stash`. Lines
// that a newer git may add are passed over.
func parseStatus(out string) (State, error) {
	var s State
	fields := strings.Split(out, "\x00")
	for i := 0; i < len(fields); i++ {
		line := fields[i]
		kind, rest, _ := strings.Cut(line, " ")
		switch kind {
		case "#":
			s.header(rest)
		case "1", "2":
			// 1 XY sub mH mI mW hH hI path; 2 has the score, and the old name follows.
			n := 8
			if kind == "2" {
				n = 9
				i++
			}
			parts := strings.SplitN(line, " ", n+1)
			if len(parts) != n+1 || len(parts[1]) != 2 || i >= len(fields) {
				return State{}, fmt.Errorf("read git status: a line of kind %s is cut off", kind)
			}
			if parts[1][0] != '.' {
				s.Staged = append(s.Staged, parts[n])
			}
			if parts[1][1] != '.' {
				s.Changed = append(s.Changed, parts[n])
			}
		case "u":
			parts := strings.SplitN(line, " ", 11)
			if len(parts) != 11 {
				return State{}, errors.New("read git status: a line of kind u is cut off")
			}
			s.Conflicts = append(s.Conflicts, parts[10])
		case "?":
			s.Untracked = append(s.Untracked, rest)
		}
	}
	return s, nil
}

func (s *State) header(line string) {
	name, value, _ := strings.Cut(line, " ")
	switch name {
	case "branch.oid":
		if value == "(initial)" {
			s.Unborn = true
			return
		}
		s.Head = value
	case "branch.head":
		if value == "(detached)" {
			s.Detached = true
			return
		}
		s.Branch = value
	case "branch.upstream":
		s.Upstream, s.Gone = value, true // until its distance is told
	case "branch.ab":
		ahead, behind, _ := strings.Cut(value, " ")
		s.Ahead, _ = strconv.Atoi(strings.TrimPrefix(ahead, "+"))
		s.Behind, _ = strconv.Atoi(strings.TrimPrefix(behind, "-"))
		s.Gone = false
	case "stash":
		s.Stashes, _ = strconv.Atoi(value)
	}
}
