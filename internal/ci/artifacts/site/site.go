// Package site tells whether a built site works when it is served: its page and
// all of its own that the page asks for are there and hold something.
//
// It is served by this process on a port of its own and asked over HTTP, as a
// browser would: what only looks right in a directory listing (a name in the
// wrong case, a path that counts from the wrong place) fails here. No script is
// run; what a script loads is not seen.
package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"
)

// most is how much of a page or a style sheet is looked through.
const most = 16 << 20

// Problem is something that the page asks for and does not get.
type Problem struct {
	Path string // as it was asked for: /assets/app.js
	From string // where it is asked for
	Why  string
}

func (p Problem) String() string {
	return fmt.Sprintf("%s, which %s asks for: %s", p.Path, p.From, p.Why)
}

// Check serves the directory under a mount point ("/" or "/app/") and asks for
// its page and what that needs. It tells how many addresses it asked for.
func Check(ctx context.Context, dir, mount string) (asked int, problems []Problem, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, nil, fmt.Errorf("serve site: %w", err)
	}
	defer root.Close()
	mount = path.Join("/", mount)
	if mount != "/" {
		mount += "/"
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, fmt.Errorf("serve site: %w", err)
	}
	server := &http.Server{
		// A link that leads out of the directory works nowhere else.
		Handler:           http.StripPrefix(strings.TrimSuffix(mount, "/"), http.FileServerFS(root.FS())),
		ReadHeaderTimeout: time.Minute,
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	c := &crawl{base: &url.URL{Scheme: "http", Host: listener.Addr().String(), Path: mount}, seen: map[string]bool{}}
	c.client.Transport = &http.Transport{} // no proxy
	err = c.all(ctx)
	c.client.CloseIdleConnections()
	if closed := server.Close(); err == nil {
		err = closed
	}
	if served := <-done; err == nil && !errors.Is(served, http.ErrServerClosed) {
		err = served
	}
	return len(c.seen), c.problems, err
}

type wanted struct {
	address *url.URL
	from    string
}

type crawl struct {
	base     *url.URL
	client   http.Client
	seen     map[string]bool
	queue    []wanted
	problems []Problem
}

func (c *crawl) all(ctx context.Context) error {
	c.want(c.base, "", "the visitor")
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		if err := c.ask(ctx, next); err != nil {
			return err
		}
	}
	return nil
}

// want notes an address that something at base asks for, if it is the site's own.
func (c *crawl) want(base *url.URL, address, from string) {
	at, err := base.Parse(strings.TrimSpace(address))
	if err != nil || at.Scheme != c.base.Scheme || at.Host != c.base.Host {
		return
	}
	at.Fragment, at.RawFragment = "", ""
	if key := at.EscapedPath(); !c.seen[key] {
		c.seen[key] = true
		c.queue = append(c.queue, wanted{at, from})
	}
}

func (c *crawl) ask(ctx context.Context, w wanted) error {
	bad := func(why string) {
		c.problems = append(c.problems, Problem{w.address.Path, w.from, why})
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.address.String(), http.NoBody)
	if err != nil {
		bad(err.Error())
		return nil
	}
	answer, err := c.client.Do(request)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		bad(err.Error())
		return nil
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		bad("answered " + answer.Status)
		return nil
	}
	kind := answer.Header.Get("Content-Type")
	var text []byte
	n := int64(0)
	if html, css := strings.HasPrefix(kind, "text/html"), strings.HasPrefix(kind, "text/css"); html || css {
		text, err = io.ReadAll(io.LimitReader(answer.Body, most))
		at := answer.Request.URL // after redirections
		if html {
			c.page(at, text)
		} else {
			c.style(at, string(text))
		}
	}
	if err == nil {
		n, err = io.Copy(io.Discard, answer.Body)
	}
	switch {
	case err != nil:
		bad(err.Error())
	case n+int64(len(text)) == 0:
		bad("it is empty")
	}
	return nil
}
