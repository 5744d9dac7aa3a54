package doctor

import (
	"slices"
	"strings"
)

// root is one row of what explains what: the finding of that code accounts for
// those whose codes fit.
type root struct {
	code     string
	explains []string
	// blinds says that nothing can be asked without it: it accounts for all that
	// could not be seen, too.
	blinds bool
}

// roots is the table, in the order in which causes work. A trailing * stands
// for the rest of a code. What holds only in some cases is said by the finding
// itself, in Explains.
func roots() []root {
	ask := []string{"DC-STA-*", "DC-NET-*", "DC-VOL-*", "DC-PRM-*", "DC-PRF-*", "DC-EXT-*", "DC-ENG-007", "DC-ENG-009"}
	// A container that does not run does nothing of what is looked for inside.
	inside := []string{"DC-STA-005", "DC-STA-011", "DC-NET-012", "DC-EXT-*"}
	ends := append([]string{"DC-STA-002", "DC-STA-003"}, inside...)
	start := []string{"DC-STA-002", "DC-STA-003", "DC-STA-006", "DC-STA-015"}
	made := append([]string{"DC-STA-001"}, start...)
	server := []string{"DC-EXT-003", "DC-EXT-007"}
	return []root{
		// The engine.
		{code: "DC-ENG-005", explains: ask, blinds: true},
		{code: "DC-ENG-004", explains: ask, blinds: true},
		{code: "DC-ENG-003", explains: ask, blinds: true},
		{code: "DC-ENG-008", explains: ask, blinds: true},
		{code: "DC-ENG-006", explains: []string{"DC-ENG-001"}},
		{code: "DC-ENG-002", explains: ask, blinds: true},
		{code: "DC-ENG-001", explains: ask, blinds: true},
		{code: "DC-ENG-007", explains: []string{"DC-STA-001"}},
		{code: "DC-COMPOSE", explains: []string{"DC-CFG-002"}},

		// The image.
		{code: "DC-STA-016", explains: []string{"DC-STA-001", "DC-STA-012", "DC-STA-014"}},
		{code: "DC-STA-012", explains: []string{"DC-STA-001", "DC-STA-014"}},
		{code: "DC-STA-013", explains: []string{"DC-STA-007", "DC-PRF-008"}},

		// What a container needs to be made, or to be started.
		{code: "DC-VOL-001", explains: made},
		{code: "DC-VOL-004", explains: made},
		{code: "DC-VOL-006", explains: made},
		{code: "DC-VOL-002", explains: start},
		{code: "DC-NET-010", explains: start},
		{code: "DC-NET-011", explains: start},
		{code: "DC-PRM-001", explains: start},

		// The network: none, no forwarding, no addresses, no rules, no way, no names.
		{code: "DC-NET-001", explains: append([]string{"DC-NET-004", "DC-NET-005", "DC-NET-007", "DC-NET-009", "DC-NET-012"}, server...)},
		{code: "DC-NET-002", explains: []string{"DC-NET-003", "DC-NET-004", "DC-NET-005", "DC-NET-006", "DC-NET-007"}},
		{code: "DC-NET-008", explains: append([]string{"DC-NET-003", "DC-NET-004", "DC-NET-005", "DC-NET-007", "DC-NET-012", "DC-NET-013"}, made...)},
		{code: "DC-NET-013", explains: append([]string{"DC-NET-004", "DC-NET-005", "DC-NET-007", "DC-NET-009", "DC-NET-012"}, start...)},
		{code: "DC-NET-003", explains: []string{"DC-NET-004", "DC-NET-005", "DC-NET-006", "DC-NET-007", "DC-NET-012"}},
		{code: "DC-NET-005", explains: append([]string{"DC-NET-004", "DC-NET-006", "DC-NET-007", "DC-NET-012"}, server...)},
		{code: "DC-NET-004", explains: append([]string{"DC-NET-007", "DC-NET-009"}, server...)},
		{code: "DC-NET-007", explains: append([]string{"DC-EXT-005"}, server...)},

		// A container that does not run, and why.
		{code: "DC-STA-004", explains: ends},
		{code: "DC-STA-006", explains: ends},
		{code: "DC-STA-007", explains: ends},
		{code: "DC-STA-008", explains: ends},
		{code: "DC-STA-003", explains: append([]string{"DC-STA-002"}, inside...)},
		{code: "DC-STA-002", explains: inside},
		{code: "DC-STA-009", explains: inside},
		{code: "DC-STA-010", explains: inside},
		{code: "DC-STA-015", explains: []string{"DC-NET-009"}},

		// What the user may not, for want of a folder or of rights.
		{code: "DC-VOL-007", explains: []string{"DC-PRM-002", "DC-PRM-008", "DC-STA-011"}},
		{code: "DC-PRM-002", explains: []string{"DC-PRM-008"}}, // the workspace is another user's, also for git
		{code: "DC-PRM-003", explains: []string{"DC-PRM-010"}},

		// What is short, and what is slow for want of it.
		{code: "DC-RES-001", explains: []string{"DC-RES-010", "DC-EXT-008"}},
		{code: "DC-RES-002", explains: []string{"DC-RES-010", "DC-EXT-008"}},
		{code: "DC-RES-012", explains: []string{"DC-EXT-006", "DC-EXT-008"}},
		{code: "DC-RES-005", explains: []string{"DC-PRF-004", "DC-PRF-005", "DC-PRF-006", "DC-PRF-007"}},
		{code: "DC-RES-007", explains: []string{"DC-PRF-009"}},
		{code: "DC-RES-011", explains: []string{"DC-PRF-005", "DC-PRF-006", "DC-PRF-010"}},
		{code: "DC-PRF-008", explains: []string{"DC-PRF-005", "DC-PRF-006", "DC-PRF-007"}},
		{code: "DC-PRF-007", explains: []string{"DC-PRF-005"}},
		{code: "DC-PRF-010", explains: []string{"DC-PRF-005", "DC-PRF-006"}},
	}
}

