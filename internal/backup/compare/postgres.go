package compare

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"github.com/zeebo/xxh3"

	"iact-infra/internal/backup/pgtext"
)

// LargeObjects is the name under which large objects count as a table, each of
// them as a row.
const LargeObjects = "(large objects)"

// ErrNoTrailer says that a text lacks the line that its writer prints only when
// it has finished.
var ErrNoTrailer = errors.New("it does not end with \"-- PostgreSQL database dump complete\"")

const trailer = " PostgreSQL database dump complete"

// Postgres reads the text of pg_dump, or of pg_restore -f -, to its end. each
// gets every statement; nil when nobody wants them.
func Postgres(r io.Reader, each func(statement []byte) error) (Digest, error) {
	p := &postgres{tables: map[string]*table{}}
	complete := false
	err := pgtext.Walk(r, pgtext.Visitor{
		Statement: func(text []byte) error {
			complete = false // nothing comes after the trailer
			p.statement(text)
			if each == nil {
				return nil
			}
			return each(text)
		},
		Rows:    p.rows,
		Comment: func(line []byte) { complete = complete || string(line) == trailer },
	})
	if err != nil {
		return nil, err
	}
	if !complete {
		return nil, ErrNoTrailer
	}
	digest := Digest{}
	for name, t := range p.tables {
		digest[name] = t.sum()
	}
	return digest, nil
}

// table adds up what a dump holds of one. Rows count in any order: a load into
// an empty table need not keep it, since it fills what room a page has left.
type table struct {
	heap
	row    *xxh3.Hasher // of a row whose end has not come; nil between rows
	pieces hash.Hash    // of large objects, in order; nil when there are none
}

type postgres struct {
	tables map[string]*table
	last   *table // of the rows before
	name   string
}

func (p *postgres) table(name string) *table {
	if p.last != nil && p.name == name {
		return p.last
	}
	t := p.tables[name]
	if t == nil {
		t = &table{}
		p.tables[name] = t
	}
	p.last, p.name = t, name
	return t
}

// rows adds a block of rows up. The first may have begun in the block before,
// and the last may end in the next one.
func (p *postgres) rows(name string, block []byte) {
	t := p.table(name)
	t.heap.bytes += int64(len(block))
	for len(block) > 0 {
		end := bytes.IndexByte(block, '\n') + 1
		if end > 0 && t.row == nil {
			t.one(xxh3.Hash128(block[:end]))
			block = block[end:]
			continue
		}
		if t.row == nil {
			t.row = xxh3.New()
		}
		if end == 0 {
			_, _ = t.row.Write(block) // a hash takes everything
			return
		}
		_, _ = t.row.Write(block[:end])
		t.one(t.row.Sum128())
		t.row, block = nil, block[end:]
	}
}

// one adds a row.
func (t *table) one(sum xxh3.Uint128) {
	t.heap.rows++
	t.lanes[0] += sum.Hi
	t.lanes[1] += sum.Lo
}

// value adds something that is no row of COPY.
func (t *table) value(size int64, text []byte) {
	t.heap.bytes += size
	t.one(xxh3.Hash128(text))
}

// piece adds to what counts in order.
func (t *table) piece(objects, size int64, text []byte) {
	if t.pieces == nil {
		t.pieces = sha256.New()
	}
	t.heap.rows += objects
	t.heap.bytes += size
	_, _ = t.pieces.Write(text)
}

// sum is what the table came to.
func (t *table) sum() Table {
	if t.pieces == nil {
		return t.table()
	}
	whole := t.table()
	copy(whole.Sum[:], t.pieces.Sum(nil))
	return whole
}

// statement counts what is data although it is not the rows of a table. A table
// without rows counts too: a dump that lacks it differs.
func (p *postgres) statement(text []byte) {
	text, calls := bytes.CutPrefix(text, []byte("SELECT pg_catalog."))
	if !calls {
		if name, copies := pgtext.Copied(text); copies {
			p.table(name)
		}
		return
	}
	function, args, _ := bytes.Cut(bytes.TrimSuffix(text, []byte(");")), []byte("("))
	switch string(function) {
	case "setval":
		if words := pgtext.Words(args); len(words) > 2 && words[0][0] == '\'' {
			p.table("sequence "+pgtext.Unquoted(words[0])).value(int64(len(args)), args)
		}
	case "lo_open", "lo_create":
		p.table(LargeObjects).piece(1, 0, args)
	case "lowrite":
		// How the bytes are cut into calls differs from writer to writer.
		if _, hex, ok := bytes.Cut(args, []byte("\\x")); ok {
			hex, _, _ = bytes.Cut(hex, []byte("'"))
			p.table(LargeObjects).piece(0, int64(len(hex)/2), hex)
		}
	}
}
