package cache

import (
	"context"
	"io"
	"time"
)

// Store keeps objects by name. Names are relative paths with slashes; no part of
// one begins with a dot. Several processes on several hosts use one store at once.
type Store interface {
	// Get opens an object for one reading. ErrNone: there is none. It also notes
	// that the object was used, if the store lets it.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// Put reads to the end and keeps it under name. An object is there whole or not
	// at all: not after a reader that failed, nor after a kill. One of that name is
	// replaced; who reads it at that time goes on reading the old one.
	Put(ctx context.Context, name string, content io.Reader) error
	// Has tells whether there is such an object.
	Has(ctx context.Context, name string) (bool, error)
	// List hands over every object, in any order. One that is put or removed while
	// it runs may or may not be among them.
	List(ctx context.Context) ([]Object, error)
	// Remove removes an object. That there is none is no error.
	Remove(ctx context.Context, name string) error
}

// Object is what a store knows of an object.
type Object struct {
	Name string
	Size int64
	Used time.Time // when it was put, or got last
}
