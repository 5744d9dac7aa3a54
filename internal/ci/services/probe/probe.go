// Package probe tells whether a server answers.
//
// That a connection is made proves little: Docker's proxy takes it for a
// container in which nobody listens, and closes it again. A server is there when
// it says something, or keeps the connection open.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

const (
	// quiet is how long a server may say nothing to be taken for one that waits
	// for its client to speak another language.
	quiet = 500 * time.Millisecond
	// first and longest are how long is waited between two tries; the system does
	// not tell when a port opens.
	first   = 10 * time.Millisecond
	longest = 250 * time.Millisecond
	// attempt bounds one try.
	attempt = 5 * time.Second
)

// Port tries once whether a server answers at a TCP address; the error says why not.
func Port(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetReadDeadline(time.Now().Add(quiet)); err != nil {
		return err
	}
	n, err := c.Read(make([]byte, 1))
	switch {
	case n > 0, errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	case err == nil || errors.Is(err, io.EOF):
		return fmt.Errorf("%s closes each connection at once", address)
	}
	return err
}

// HTTP tries once whether a GET of an address is answered with a status below
// 400. A redirection is an answer.
func HTTP(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{
		// The address is on this machine: no proxy, and nothing that stays open.
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(ask)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return nil
}

// Until tries until it works. When ctx ends first, the error is the last one that
// trying gave, or the cause where nothing was tried.
func Until(ctx context.Context, try func(context.Context) error) error {
	for pause := first; ; pause = min(2*pause, longest) {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}
