package release

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"time"
)

// PythonOrg is where releases come from when nothing else is said.
const PythonOrg = "https://www.python.org/ftp/python"

// Source says where releases come from. The places are tried in order; each is a URL below which releases lie as on
// python.org (X.Y.Z/Python-X.Y.Z.tar.xz), or a directory that holds tarballs under their own or Debian's names.
type Source struct {
	From    string   // "" is PythonOrg
	Mirrors []string // tried after From
	Client  *http.Client

	Backoff  time.Duration // the first pause before another try, doubled each time; 0 is half a second
	Patience time.Duration // how long a place may stay silent before it is asked again; 0 is 20 seconds
}

// place is one of the places of a Source. A missing file is an fs.ErrNotExist.
type place interface {
	fmt.Stringer
	// names are the paths under which the tarball of v may lie here, the smallest format first.
	names(v Version) []tarball
	// open reads a file from byte at on. What lies there must still be what it was when mark was given: otherwise, and
	// where a place cannot begin in the middle, the stream begins at byte 0.
	open(ctx context.Context, path string, at int64, mark string) (*stream, error)
	// list is what a directory says is there. It may promise too much.
	list(ctx context.Context) ([]Version, error)
}

// tarball is one file at a place and the name that it gets here.
type tarball struct{ path, name string }

// stream is the rest of a file. total is -1 when the place does not say; mark is "" where it can tell no version of a
// file from another.
type stream struct {
	io.ReadCloser
	at, total int64
	mark      string
}

// kinds are the formats in which python.org publishes every release, in the order of our liking.
func kinds() []string { return []string{".tar.xz", ".tgz"} }

func (s Source) places() []place {
	from := s.From
	if from == "" {
		from = PythonOrg
	}
	client := s.Client
	if client == nil {
		client = http.DefaultClient
	}
	var all []place
	for _, where := range append([]string{from}, s.Mirrors...) {
		if strings.HasPrefix(where, "http://") || strings.HasPrefix(where, "https://") {
			all = append(all, web{base: strings.TrimSuffix(where, "/"), client: client})
			continue
		}
		all = append(all, folder(where))
	}
	return all
}

// String names the places.
func (s Source) String() string {
	var names []string
	for _, p := range s.places() {
		names = append(names, p.String())
	}
	return strings.Join(names, ", ")
}

// Known is every release that the places list, newest first. A list may name what is not there (python.org makes the
// directory of a final release for its first preview): it serves to offer, never to decide.
func (s Source) Known(ctx context.Context) ([]Version, error) {
	var known []Version
	var problems []error
	for _, p := range s.places() {
		var some []Version
		err := s.again(ctx, func(ctx context.Context, _ func()) (_ bool, err error) {
			some, err = p.list(ctx)
			return false, err
		})
		if err != nil {
			problems = append(problems, fmt.Errorf("list releases at %s: %w", p, err))
			continue
		}
		known = append(known, some...)
	}
	slices.SortFunc(known, func(a, b Version) int { return b.Compare(a) })
	known = slices.Compact(known)
	if len(known) == 0 {
		return nil, errors.Join(problems...)
	}
	return known, nil
}

// offer is the release nearest to v that can really be had, "" when there is none or none can be looked up.
func (s Source) offer(ctx context.Context, v Version) string {
	known, err := s.Known(ctx)
	if err != nil {
		return ""
	}
	const enough = 4
	for _, near := range nearest(v.String(), known)[:min(enough, len(known))] {
		if near != v && s.has(ctx, near) {
			return near.String()
		}
	}
	return ""
}

// has looks for the tarball itself.
func (s Source) has(ctx context.Context, v Version) bool {
	for _, p := range s.places() {
		for _, t := range p.names(v) {
			err := s.again(ctx, func(ctx context.Context, _ func()) (bool, error) {
				file, err := p.open(ctx, t.path, 0, "")
				if err == nil {
					_ = file.Close() // nothing was read, so nothing can be lost
				}
				return false, err
			})
			if err == nil {
				return true
			}
		}
	}
	return false
}

// isMissing tells "it is not there" from every other failure, a directory of ours that is gone included.
func isMissing(err error) bool {
	var disk localError
	return errors.Is(err, fs.ErrNotExist) && !errors.As(err, &disk)
}
