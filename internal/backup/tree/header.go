package tree

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const block = 512

// attribute is one extended attribute.
type attribute struct{ name, value string }

// header is one tar header: ustar, with PAX records for what ustar cannot say
// (nanoseconds, long or odd names, large numbers, extended attributes, holes).
// archive/tar is not used for writing since it drops sparse files' records.
type header struct {
	path    string
	kind    byte
	mode    uint32
	uid     uint32
	gid     uint32
	owner   string
	group   string
	size    int64 // of the content that follows
	mtime   int64 // nanoseconds
	target  string
	attrs   []attribute
	sparse  bool
	logical int64 // size of a sparse file with its holes
}

// append adds the header to b.
func (h *header) append(b []byte) []byte {
	name := h.path
	if h.kind == typeDir {
		name += "/"
	}
	var records []byte
	if h.sparse {
		records = record(records, "GNU.sparse.major", "1")
		records = record(records, "GNU.sparse.minor", "0")
		records = record(records, "GNU.sparse.name", name)
		records = record(records, "GNU.sparse.realsize", strconv.FormatInt(h.logical, 10))
		name = "GNUSparseFile.0/" + name[strings.LastIndexByte(name, '/')+1:]
		name = name[:min(len(name), 100)]
	}
	prefix := ""
	if len(name) > 100 {
		cut := strings.LastIndexByte(name[:min(len(name)-1, 156)], '/')
		if cut > 0 && len(name)-cut-1 <= 100 {
			prefix, name = name[:cut], name[cut+1:]
		} else {
			records = record(records, "path", name)
			name = name[:100]
		}
	}
	target := h.target
	if len(target) > 100 {
		records = record(records, "linkpath", target)
		target = target[:100]
	}
	if h.size > 0o77777777777 {
		records = record(records, "size", strconv.FormatInt(h.size, 10))
	}
	if h.uid > 0o7777777 {
		records = record(records, "uid", strconv.FormatUint(uint64(h.uid), 10))
	}
	if h.gid > 0o7777777 {
		records = record(records, "gid", strconv.FormatUint(uint64(h.gid), 10))
	}
	if nano := h.mtime % int64(time.Second); nano != 0 || h.mtime < 0 || h.mtime/int64(time.Second) > 0o77777777777 {
		records = record(records, "mtime", paxTime(h.mtime))
	}
	for _, a := range h.attrs {
		records = record(records, "SCHILY.xattr."+a.name, a.value)
	}
	if len(records) > 0 {
		if !utf8.Valid(records) {
			records = append(record(nil, "hdrcharset", "BINARY"), records...)
		}
		pax := header{kind: 'x', mode: 0o644, size: int64(len(records)), path: "PaxHeaders/" + h.path[strings.LastIndexByte(h.path, '/')+1:]}
		b = pax.ustar(b, pax.path[:min(len(pax.path), 100)], "", "")
		b = append(b, records...)
		b = pad(b, int64(len(records)))
	}
	return h.ustar(b, name, prefix, target)
}

// record adds one PAX record: its length counts itself.
func record(b []byte, key, value string) []byte {
	rest := len(key) + len(value) + 3 // blank, equals sign, newline
	n := rest + len(strconv.Itoa(rest))
	if len(strconv.Itoa(n)) > len(strconv.Itoa(rest)) {
		n++
	}
	return fmt.Appendf(b, "%d %s=%s\n", n, key, value)
}

func paxTime(ns int64) string {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	s := fmt.Sprintf("%s%d.%09d", sign, ns/int64(time.Second), ns%int64(time.Second))
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// ustar adds the one block of 512 bytes.
func (h *header) ustar(b []byte, name, prefix, target string) []byte {
	start := len(b)
	b = append(b, make([]byte, block)...)
	f := b[start:]
	copy(f[0:100], name)
	octal(f[100:108], uint64(h.mode))
	octal(f[108:116], min(uint64(h.uid), 0o7777777))
	octal(f[116:124], min(uint64(h.gid), 0o7777777))
	octal(f[124:136], min(uint64(h.size), 0o77777777777))
	octal(f[136:148], uint64(min(max(h.mtime/int64(time.Second), 0), 0o77777777777)))
	f[156] = h.kind
	copy(f[157:257], target)
	copy(f[257:265], "ustar\x0000")
	copy(f[265:296], h.owner)
	copy(f[297:328], h.group)
	copy(f[345:500], prefix)
	for i := 148; i < 156; i++ {
		f[i] = ' '
	}
	sum := uint64(0)
	for _, c := range f {
		sum += uint64(c)
	}
	octal(f[148:155], sum)
	return b
}

// octal fills a field with digits and a closing NUL.
func octal(field []byte, v uint64) {
	for i := len(field) - 2; i >= 0; i-- {
		field[i] = byte('0' + v&7)
		v >>= 3
	}
	field[len(field)-1] = 0
}

// padding is what fills n bytes up to whole blocks.
func padding(n int64) int64 { return (block - n%block) % block }

func pad(b []byte, n int64) []byte { return append(b, make([]byte, padding(n))...) }
