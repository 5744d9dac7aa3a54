package release_test

import (
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/cpython/release"
	"iact-infra/internal/fault"
)

func TestAVersionNamesExactlyOneRelease(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"3.13.5", "3.14.0rc1", "3.14.0a10", "3.9.0b2", "2.7.18", "10.0.0"} {
		if v, err := release.Parse(good); err != nil || v.String() != good {
			t.Errorf("%q becomes %q, %v", good, v, err)
		}
	}
	for _, bad := range []string{"", "3", "3.13", "3.13.x", "v3.13.5", "3.13.5 ", "03.13.5", "3.13.05", "3.13.5rc", "3.13.5rc0", "3.13.5.1", "3.13.5-1", "3.13.5\n", "٣.13.5", "3.13.99999"} {
		_, err := release.Parse(bad)
		if err == nil {
			t.Errorf("%q is taken for a version", bad)
			continue
		}
		if fault.Code(err) != fault.Usage || fault.Hint(err) == "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: code %d, hint %q, text %q", bad, fault.Code(err), fault.Hint(err), err)
		}
	}
}

func TestAWrongVersionGetsTheNearestRelease(t *testing.T) {
	t.Parallel()
	var known []release.Version
	for _, s := range []string{"3.9.25", "3.11.2", "3.11.14", "3.12.12", "3.13.0", "3.13.5", "3.13.11", "3.14.0rc1", "3.14.0", "3.14.2", "3.15.0a3"} {
		known = append(known, version(t, s))
	}
	for wrong, want := range map[string]string{
		"3.13":                 "3.13.11", // the newest of the series
		"3.13.x":               "3.13.11",
		"v3.13.5":              "3.13.5",
		"3.13.5.1":             "3.13.5",
		"3,11,2":               "3.11.2",
		"3.11.03":              "3.11.2",
		"3.14":                 "3.14.2",
		"3.14.0rc":             "3.14.0",
		"3.14.0-rc1":           "3.14.0",
		"3.15":                 "3.15.0a3", // there is nothing else in the series
		"latest":               "3.14.2",
		"3":                    "3.14.2",
		"99999999999999999999": "3.14.2",
	} {
		_, err := release.Parse(wrong, known...)
		if hint := fault.Hint(err); hint != "the nearest release is "+want {
			t.Errorf("%q: %q, want %s", wrong, hint, want)
		}
	}
}

func TestVersionsAreOrderedAsTheyWereReleased(t *testing.T) {
	t.Parallel()
	order := []string{"2.7.18", "3.9.25", "3.13.0a2", "3.13.0a10", "3.13.0b1", "3.13.0rc1", "3.13.0rc2", "3.13.0", "3.13.5", "3.13.11", "3.14.0"}
	var versions []release.Version
	for _, s := range order {
		versions = append(versions, version(t, s))
	}
	slices.Reverse(versions)
	slices.SortFunc(versions, release.Version.Compare)
	for i, v := range versions {
		if v.String() != order[i] {
			t.Fatalf("sorted: %v", versions)
		}
	}
	if got := version(t, "3.13.0rc1").Series(); got != "3.13" {
		t.Errorf("series = %q", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"3.13.5", "3.14.0rc1", "3.13", "v3.13.5", "3.13.05", "", "3.13.5rc", "999.0.0a1"} {
		f.Add(seed, "3.11.2")
	}
	f.Fuzz(func(t *testing.T, s, other string) {
		v, err := release.Parse(s)
		if err != nil {
			if fault.Code(err) != fault.Usage {
				t.Errorf("%q: code %d", s, fault.Code(err))
			}
			return
		}
		if v.String() != s {
			t.Errorf("%q becomes %q: one version must have one spelling", s, v)
		}
		if o, err := release.Parse(other); err == nil {
			if v.Compare(o) != -o.Compare(v) || (v.Compare(o) == 0) != (s == other) {
				t.Errorf("%s and %s compare as %d and %d", v, o, v.Compare(o), o.Compare(v))
			}
		}
	})
}

func version(t *testing.T, s string) release.Version {
	t.Helper()
	v, err := release.Parse(s)
	must(t, err)
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
