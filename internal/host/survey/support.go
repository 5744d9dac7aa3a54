package survey

import (
	"strings"
	"time"
)

// supportSource says where the table below comes from, and when it was taken. It
// is shown with every finding that rests on it.
const supportSource = "table of 2026-05-01, from the release calendars of the distributions as endoflife.date collects them"

// support is how long a release gets security updates for everybody: for Debian
// its long-term support counts, for Ubuntu the paid one does not.
type support struct {
	id, version string
	until       string // YYYY-MM-DD, the last day
	packaged    bool   // Docker's own repository is for it (docs.docker.com/engine/install)
}

// supports is the table. A version also stands for its minor ones: 9 for 9.4. The
// rows of Ubuntu, Debian up to 12, Fedora and Alpine were held against the source;
// the others were not, and should be when the table is next taken.
func supports() []support {
	return []support{
		{"ubuntu", "18.04", "2023-05-31", false},
		{"ubuntu", "20.04", "2025-05-31", false},
		{"ubuntu", "22.04", "2027-04-01", true},
		{"ubuntu", "24.04", "2029-05-31", true},
		{"ubuntu", "24.10", "2025-07-10", false},
		{"ubuntu", "25.04", "2026-01-17", false},
		{"ubuntu", "25.10", "2026-07-01", true},
		{"ubuntu", "26.04", "2031-04-30", true},
		{"debian", "10", "2024-06-30", false},
		{"debian", "11", "2026-08-31", true},
		{"debian", "12", "2028-06-30", true},
		{"debian", "13", "2030-06-30", true},
		{"raspbian", "11", "2026-08-31", true},
		{"raspbian", "12", "2028-06-30", true},
		{"fedora", "40", "2025-05-13", false},
		{"fedora", "41", "2025-12-15", false},
		{"fedora", "42", "2026-05-13", true},
		{"fedora", "43", "2026-12-09", true},
		{"centos", "7", "2024-06-30", false},
		{"centos", "8", "2024-05-31", false},
		{"centos", "9", "2027-05-31", true},
		{"centos", "10", "2030-01-01", true},
		{"rhel", "8", "2029-05-31", true},
		{"rhel", "9", "2032-05-31", true},
		{"rhel", "10", "2035-05-31", true},
		{"rocky", "8", "2029-05-31", false},
		{"rocky", "9", "2032-05-31", false},
		{"rocky", "10", "2035-05-31", false},
		{"almalinux", "8", "2029-03-01", false},
		{"almalinux", "9", "2032-05-31", false},
		{"almalinux", "10", "2035-05-31", false},
		{"alpine", "3.18", "2025-05-09", false},
		{"alpine", "3.19", "2025-11-01", false},
		{"alpine", "3.20", "2026-04-01", false},
		{"alpine", "3.21", "2026-11-01", false},
		{"alpine", "3.22", "2027-05-01", false},
		{"alpine", "3.23", "2027-11-01", false},
	}
}

// supported finds the row of a release.
func supported(os OS) (support, bool) {
	for _, row := range supports() {
		if row.id == os.ID && (os.Version == row.version || strings.HasPrefix(os.Version, row.version+".")) {
			return row, true
		}
	}
	return support{}, false
}

// over reports that now is after the last day, whatever the time zone.
func (s support) over(now time.Time) bool {
	last, err := time.Parse(time.DateOnly, s.until)
	return err == nil && now.After(last.AddDate(0, 0, 2))
}
