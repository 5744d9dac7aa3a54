package disktar

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/command"
)

// ErrFormat is what a stream is not that this package has not written.
const ErrFormat = command.Sentinel("not a tar of a machine")

// Member is one file or disk of the tar.
type Member struct {
	Name    string
	Size    int64    // with its holes
	Regions []Region // that hold data
}

// Data is how many bytes the regions hold.
func (m *Member) Data() (n int64) {
	for _, r := range m.Regions {
		n += r.Length
	}
	return n
}

// Reader reads what this package has written, and nothing else.
type Reader struct {
	in    *bufio.Reader
	left  int64 // of the data of the member
	pad   int64 // after it
	block [block]byte
}

// NewReader reads a tar.
func NewReader(r io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(r, 1<<20)} }

// Next goes to the next member. io.EOF is the end of the tar, after which
// nothing has followed.
func (r *Reader) Next() (*Member, error) {
	if _, err := io.CopyN(io.Discard, r.in, r.left+r.pad); err != nil {
		return nil, early(err)
	}
	r.left, r.pad = 0, 0
	h, err := r.head()
	if err != nil {
		return nil, err
	}
	if h == nil {
		return nil, r.end()
	}
	records := map[string]string{}
	if h.flag == 'x' {
		if records, err = r.records(h.size); err != nil {
			return nil, err
		}
		if h, err = r.head(); err != nil {
			return nil, err
		}
	}
	if h == nil || h.flag != '0' {
		return nil, fmt.Errorf("%w: a member is neither a file nor a disk", ErrFormat)
	}
	return r.member(h, records)
}

// member is what a head and the records before it describe.
func (r *Reader) member(h *head, records map[string]string) (m *Member, err error) {
	stored := h.size
	if text, ok := records["size"]; ok {
		if stored, err = number(text); err != nil {
			return nil, err
		}
	}
	r.left, r.pad = stored, -stored&(block-1)
	m = &Member{Name: h.name, Size: stored, Regions: []Region{{0, stored}}}
	if name, ok := records["path"]; ok {
		m.Name = name
	}
	name, sparse := records["GNU.sparse.name"]
	if !sparse {
		return m, nil
	}
	m.Name = name
	if records["GNU.sparse.major"] != "1" || records["GNU.sparse.minor"] != "0" {
		return nil, fmt.Errorf("%w: %s is not sparse in the format 1.0", ErrFormat, m.Name)
	}
	if m.Size, err = number(records["GNU.sparse.realsize"]); err != nil {
		return nil, err
	}
	if m.Regions, err = r.list(m.Size); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	if r.left != m.Data() {
		return nil, fmt.Errorf("%w: %s holds %d bytes of data, its list tells of %d", ErrFormat, m.Name, r.left, m.Data())
	}
	return m, nil
}

// list reads the regions at the head of a disk.
func (r *Reader) list(size int64) ([]Region, error) {
	read := int64(0)
	line := func() (int64, error) {
		text, err := r.in.ReadSlice('\n')
		if err != nil {
			return 0, early(err)
		}
		read += int64(len(text))
		if read > r.left {
			return 0, fmt.Errorf("%w: its list of regions does not end", ErrFormat)
		}
		return number(string(text[:len(text)-1]))
	}
	count, err := line()
	if err != nil {
		return nil, err
	}
	var all []Region
	end := int64(0)
	for i := range count {
		var one Region
		if one.Offset, err = line(); err != nil {
			return nil, err
		}
		if one.Length, err = line(); err != nil {
			return nil, err
		}
		if one.Offset < end || one.Offset > size || one.Length > size-one.Offset {
			return nil, fmt.Errorf("%w: the region of %d bytes at %d is out of order, or not within %d bytes", ErrFormat, one.Length, one.Offset, size)
		}
		if i < count-1 && one.Length%block != 0 {
			return nil, fmt.Errorf("%w: the region of %d bytes at %d is no whole number of blocks", ErrFormat, one.Length, one.Offset)
		}
		end = one.Offset + one.Length
		if one.Length > 0 {
			all = append(all, one)
		}
	}
	padding := -read & (block - 1)
	if err := r.nothing(padding); err != nil {
		return nil, err
	}
	r.left -= read + padding
	return all, nil
}

// Read reads the data of the member, the regions one after the other.
func (r *Reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.in.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, early(err)
}

// head is one block before a member.
type head struct {
	name string
	size int64
	flag byte
}

// head reads one; nil is the block of zeros that ends a tar.
func (r *Reader) head() (*head, error) {
	if _, err := io.ReadFull(r.in, r.block[:]); err != nil {
		return nil, early(err)
	}
	b := r.block[:]
	if zeros(b) {
		return nil, nil //nolint:nilnil // the end has none
	}
	again := append([]byte(nil), b...)
	retype(again, b[156])
	text := func(from, to int) string {
		field, _, _ := bytes.Cut(b[from:to], []byte{0})
		return string(field)
	}
	if !bytes.Equal(again[148:154], b[148:154]) || text(257, 263) != "ustar" {
		return nil, fmt.Errorf("%w: a head is damaged", ErrFormat)
	}
	size, err := strconv.ParseInt(strings.Trim(text(124, 136), " "), 8, 64)
	if err != nil || size < 0 {
		return nil, fmt.Errorf("%w: a head has no size", ErrFormat)
	}
	return &head{name: text(0, 100), size: size, flag: b[156]}, nil
}

// records are what stands before the head that it is about.
func (r *Reader) records(size int64) (map[string]string, error) {
	const most = 1 << 16
	if size > most {
		return nil, fmt.Errorf("%w: %d bytes of records", ErrFormat, size)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(r.in, data); err != nil {
		return nil, early(err)
	}
	if err := r.nothing(-size & (block - 1)); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for len(data) > 0 {
		length, rest, _ := strings.Cut(string(data), " ")
		n, err := strconv.Atoi(length)
		if err != nil || n <= len(length)+1 || n > len(data) || data[n-1] != '\n' {
			return nil, fmt.Errorf("%w: a record is damaged", ErrFormat)
		}
		key, value, found := strings.Cut(rest[:n-len(length)-2], "=")
		if !found || !slices.Contains([]string{"path", "size", "GNU.sparse.major", "GNU.sparse.minor", "GNU.sparse.name", "GNU.sparse.realsize"}, key) {
			return nil, fmt.Errorf("%w: there is a record %q", ErrFormat, key)
		}
		all[key] = value
		data = data[n:]
	}
	return all, nil
}

// nothing reads padding.
func (r *Reader) nothing(n int64) error {
	padding := r.block[:n]
	if _, err := io.ReadFull(r.in, padding); err != nil {
		return early(err)
	}
	if !zeros(padding) {
		return fmt.Errorf("%w: there is something in the padding", ErrFormat)
	}
	return nil
}

// end makes sure that the tar ends as it should.
func (r *Reader) end() error {
	if err := r.nothing(block); err != nil {
		return err
	}
	_, err := r.in.ReadByte()
	if err == nil {
		return fmt.Errorf("%w: something follows its end", ErrFormat)
	}
	return err
}

func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%w: %q is no size", ErrFormat, text)
	}
	return n, nil
}

// early is the error of a stream that ends where it should not.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
