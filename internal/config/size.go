package config

import (
	"regexp"
	"strconv"
)

// sizePattern is the form of a number of bytes, for the schema as well.
const sizePattern = `^(0|[1-9][0-9]{0,5})(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$`

type sizeUnit struct {
	name  string
	bytes int64
}

// sizeUnits are those of a size, large to small: in thousands as disks are sold,
// and in 1024 as memory is.
func sizeUnits() []sizeUnit {
	return []sizeUnit{
		{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3}, {"B", 1},
	}
}

// parseSize reads 5MB, 512MiB or 0B.
func parseSize(s string) (int64, bool) {
	parts := regexp.MustCompile(sizePattern).FindStringSubmatch(s)
	if parts == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(parts[1], 10, 64)
	for _, unit := range sizeUnits() {
		if unit.name == parts[2] {
			return n * unit.bytes, err == nil
		}
	}
	return 0, false
}

// FormatSize writes what a key with a size reads, in the largest unit that loses
// nothing.
func FormatSize(bytes int64) string {
	for _, unit := range sizeUnits() {
		if bytes != 0 && bytes%unit.bytes == 0 {
			return strconv.FormatInt(bytes/unit.bytes, 10) + unit.name
		}
	}
	return "0B"
}
