package backup

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/backup/manifest"
	"iact-infra/internal/backup/retention"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/config"
)

// judged is what rotation decides about one set.
type judged struct {
	listed  store.Listed
	reasons []reason // none: no source keeps it
}

// reason is why a set stays: a rule, for one source that it holds, or for the
// set as it is when no source is named.
type reason struct{ source, rule string }

// unread is why a set stays whose manifest cannot be read: nobody knows what it
// holds.
const unread = "its manifest cannot be read"

// judge decides which sets stay. The rules are applied to each source alone, to
// the sets that hold it, and a set stays when one of its sources keeps it.
// Whatever the rules say, these stay as well: of every source the newest set in
// the best state that it has reached, and the newest that is not damaged; sets
// that claim to be made in the future, which take no place from others; sets
// whose manifest cannot be read.
//
// A damaged set takes no place from a good one. The good sets are judged as if
// the damaged ones were not there; the damaged ones, which may hold much that is
// whole, as if all were good. So damage never makes a good set go earlier, and
// still no damaged set stays for ever.
func judge(all []store.Listed, keep config.Keep, now time.Time) []judged {
	verdicts := make([]judged, len(all))
	groups := map[group][]held{}
	for i, l := range all {
		verdicts[i].listed = l
		if l.Set == nil {
			verdicts[i].reasons = []reason{{rule: unread}}
			continue
		}
		for n := range l.Set.Manifest.Sources {
			source := &l.Set.Manifest.Sources[n]
			if state := l.Set.State.Of(source); state != manifest.Failed {
				of := groupOf(source)
				groups[of] = append(groups[of], held{set: i, at: l.Set.Manifest.Time, tags: l.Set.Manifest.Tags, state: state})
			}
		}
	}
	damage := badParts(all)
	names := make([]group, 0, len(groups))
	for of := range groups {
		names = append(names, of)
	}
	slices.SortFunc(names, func(a, b group) int { return strings.Compare(a.String()+"\n"+a.kind, b.String()+"\n"+b.kind) })
	for _, of := range names {
		sets := groups[of]
		for i := range sets {
			if set := all[sets[i].set].Set; sets[i].state != manifest.Damaged && damage.in(set, of) {
				sets[i].state = manifest.Damaged
			}
		}
		for i, rules := range judgeSource(sets, keep, now) {
			for _, rule := range rules {
				verdicts[i].reasons = append(verdicts[i].reasons, reason{of.String(), rule})
			}
		}
	}
	return verdicts
}

// group is a source: another kind under the same name is another source, and so
// are the safety sets of its restores, which take no place from its backups.
type group struct {
	name, kind string
	safety     bool
}

func (g group) String() string {
	if g.safety {
		return g.name + " (safety)"
	}
	return g.name
}

func groupOf(s *manifest.Source) group {
	return group{s.Name, s.Kind, s.Detail[safetyDetail] != ""}
}

// held is a source as one set holds it.
type held struct {
	set   int // the place of the set in the list, which has the newest first
	at    time.Time
	tags  []string
	state string
}

// judgeSource returns why which sets keep a source.
func judgeSource(sets []held, keep config.Keep, now time.Time) map[int][]string {
	why := map[int][]string{}
	var good, past []held
	for _, h := range sets {
		switch {
		case h.at.After(now):
			why[h.set] = append(why[h.set], "its time lies in the future")
			continue
		case h.state != manifest.Damaged:
			good = append(good, h)
		}
		past = append(past, h)
	}
	// A set of this very moment is none of the future: hence one nanosecond.
	for _, as := range []struct {
		sets    []held
		damaged bool // these are judged, the others only stand beside them
		note    string
	}{{good, false, ""}, {past, true, ", though damaged"}} {
		history := make([]retention.Set, len(as.sets))
		for i, h := range as.sets {
			history[i] = retention.Set{Time: h.at, Tags: h.tags}
		}
		for _, v := range retention.Apply(history, keep, now.Add(1)) {
			h := as.sets[v.Set]
			if (h.state == manifest.Damaged) != as.damaged {
				continue
			}
			for _, rule := range v.Reasons {
				why[h.set] = append(why[h.set], rule+as.note)
			}
		}
	}
	for set, rule := range always(sets) {
		why[set] = append(why[set], rule)
	}
	return why
}

// always are the sets of a source that no rule can take away.
func always(sets []held) map[int]string {
	order := []string{manifest.Damaged, manifest.Written, manifest.Verified, manifest.Proven}
	best := sets[0]
	for _, h := range sets[1:] {
		if slices.Index(order, h.state) > slices.Index(order, best.state) {
			best = h
		}
	}
	stay := map[int]string{best.set: "newest " + best.state + " set"}
	if len(sets) == 1 {
		stay[best.set] = "the only set"
	}
	for _, h := range sets {
		if h.state == manifest.Damaged {
			continue
		}
		if _, known := stay[h.set]; !known {
			stay[h.set] = "newest set"
		}
		break
	}
	return stay
}

// knownDamage is when reading some set back has shown a part of a source to be
// damaged. Sets share parts, so the damage of one is that of others.
type knownDamage map[group]map[manifest.Hash]time.Time

func badParts(all []store.Listed) knownDamage {
	known := knownDamage{}
	for _, l := range all {
		if l.Set == nil || l.Set.State == nil {
			continue
		}
		for _, source := range l.Set.Manifest.Sources {
			for _, finding := range l.Set.State.Sources[source.Name].Findings {
				if finding.Hash == nil {
					continue
				}
				of := group{name: source.Name, kind: source.Kind}
				if known[of] == nil {
					known[of] = map[manifest.Hash]time.Time{}
				}
				if seen := l.Set.State.VerifiedAt; seen.After(known[of][*finding.Hash]) {
					known[of][*finding.Hash] = seen
				}
			}
		}
	}
	return known
}

// in reports that a set shares a damaged part, unless it was read and found good
// since. The lists of parts are only read where there is damage.
func (k knownDamage) in(set *store.Set, of group) bool {
	bad := k[group{name: of.name, kind: of.kind}] // whatever the set is for
	if len(bad) == 0 {
		return false
	}
	source, found := set.Manifest.Source(of.name)
	if !found {
		return false
	}
	parts, err := set.Parts(source)
	return err != nil || slices.ContainsFunc(parts, func(p manifest.Part) bool {
		seen, known := bad[p.Hash]
		return known && !set.State.ReadAt(of.name, p).After(seen)
	})
}

// stateOfSet is the state of a set for a person.
func (j judged) stateOfSet() string {
	if j.listed.Set == nil {
		return manifest.Damaged
	}
	return viewOf(j.listed.Set).standing()
}

// because words the reasons of a set, one a line of JSON: "SOURCE: RULE".
func (j judged) because() []string {
	list := []string{}
	for _, r := range j.reasons {
		if r.source == "" {
			list = append(list, r.rule)
			continue
		}
		list = append(list, fmt.Sprintf("%s: %s", r.source, r.rule))
	}
	return list
}
