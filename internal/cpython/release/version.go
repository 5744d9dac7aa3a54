package release

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"

	"iact-infra/internal/fault"
)

// Version is one release of CPython: 3.13.5, or 3.14.0rc1 with Pre "rc1".
type Version struct {
	Major, Minor, Patch int
	Pre                 string
}

// Parse reads a version that names exactly one release. A series such as 3.13 does not: what it means changes with time,
// and a build has to say what it built. The hint offers the nearest of the known versions, if any are given.
func Parse(s string, known ...Version) (Version, error) {
	// Numbers of up to four digits, without leading zeros: one version has one spelling, in file names and in the lock.
	const number = `(0|[1-9][0-9]{0,3})`
	parts := regexp.MustCompile(`^` + number + `\.` + number + `\.` + number + `((?:a|b|rc)[1-9][0-9]?)?$`).FindStringSubmatch(s)
	if parts == nil {
		hint := "a version is three numbers, such as 3.13.5, or a candidate, such as 3.14.0rc1"
		if near := nearest(s, known); len(near) > 0 {
			hint = "the nearest release is " + near[0].String()
		}
		return Version{}, fault.New(fault.Usage, hint, fmt.Errorf("parse version %q: it is not X.Y.Z", s))
	}
	v := Version{Pre: parts[4]}
	for i, into := range []*int{&v.Major, &v.Minor, &v.Patch} {
		*into, _ = strconv.Atoi(parts[i+1]) // cannot fail: the pattern lets only short numbers through
	}
	return v, nil
}

// String is the version as python.org spells it.
func (v Version) String() string { return v.base() + v.Pre }

// Series is the line that the version belongs to: "3.13".
func (v Version) Series() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// base is the version without what makes it a preview. python.org keeps previews in the directory of the final release.
func (v Version) base() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Compare is negative when v came before o. A preview comes before its final release.
func (v Version) Compare(o Version) int {
	stage, n := v.preview()
	otherStage, m := o.preview()
	return cmp.Or(cmp.Compare(v.Major, o.Major), cmp.Compare(v.Minor, o.Minor), cmp.Compare(v.Patch, o.Patch),
		cmp.Compare(stage, otherStage), cmp.Compare(n, m))
}

// preview is the stage (a, b, rc, then final, which sorts last) and the number in it.
func (v Version) preview() (string, int) {
	if v.Pre == "" {
		return "~", 0
	}
	stage := regexp.MustCompile(`^[a-z]+`).FindString(v.Pre)
	n, _ := strconv.Atoi(v.Pre[len(stage):]) // a Version made by hand may hold anything; it sorts first then
	return stage, n
}
