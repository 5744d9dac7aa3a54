package cache

import (
	"context"
	"crypto/rand"
	"io"
)

// hooked calls before each write.
type hooked struct {
	io.Writer
	before func(string) error
	what   string
}

func (h hooked) Write(p []byte) (int, error) {
	if err := h.before(h.what); err != nil {
		return 0, err
	}
	return h.Writer.Write(p)
}

// cancellable stops reading when its context ends.
type cancellable struct {
	ctx context.Context
	io.Reader
}

func (c cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.Reader.Read(p)
}

// counted counts what goes through.
type counted struct {
	io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
}

func random() string { return rand.Text()[:12] }