// Explain marks what another finding accounts for, and puts the root causes
// first: failures before warnings, then as the checks stand in their table. What
// a root explains follows after all roots, and then what is well.
func Explain(found []Finding) []Finding {
	all := slices.Clone(found)
	behind := make([][]bool, len(all))
	for i := range all {
		all[i].By = ""
		behind[i] = causes(all, i)
	}
	for i := range all {
		if root := rootOf(all, behind, i); root != i {
			all[i].By = all[root].Code
		}
	}
	slices.SortStableFunc(all, func(a, b Finding) int { return rank(a) - rank(b) })
	return all
}

func rank(f Finding) int {
	switch {
	case f.By != "":
		return 3
	case f.Bad() && f.Last:
		return 2
	case f.State == Fail:
		return 0
	case f.State == Warn:
		return 1
	case f.State == Unknown:
		return 4
	}
	return 5
}

// causes marks all that explain finding i, at once or by others between.
func causes(all []Finding, i int) []bool {
	marked := make([]bool, len(all))
	for open := []int{i}; len(open) > 0; open = open[1:] {
		for j := range all {
			if !marked[j] && all[open[0]].State != OK && all[j].explains(all[open[0]]) {
				marked[j] = true
				open = append(open, j)
			}
		}
	}
	return marked
}

// rootOf is the first cause behind finding i that nothing explains, or i itself
// when there is none. Of findings that explain each other in a ring the first one
// stands for all: one has to be seen.
func rootOf(all []Finding, behind [][]bool, i int) int {
	root := i
	for j := range all {
		if !behind[i][j] && j != i {
			continue
		}
		last := true // nothing is behind j but what j is behind, too
		for k := range all {
			last = last && (!behind[j][k] || behind[k][j] && k >= j)
		}
		if last && (root == i || all[root].State == Warn && all[j].State == Fail) {
			if j == i {
				return i
			}
			root = j
		}
	}
	return root
}

// explains says whether f accounts for g. A warning accounts for a failure only
// where the finding itself says so: in general what only warns has broken
// nothing.
func (f Finding) explains(g Finding) bool {
	if !f.Bad() || f.Code == g.Code {
		return false
	}
	if Fits(f.Explains, g.Code) {
		return true
	}
	if f.State == Warn && g.State == Fail {
		return false
	}
	for _, r := range roots() {
		if r.code == f.Code && (Fits(r.explains, g.Code) || r.blinds && g.State == Unknown) {
			return true
		}
	}
	return false
}

// Fits says whether one of the patterns means a code. A trailing * stands for the
// rest.
func Fits(patterns []string, code string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, open := strings.CutSuffix(p, "*")
		return p == code || open && strings.HasPrefix(code, prefix)
	})
}
