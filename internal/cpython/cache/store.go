package cache

import (
	"context"
	"io"
	"time"
)

// Store keeps named objects. It is small so that a bucket can be one, too; every
// implementation passes cachetest. Names are made of a-z, 0-9, dot and hyphen,
// and begin with a letter or a digit.
type Store interface {
	// Put makes an object of what write writes. It appears whole or not at all,
	// and survives a crash of the machine once Put has returned. Objects are
	// never replaced: fs.ErrExist if there is one of that name, also when it
	// appeared while write was at work.
	Put(ctx context.Context, name string, write func(io.Writer) error) error
	// Open reads an object, or gives fs.ErrNotExist.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	// List gives all objects, sorted by name, without unfinished ones.
	List(ctx context.Context) ([]Object, error)
	// Move renames an object, over another if need be. A missing one is no error.
	Move(ctx context.Context, from, to string) error
	// Delete removes an object. A missing one is no error.
	Delete(ctx context.Context, name string) error
}

// Object is one line of a list.
type Object struct {
	Name     string
	Size     int64
	Modified time.Time
}
