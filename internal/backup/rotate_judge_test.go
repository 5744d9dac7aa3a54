package backup_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const evening = "2026-11-23T20:00:00Z"

func TestASetStaysWhenOneOfItsSourcesKeepsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1, daily: 2}")
	r.craft(1, "2026-11-20T10:00:00Z", "", "config:verified", "gone:verified")
	r.craft(2, "2026-11-21T10:00:00Z", "", "config:verified", "db:verified")
	r.craft(3, "2026-11-22T10:00:00Z", "", "db:verified")
	r.craft(4, "2026-11-23T10:00:00Z", "", "db:failed", "config:verified")
	r.craft(5, "2026-11-23T11:00:00Z", "", "config:verified", "db:failed")
	same(t, r.decided(evening), `5 config: last snapshot; config: daily snapshot; config: newest verified set
4
3 db: last snapshot; db: daily snapshot; db: newest verified set
2 config: daily snapshot; db: daily snapshot
1 gone: last snapshot; gone: daily snapshot; gone: the only set`)
}

func TestASafetySetTakesNoPlaceFromTheBackups(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1}")
	r.craft(1, "2026-11-20T10:00:00Z", "", "db:verified")
	r.craft(2, "2026-11-21T10:00:00Z", "", "db:verified")
	r.craft(3, "2026-11-22T10:00:00Z", "", "db:verified safety")
	r.craft(4, "2026-11-23T10:00:00Z", "", "db:verified safety")
	same(t, r.decided(evening), `4 db (safety): last snapshot; db (safety): newest verified set
3
2 db: last snapshot; db: newest verified set
1`)
}

// TestTheNewestSetInTheBestStateStays whatever the rules say, and so does the
// newest one that is not known to be damaged.
func TestTheNewestSetInTheBestStateStays(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ states, want string }{
		{"verified written written", "3 a: last snapshot; a: newest set\n2\n1 a: newest verified set"},
		{"verified proven verified written", "4 a: last snapshot; a: newest set\n3\n2 a: newest proven set\n1"},
		{"proven proven verified verified", "4 a: last snapshot; a: newest set\n3\n2 a: newest proven set\n1"},
		{"written written", "2 a: last snapshot; a: newest written set\n1"},
		{"damaged written damaged", "3 a: last snapshot, though damaged\n2 a: last snapshot; a: newest written set\n1"},
		{"damaged damaged", "2 a: last snapshot, though damaged; a: newest damaged set\n1"},
		{"verified failed", "2\n1 a: last snapshot; a: the only set"},
		{"damaged", "1 a: last snapshot, though damaged; a: the only set"},
	} {
		r := newRig(t)
		r.keeps("{last: 1}")
		for n, state := range strings.Fields(test.states) {
			r.craft(n+1, fmt.Sprintf("2026-11-%02dT10:00:00Z", n+1), fmt.Sprint(n), "a:"+state)
		}
		if have := r.decided(evening); have != test.want {
			t.Errorf("%s: got\n%s\nwant\n%s", test.states, have, test.want)
		}
	}
}

// TestTheOrderOfSetsIsNotThatOfTheClock: the newest set is the one that was made
// last, although the clock had been wrong.
func TestTheOrderOfSetsIsNotThatOfTheClock(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1}")
	r.craft(1, "2026-11-20T10:00:00Z", "", "a:written")
	r.craft(2, "2001-01-01T00:00:00Z", "", "a:written")
	same(t, r.decided(evening), "2 a: newest written set\n1 a: last snapshot")
	r.craft(3, "2001-01-01T00:10:00Z", "", "a:written")
	same(t, r.decided(evening), "3 a: newest written set\n2\n1 a: last snapshot")
}

func TestADamagedSetTakesNoPlaceFromAGoodOne(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{daily: 2, monthly: 1}")
	r.craft(1, "2026-10-20T10:00:00Z", "1", "a:verified")
	r.craft(2, "2026-11-20T10:00:00Z", "2", "a:verified")
	r.craft(3, "2026-11-21T10:00:00Z", "3", "a:damaged")
	r.craft(4, "2026-11-22T10:00:00Z", "4", "a:verified")
	r.craft(5, "2026-11-22T11:00:00Z", "5", "a:damaged")
	r.craft(6, "2026-11-23T11:00:00Z", "6", "a:damaged")
	same(t, r.decided(evening), `6 a: daily snapshot, though damaged; a: monthly snapshot, though damaged
5 a: daily snapshot, though damaged
4 a: daily snapshot; a: monthly snapshot; a: newest verified set
3
2 a: daily snapshot
1`)
}

