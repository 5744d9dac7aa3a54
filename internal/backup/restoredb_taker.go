package backup

import (
	"context"
	"fmt"
	"io"

	"iact-infra/internal/backup/compare"
	"iact-infra/internal/backup/source"
	"iact-infra/internal/fault"
)

// taker is a server that takes a database back: beside what is live, so that
// it can be compared before it gets its name. The methods are called in this
// order. Those before create only read.
type taker interface {
	// look refuses what can be known to fail without the dump.
	look(ctx context.Context) error
	// read reads the dump to its end: what it holds, and what it needs.
	read(ctx context.Context, dump io.Reader) (compare.Digest, error)
	// fits refuses a dump that needs what the server lacks.
	fits(ctx context.Context) error
	// there is what has the name that the database is to have; nil if nothing has.
	there() *liveDatabase
	// create makes room beside it.
	create(ctx context.Context) error
	load(ctx context.Context, dump io.Reader) error
	// dress adds what belongs to the database and is not in its dump.
	dress(ctx context.Context) error
	// digest is what was loaded, read back.
	digest(ctx context.Context) (compare.Digest, error)
	// take lets the restored database have the name, and keeps the old one.
	take(ctx context.Context) error
	// holds tells whether the restored database has the name, and how that is seen.
	holds(ctx context.Context) (string, error)
	// abandon removes what a run that failed has made.
	abandon(ctx context.Context) error
	// plan is what all this amounts to, as shell lines.
	plan(parts string) []string
}

// liveDatabase is what a restored database takes the place of.
type liveDatabase struct {
	name     string
	server   string
	size     int64
	sessions int
	keeps    string // the name that it gets
}

// newTaker is the taker for a kind of source. A kind that has none can be had
// as a dump alone.
func (t *restoration) newTaker(ctx context.Context) (taker, error) {
	switch t.held.Kind {
	case source.KindPostgres:
		return t.newPostgres(ctx)
	case source.KindMariaDB:
		return t.newMariaDB(ctx)
	case source.KindVolume:
		return nil, fault.New(fault.Usage, "backup:restoreVolume -source="+t.held.Name+" brings it back",
			fmt.Errorf("restore %s: a Docker volume is no database", t.held.Name))
	case source.KindVM:
		return nil, fault.New(fault.Usage, "backup:restoreVM -source="+t.held.Name+" brings it back",
			fmt.Errorf("restore %s: a virtual machine is no database", t.held.Name))
	}
	return nil, fault.New(fault.Usage, "backup:restore -source="+t.held.Name+" -to=PATH writes what the set holds of it",
		fmt.Errorf("restore %s: a source of kind %s is no database that can be brought back to life", t.held.Name, t.held.Kind))
}
