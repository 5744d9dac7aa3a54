package release

import "testing"

// TestTheShippedKeysAreThoseOfTheReleaseManagers: a key is what its fingerprint
// says, and it signs for its own series only.
func TestTheShippedKeysAreThoseOfTheReleaseManagers(t *testing.T) {
	t.Parallel()
	all, err := readKeys(keys, "keys/*.asc")
	if err != nil {
		t.Fatal(err)
	}
	owners := map[string]bool{}
	for minor, want := range map[int]int{6: 1, 7: 1, 8: 1, 9: 1, 10: 0, 12: 1, 13: 1, 14: 0} {
		v := Version{Major: 3, Minor: minor}
		ring, err := keyring(v, "")
		if err != nil {
			t.Fatal(err)
		}
		if len(ring) != want {
			t.Errorf("%d keys sign for %s, want %d", len(ring), v.Series(), want)
		}
		for _, key := range ring {
			owners[fingerprint(key)] = true
		}
	}
	if len(owners) != len(all) {
		t.Errorf("%d keys are shipped, %d of them sign for something", len(all), len(owners))
	}
}