// TestDamageIsSharedByTheSetsThatLinkIt: a set that was verified before a part of
// it was found damaged in another set is no good set.
func TestDamageIsSharedByTheSetsThatLinkIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1}")
	r.craft(1, "2026-11-19T10:00:00Z", "sound", "a:verified")
	r.craft(2, "2026-11-20T10:00:00Z", "rotten", "a:verified")
	r.craft(3, "2026-11-21T10:00:00Z", "rotten", "a:damaged")
	same(t, r.decided(evening), "3 a: last snapshot, though damaged\n2\n1 a: last snapshot; a: newest verified set")
	// Read back since, it is good: the disk had a bad moment, or the copy is another one.
	r.craft(4, "2026-11-22T10:00:00Z", "rotten", "a:verified")
	same(t, r.decided(evening), "4 a: last snapshot; a: newest verified set\n3\n2\n1")
}

func TestWhatCannotBeReadStays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1}")
	torn := r.craft(1, "2026-11-20T10:00:00Z", "", "a:verified")
	r.craft(2, "2026-11-21T10:00:00Z", "", "a:verified")
	r.craft(3, "2026-11-22T10:00:00Z", "", "a:verified")
	must(t, os.Chmod(filepath.Join(r.store, torn, "manifest.json"), 0o600))
	must(t, os.WriteFile(filepath.Join(r.store, torn, "manifest.json"), []byte("{"), 0o600))
	must(t, os.Mkdir(filepath.Join(r.store, "20200101T000000Z-host-zzz"), 0o700))
	same(t, r.decided(evening), `zzz its manifest cannot be read
3 a: last snapshot; a: newest verified set
2
1 its manifest cannot be read`)
}

func TestSetsOfTheFutureStayAndTakeNoPlace(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1, within: 1d}")
	r.craft(1, "2026-11-22T19:00:00Z", "", "a:verified")
	r.craft(2, "2026-11-22T21:00:00Z", "", "a:verified")
	r.craft(3, "2035-01-01T00:00:00Z", "", "a:verified")
	r.craft(4, "2034-01-01T00:00:00Z", "", "a:verified")
	r.craft(5, "2026-11-23T19:30:00Z", "", "a:verified")
	same(t, r.decided(evening), `5 a: within 1d; a: last snapshot; a: newest verified set
4 a: its time lies in the future
3 a: its time lies in the future
2 a: within 1d
1`)
	// A clock that has lost its battery thinks that all are.
	for line := range strings.Lines(r.decided("2001-01-01T00:00:00Z")) {
		if !strings.Contains(line, "its time lies in the future") {
			t.Errorf("in 2001 a set is judged: %s", line)
		}
	}
}

func TestSourcesOfOneNameAndAnotherKindAreOthers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.keeps("{last: 1}")
	old := r.craft(1, "2026-11-20T10:00:00Z", "", "a:verified")
	r.craft(2, "2026-11-21T10:00:00Z", "", "a:verified")
	r.becomes(old, "volume")
	same(t, r.decided(evening), "2 a: last snapshot; a: the only set\n1 a: last snapshot; a: the only set")
}

// TestSlowNothingIsLostWhateverIsInTheStore tries random stores and rules: every set
// has one fate, of every source the newest set in the best state stays, and
// asking again about what stays removes nothing.
func TestSlowNothingIsLostWhateverIsInTheStore(t *testing.T) {
	t.Parallel()
	order := []string{"damaged", "written", "verified", "proven"}
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 7))
		r := newRig(t)
		r.keeps(fmt.Sprintf("{last: %d, daily: %d, monthly: %d, within: %dh}", random.IntN(2), random.IntN(3), random.IntN(2), 1+random.IntN(30)))
		best := map[string]int{}      // by source, the best state
		holder := map[string]string{} // and the newest set that has it
		total := 1 + random.IntN(12)
		for n := 1; n <= total; n++ {
			var sources []string
			states := map[string]int{}
			for _, name := range []string{"a", "b", "c"} {
				if state := random.IntN(6); state < len(order) {
					sources = append(sources, name+":"+order[state])
					states[name] = state
				} else if state == 4 {
					sources = append(sources, name+":failed")
				}
			}
			at := time.Date(2026, 11, 23, 19, -random.IntN(100*60), 0, 0, time.UTC).Format(time.RFC3339)
			id := r.craft(n, at, fmt.Sprint(n), sources...)
			for name, state := range states {
				if held, known := best[name]; !known || state >= held {
					best[name], holder[name] = state, id
				}
			}
		}
		decided, err := r.room(evening).Rotate(t.Context())
		must(t, err)
		var stay []string
		for _, k := range decided.Keep {
			stay = append(stay, k.ID)
		}
		if len(decided.Keep)+len(decided.Remove) != total {
			t.Fatalf("seed %d: of %d sets %d stay and %d go", seed, total, len(decided.Keep), len(decided.Remove))
		}
		for name, id := range holder {
			if !slices.Contains(stay, id) {
				t.Errorf("seed %d: set %s, the newest %s one of source %s, goes", seed, id, order[best[name]], name)
			}
		}
		for _, gone := range decided.Remove {
			must(t, os.RemoveAll(filepath.Join(r.store, gone.ID)))
		}
		again, err := r.room(evening).Rotate(t.Context())
		must(t, err)
		if len(again.Remove) > 0 {
			t.Errorf("seed %d: a second rotation removes %v more", seed, again.Remove)
		}
	}
}
