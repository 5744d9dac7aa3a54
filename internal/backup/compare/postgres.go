package compare

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"

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
		t.Sum = [sha256.Size]byte(t.hash.Sum(nil))
		digest[name] = t.Table
	}
	return digest, nil
}

type table struct {
	Table
	hash hash.Hash
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
		t = &table{hash: sha256.New()}
		p.tables[name] = t
	}
	p.last, p.name = t, name
	return t
}

func (p *postgres) rows(name string, block []byte) {
	p.table(name).add(int64(bytes.Count(block, []byte{'\n'})), int64(len(block)), block)
}

func (t *table) add(rows, size int64, data []byte) {
	t.Rows += rows
	t.Bytes += size
	_, _ = t.hash.Write(data) // a hash takes everything
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
			p.table("sequence "+pgtext.Unquoted(words[0])).add(1, int64(len(args)), args)
		}
	case "lo_open", "lo_create":
		p.table(LargeObjects).add(1, 0, args)
	case "lowrite":
		// How the bytes are cut into calls differs from writer to writer.
		if _, hex, ok := bytes.Cut(args, []byte("\\x")); ok {
			hex, _, _ = bytes.Cut(hex, []byte("'"))
			p.table(LargeObjects).add(0, int64(len(hex)/2), hex)
		}
	}
}
