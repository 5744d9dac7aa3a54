package survey_test

import (
	"testing"

	"iact-infra/internal/ci/survey"
)

func TestAVersionIsHeldAgainstARange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version, ranges string
		ok, known       bool
	}{
		{"v20.20.2", ">=18", true, true},
		{"v20.20.2", ">= 18.12 <21", true, true},
		{"v20.20.2", "^18 || ^20.9.0", true, true},
		{"v20.2.0", "^18 || ^20.9.0", false, true},
		{"v20.20.2", "20", true, true},
		{"v20.20.2", "v20.20", true, true},
		{"v20.20.2", "20.x", true, true},
		{"v20.20.2", "*", true, true},
		{"v20.20.2", "", true, true},
		{"v20.20.2", "18 - 20", true, true},
		{"v21.0.0", "18 - 20", false, true},
		{"v20.20.2", "~20.19", false, true},
		{"v20.20.2", ">20", false, true},
		{"v0.3.1", "^0.2.0", false, true},
		{"v16.0.0", ">=18", false, true},
		{"3.11.2", ">=3.9,<4", true, true},
		{"3.11.2", ">=3.12", false, true},
		{"3.11.2", "~=3.9", true, true},
		{"3.11.2", "~=3.9.1", false, true},
		{"3.11.2", "==3.11.*", true, true},
		{"3.11.2", ">=3.9, !=3.11.2", false, true},
		{"20", ">=20.1", false, true},
		{"v20.20.2", "lts/iron", false, false},
		{"v20.20.2", ">=x", false, false},
	} {
		if ok, known := survey.Satisfies(c.version, c.ranges); ok != c.ok || known != c.known {
			t.Errorf("%s in %q: %t, known %t", c.version, c.ranges, ok, known)
		}
	}
}

func FuzzARangeIsJudgedOrUnknown(f *testing.F) {
	f.Add("v20.1.0", ">=18 <22 || ^23.1")
	f.Add("3.11.2", "~=3.9,!=3.10.*")
	f.Fuzz(func(t *testing.T, version, ranges string) {
		ok, known := survey.Satisfies(version, ranges)
		if ok && !known {
			t.Fatalf("%s in %q holds, and is not known", version, ranges)
		}
		if also, alsoKnown := survey.Satisfies(version, ranges+" || *"); known && (!also || !alsoKnown) {
			t.Fatalf("%s is not in %q or any", version, ranges)
		}
	})
}
