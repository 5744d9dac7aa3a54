// Package release brings the source of a CPython release to this machine, whole and verified.
//
// A tarball is looked for at the places of a Source in order, downloaded as a part that any later run continues, and
// verified before it gets its name: a file with the final name was verified. Its SHA-256 has to be the one in the lock,
// a small file under version control that the first fetch of a version writes. The signature has to be the release
// manager's: a Sigstore bundle where there is one (from 3.14 on there has to be), else OpenPGP.
//
// The lock also remembers how far a version was verified, so that no later fetch is content with less. Where a person has
// to decide, the error names the way out. What fails a check is kept under another name, for inspection, and never used.
//
// Sigstore bundles are checked here, offline, by sigstore-go and not by the cosign program: that would be one more thing
// to install, and to trust, before the first release can be fetched. It costs about 20 seconds of a cold build and 20 MB.
package release

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
)

// Fetcher fetches releases into Dir, each in a directory of its own.
type Fetcher struct {
	Source Source
	Lock   string // the lock file
	Dir    string // downloads: verified tarballs, parts, and what was refused

	Verify      string // "" is what the series demands; Pinned is content with the SHA-256 in the lock
	Keys        string // a directory of further OpenPGP keys, *.asc
	TrustedRoot string // a Sigstore trusted_root.json, instead of the shipped one

	Now func() time.Time        // nil is time.Now
	Say func(done, total int64) // progress in bytes over all versions; may be nil
}

// Fetched is a release that is here and verified.
type Fetched struct {
	Version Version
	Path    string // the tarball, named as on python.org
	SHA256  string
	Level   string
	By      string // the signer, "" at the level Pinned
	From    string // the place, "" when it was here already
	Bytes   int64  // received now
	Resumed int64  // found here of an earlier download, and not received again
}

// arrived is a tarball that is not verified yet.
type arrived struct {
	name, path, from  string
	received, resumed int64
}

const (
	partEnding    = ".part"
	refusedEnding = ".refused"
)

// Fetch fetches the versions, several at once. The others go on when one fails; those that were fetched are returned
// beside the error.
func (f *Fetcher) Fetch(ctx context.Context, versions ...Version) ([]Fetched, error) {
	if f.Verify != "" && f.Verify != Pinned {
		return nil, fault.New(fault.Usage, "leave it out, or write pinned", fmt.Errorf("verify %q: no such level to ask for", f.Verify))
	}
	l, err := readLock(f.Lock)
	if err != nil {
		return nil, err
	}
	var wanted []Version
	for _, v := range versions {
		if !slices.Contains(wanted, v) {
			wanted = append(wanted, v)
		}
	}
	const atOnce = 4
	var group errgroup.Group
	group.SetLimit(atOnce)
	say := newTally(f.Say)
	all, problems := make([]Fetched, len(wanted)), make([]error, len(wanted))
	for i, v := range wanted {
		group.Go(func() error {
			if all[i], problems[i] = f.one(ctx, v, l.of(v), say.of(i)); problems[i] != nil {
				problems[i] = fmt.Errorf("fetch %s: %w", v, problems[i])
			}
			return nil // the others go on
		})
	}
	_ = group.Wait() // no error goes this way
	all = slices.DeleteFunc(all, func(one Fetched) bool { return one.Path == "" })
	return all, errors.Join(problems...)
}

// one fetches one version. A run that holds its directory is alone with it.
func (f *Fetcher) one(ctx context.Context, v Version, pin Pin, say func(done, total int64)) (got Fetched, err error) {
	if f.Verify == Pinned && pin.Level == "" {
		return Fetched{}, fault.New(fault.Usage, "leave -verify=pinned out, or review the SHA-256 and add a line to the lock", fmt.Errorf("%s does not pin it", f.Lock))
	}
	dir := filepath.Join(f.Dir, v.String())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Fetched{}, err
	}
	release, err := hold(dir, unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return Fetched{}, fault.New(fault.Locked, "wait until it is done and type it again", errors.New("another run is fetching it"))
	}
	if err != nil {
		return Fetched{}, err
	}
	defer func() { err = errors.Join(err, release()) }()
	names := kinds()
	for i, kind := range names {
		names[i] = "Python-" + v.String() + kind
	}
	if pin.File != "" {
		names = []string{pin.File} // one version is one file, for good
	}
	here, err := f.have(dir, names, pin)
	if err == nil && here.path == "" {
		here, err = f.get(ctx, v, dir, names, say)
	}
	if err != nil {
		return Fetched{}, err
	}
	return f.accept(ctx, v, pin, here)
}

