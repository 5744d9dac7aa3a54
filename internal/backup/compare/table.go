// Package compare tells whether two dumps hold the same data.
//
// A restored database is dumped again and both dumps are read as SQL text,
// table by table: how many rows, how many bytes, and the sum of a hash of each
// row. The order of rows does not count: a load need not keep it. Definitions
// are not compared: a newer server words them differently, and the load of a
// dump stops at the first that fails.
package compare

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"slices"
)

// Table is what a dump holds of one table. What is data but no table (the
// values of sequences, large objects) counts as a table of its own.
type Table struct {
	Rows  int64             `json:"rows"`
	Bytes int64             `json:"bytes"` // of the rows as the dump writes them
	Sum   [sha256.Size]byte `json:"-"`     // of the hashes of its rows
}

// Digest is what a dump holds, by the names of its tables as the dump writes
// them: `public.customers`.
type Digest map[string]Table

// Difference is a table that two dumps disagree on. A nil side lacks it.
type Difference struct {
	Table     string
	Want, Got *Table
}

func (d Difference) String() string {
	switch {
	case d.Got == nil:
		return fmt.Sprintf("%s is missing (%d rows)", d.Table, d.Want.Rows)
	case d.Want == nil:
		return fmt.Sprintf("%s is not in the dump (%d rows)", d.Table, d.Got.Rows)
	case d.Want.Rows != d.Got.Rows:
		return fmt.Sprintf("%s has %d rows, the dump %d", d.Table, d.Got.Rows, d.Want.Rows)
	case d.Want.Bytes != d.Got.Bytes:
		return fmt.Sprintf("%s has %d bytes in %d rows, the dump %d", d.Table, d.Got.Bytes, d.Got.Rows, d.Want.Bytes)
	}
	return fmt.Sprintf("%s has other values in its %d rows than the dump", d.Table, d.Got.Rows)
}

// Diff lists the tables that differ, by name. None means that got holds the
// data of want and no other.
func Diff(want, got Digest) []Difference {
	var all []Difference
	for name, w := range want {
		if g, ok := got[name]; !ok {
			all = append(all, Difference{Table: name, Want: &w})
		} else if g != w {
			all = append(all, Difference{Table: name, Want: &w, Got: &g})
		}
	}
	for name, g := range got {
		if _, ok := want[name]; !ok {
			all = append(all, Difference{Table: name, Got: &g})
		}
	}
	slices.SortFunc(all, func(a, b Difference) int { return cmp.Compare(a.Table, b.Table) })
	return all
}

// Total counts the tables, rows and bytes of a digest.
func (d Digest) Total() (tables int, rows, bytes int64) {
	for _, t := range d {
		rows, bytes = rows+t.Rows, bytes+t.Bytes
	}
	return len(d), rows, bytes
}
