package survey

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

func readMemory(f *Facts, s *section) error {
	for _, line := range s.lines {
		row := words(line, 2)
		n, err := strconv.ParseUint(row[1], 10, 54)
		if err != nil {
			continue
		}
		switch row[0] {
		case "MemTotal:":
			f.Memory.Total = n << 10
		case "MemAvailable:":
			f.Memory.Available = n << 10
		case "SwapTotal:":
			f.Memory.Swap = n << 10
		}
	}
	if f.Memory.Total == 0 {
		return errEmpty("the size of the memory")
	}
	return nil
}

// mount is a line of /proc/self/mountinfo.
type mount struct {
	point, kind string
	options     []string
}

func mounts(lines []string) []mount {
	var all []mount
	for _, line := range lines {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 6 || len(right) < 1 {
			continue
		}
		m := mount{point: octal(left[4]), kind: right[0], options: strings.Split(left[5], ",")}
		if len(right) > 2 {
			m.options = append(m.options, strings.Split(right[2], ",")...)
		}
		all = append(all, m)
	}
	return all
}

// octal undoes the kernel's \040 for a blank in a path.
func octal(path string) string {
	if !strings.Contains(path, `\`) {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		if path[i] == '\\' && i+3 < len(path) {
			if n, err := strconv.ParseUint(path[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

// readMounts tells the version of cgroups by what is mounted.
func readMounts(f *Facts, s *section) error {
	all := mounts(s.lines)
	if len(all) == 0 {
		return errEmpty("a single mount")
	}
	one, two := false, false
	for _, m := range all {
		one = one || m.kind == "cgroup"
		two = two || m.kind == "cgroup2"
	}
	switch {
	case one && two:
		f.Cgroup.Version = "hybrid"
	case one:
		f.Cgroup.Version = "1"
	case two:
		f.Cgroup.Version = "2"
	}
	return nil
}

// mountOf finds the file system of the data root: the longest mount point above
// it, and of several on one point the last.
func (f *Facts) mountOf(all []mount) {
	if f.Data.Existing == "" {
		return
	}
	for _, m := range all {
		if len(m.point) < len(f.Data.Mount) || !under(f.Data.Existing, m.point) {
			continue
		}
		f.Data.Mount, f.Data.Type, f.Data.Options = m.point, m.kind, m.options
	}
	if f.Data.Type == "" {
		f.Unread["data"] = "no mount holds " + f.Data.Existing
	}
	slices.Sort(f.Data.Options)
	f.Data.Options = slices.Compact(f.Data.Options)
}

func under(path, point string) bool {
	return path == point || strings.HasPrefix(path, strings.TrimSuffix(point, "/")+"/")
}

// readData reads the data root and the nearest folder above it that is there.
func readData(f *Facts, s *section) error {
	if len(s.lines) < 2 || !strings.HasPrefix(s.lines[1], "/") {
		return errEmpty("where Docker's data would be")
	}
	f.Data.Root, f.Data.Existing = s.lines[0], s.lines[1]
	return nil
}

func readSpace(f *Facts, s *section) error {
	size, free, err := df(s.lines)
	if err != nil {
		return err
	}
	if size > 1<<53 {
		return errors.New("its size is beyond belief")
	}
	f.Data.Size, f.Data.Free = size<<10, min(free, size)<<10
	return nil
}

func readInodes(f *Facts, s *section) error {
	var err error
	f.Data.Inodes, f.Data.FreeInodes, err = df(s.lines)
	return err
}

// df reads one row of POSIX's df. Names may hold blanks, so the numbers are
// counted from the percentage; a file system without a figure has a dash.
func df(lines []string) (size, free uint64, err error) {
	for i := len(lines) - 1; i > 0; i-- {
		row := strings.Fields(lines[i])
		for at := len(row) - 1; at >= 4; at-- {
			if row[at] != "-" && !strings.HasSuffix(row[at], "%") {
				continue
			}
			size, err1 := figure(row[at-3])
			_, err2 := figure(row[at-2])
			free, err3 := figure(row[at-1])
			if errors.Join(err1, err2, err3) == nil {
				return size, free, nil
			}
		}
	}
	return 0, 0, errors.New("no row of figures")
}

func figure(word string) (uint64, error) {
	if word == "-" {
		return 0, nil
	}
	if strings.HasPrefix(word, "-") { // full into the reserve
		_, err := strconv.ParseInt(word, 10, 64)
		return 0, err
	}
	return strconv.ParseUint(word, 10, 64)
}

func readXFS(f *Facts, s *section) error {
	for _, line := range s.lines {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "ftype="); ok {
			f.Data.FType = value
		}
	}
	return nil
}