// have is the tarball that an earlier run has verified. A copy that is not any more what it was is put aside.
func (f *Fetcher) have(dir string, names []string, pin Pin) (arrived, error) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		digest, size, err := sum(path)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return arrived{}, err
		}
		if pin.Level != "" && digest != pin.SHA256 {
			if err := os.Rename(path, path+refusedEnding); err != nil {
				return arrived{}, err
			}
			continue
		}
		return arrived{name: name, path: path, resumed: size}, nil
	}
	return arrived{}, nil
}

// get downloads the tarball from the first place that has it and answers.
func (f *Fetcher) get(ctx context.Context, v Version, dir string, names []string, say func(done, total int64)) (arrived, error) {
	var problems []error
	for _, p := range f.Source.places() {
		got, err := f.getFrom(ctx, p, v, dir, names, say)
		var disk localError
		if err == nil || ctx.Err() != nil || errors.As(err, &disk) {
			return got, err
		}
		if !isMissing(err) {
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return arrived{}, fault.New(fault.Failed, "what has come is kept: type it again to go on, or name another source or a mirror", oneLine(problems))
	}
	_ = os.Remove(dir) // as far as it is empty: it only looks untidy
	hint := "look at python.org/downloads for the releases that there are"
	if near := f.Source.offer(ctx, v); near != "" {
		hint = "the nearest release is " + near
	}
	return arrived{}, fault.New(fault.Usage, hint, fmt.Errorf("no source has it: %s", f.Source))
}

// getFrom downloads the tarball in the first format that the place has.
func (f *Fetcher) getFrom(ctx context.Context, p place, v Version, dir string, names []string, say func(done, total int64)) (arrived, error) {
	for _, t := range p.names(v) {
		if !slices.Contains(names, t.name) {
			continue
		}
		d := &download{source: f.Source, from: p, path: t.path, part: filepath.Join(dir, t.name+partEnding), say: say}
		err := d.run(ctx)
		if isMissing(err) {
			if info, err := os.Stat(d.part); err == nil && info.Size() == 0 {
				_ = os.Remove(d.part) // it only looks untidy
			}
			continue
		}
		return arrived{name: t.name, path: d.part, from: p.String(), received: d.received, resumed: d.resumed}, err
	}
	return arrived{}, fs.ErrNotExist
}

// accept verifies what arrived and gives it its name. What fails a check is put aside; what could not be checked stays a
// part, so that nothing has to be downloaded again once it can be.
func (f *Fetcher) accept(ctx context.Context, v Version, pin Pin, got arrived) (Fetched, error) {
	digest, size, err := sum(got.path)
	if err != nil {
		return Fetched{}, err
	}
	final := filepath.Join(filepath.Dir(got.path), got.name)
	found, err := f.prove(ctx, v, pin, got, digest, size)
	var open undecided
	switch {
	case errors.As(err, &open):
		return Fetched{}, err
	case err != nil && ctx.Err() == nil:
		err = fmt.Errorf("%w; it is not used and kept as %s", err, final+refusedEnding)
		return Fetched{}, errors.Join(err, os.Rename(got.path, final+refusedEnding), forget(final))
	case err != nil:
		return Fetched{}, err
	}
	if got.path != final {
		if err := errors.Join(os.Chmod(got.path, 0o644), os.Rename(got.path, final), forget(final)); err != nil {
			return Fetched{}, err
		}
	}
	if stronger(found.level, pin.Level) > 0 {
		err = record(f.Lock, Pin{Version: v, SHA256: digest, Size: size, File: got.name, Level: found.level, Date: f.today(), By: found.by})
	}
	return Fetched{Version: v, Path: final, SHA256: digest, Level: found.level, By: found.by, From: got.from, Bytes: got.received, Resumed: got.resumed}, err
}

func (f *Fetcher) now() time.Time {
	if f.Now == nil {
		return time.Now()
	}
	return f.Now()
}

func (f *Fetcher) today() string { return f.now().UTC().Format(time.DateOnly) }
