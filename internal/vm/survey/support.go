package survey

import "slices"

// series is a series of VirtualBox.
type series struct {
	name    string
	vagrant []int  // the first release of Vagrant that knows it
	ended   string // the day of its last release; "" while it gets new ones, or nobody told
}

// known are the series that Vagrant knows. The releases are from its CHANGELOG:
// GH-8955 (5.2), GH-10379 (6.0), GH-11250 (6.1; vagrant#11249 for 2.2.6), GH-12947
// (7.0), GH-13513 (7.1), GH-13709 (7.2). The days are from endoflife.date and
// virtualbox.org/wiki/Download_Old_Builds.
func known() []series {
	return []series{
		{"5.2", []int{2, 0, 1}, "2020-07-14"},
		{"6.0", []int{2, 2, 1}, "2020-07-14"},
		{"6.1", []int{2, 2, 7}, "2024-01-16"},
		{"7.0", []int{2, 3, 2}, ""},
		{"7.1", []int{2, 4, 2}, ""},
		{"7.2", []int{2, 4, 9}, ""},
	}
}

// seriesOf finds the series of a version of VirtualBox.
func seriesOf(text string) (series, bool) {
	v := version(text)
	for _, s := range known() {
		if len(v) >= 2 && slices.Equal(v[:2], version(s.name)) {
			return s, true
		}
	}
	return series{}, false
}

// atLeast says whether a version is another one or newer.
func atLeast(text string, least ...int) bool { return slices.Compare(version(text), least) >= 0 }
