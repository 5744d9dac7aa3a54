package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"iact-infra/internal/fault"
)

// proof is how far a tarball was verified and by whose signature.
type proof struct{ level, by string }

// undecided marks an error that says nothing against the tarball: it may stay, to be verified once the cause is gone.
type undecided struct{ error }

func (u undecided) Unwrap() error { return u.error }

// unreadable is a signature that is none: the file with it is damaged, or something else answered.
func unreadable(err error) error {
	return undecided{fmt.Errorf("read signature: %w", err)}
}

// prove verifies a tarball: by the lock, by what is inside, and by the signature, unless an earlier run did that for this very file.
func (f *Fetcher) prove(ctx context.Context, v Version, pin Pin, got arrived, digest string, size int64) (proof, error) {
	if pin.Level != "" && (digest != pin.SHA256 || size != pin.Size) {
		return proof{}, fault.New(fault.Invalid,
			"compare both with python.org/downloads: if the lock is right type it again, or name another source; if it is wrong correct its line",
			fmt.Errorf("the SHA-256 of %s is %s (%d bytes), %s says %s (%d bytes)", got.name, digest, size, f.Lock, pin.SHA256, pin.Size))
	}
	if top, err := inside(got.path); err != nil || top != "Python-"+v.String() {
		return proof{}, fault.New(fault.Invalid, "name another source: this one serves something else under that name",
			errors.Join(err, fmt.Errorf("%s begins with %q", got.name, top)))
	}
	if f.Verify == Pinned {
		return proof{level: Pinned}, nil
	}
	if got.from == "" && pin.Level != "" && stronger(pin.Level, required(v)) >= 0 {
		return proof{pin.Level, pin.By}, nil
	}
	wayOut := fmt.Sprintf("fetch it from a source that has the signature, or accept the SHA-256 that %s has: -verify=pinned", f.Lock)
	if pin.Level == "" {
		wayOut = fmt.Sprintf("fetch it from a source that has the signature, or compare the SHA-256 with python.org, add the line «%s» to %s and accept it: -verify=pinned",
			Pin{Version: v, SHA256: digest, Size: size, File: got.name, Level: Pinned, Date: f.today(), By: "-"}, f.Lock)
	}
	found, err := f.signatures(ctx, v, got, wayOut)
	if err == nil && stronger(found.level, pin.Level) < 0 {
		err = undecided{fault.New(fault.Invalid, wayOut, fmt.Errorf(
			"verified by %s only, and %s says that %s was reached before: no source has that signature now", found.level, f.Lock, pin.Level))}
	}
	return found, err
}

// signatures looks for the strongest signature that the places hold for the tarball, and checks that one. One that is
// there and wrong fails: a weaker one never stands in for it.
func (f *Fetcher) signatures(ctx context.Context, v Version, got arrived, wayOut string) (found proof, err error) {
	found.level = Sigstore
	text, err := f.beside(ctx, v, got, ".sigstore")
	if err != nil && required(v) == OpenPGP {
		// None, or none to be had now. If one ever counted, the lock says so and this one will not do.
		found.level = OpenPGP
		var weaker error
		if text, weaker = f.beside(ctx, v, got, ".asc"); weaker == nil || isMissing(err) {
			err = weaker
		}
	}
	if isMissing(err) {
		err = fault.New(fault.Invalid, wayOut, err)
	}
	if err != nil {
		return proof{}, undecided{err}
	}
	if found.level == Sigstore {
		found.by, err = sigstore(v, got.path, text, f.TrustedRoot)
	} else {
		found.by, err = openPGP(v, got.path, text, f.Keys, f.now())
	}
	if err == nil {
		return found, nil
	}
	var open undecided
	hint := "type it again, or name another source; if it stays so, ask at python.org before you build from it"
	switch {
	case fault.Hint(err) != "":
		hint = "" // which keeps the one that it has
	case errors.As(err, &open):
		hint = wayOut
	}
	return proof{}, fault.New(fault.Invalid, hint, fmt.Errorf("verify %s by %s: %w", got.name, found.level, err))
}

// beside reads a small file that lies beside the tarball: where that came from, else at the first place that has it.
func (f *Fetcher) beside(ctx context.Context, v Version, got arrived, ending string) ([]byte, error) {
	places := f.Source.places()
	if i := slices.IndexFunc(places, func(p place) bool { return p.String() == got.from }); i > 0 {
		places[0], places[i] = places[i], places[0]
	}
	var problems []error
	for _, p := range places {
		for _, t := range p.names(v) {
			if t.name != got.name {
				continue
			}
			text, err := f.Source.read(ctx, p, t.path+ending)
			if err == nil {
				return text, nil
			}
			if !isMissing(err) {
				problems = append(problems, err)
				break // it would say the same of the next name
			}
		}
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("get %s%s: %w", got.name, ending, oneLine(problems))
	}
	return nil, fmt.Errorf("get %s%s: no source has it: %w", got.name, ending, fs.ErrNotExist)
}

// read is a whole file of at most a mebibyte; signatures are a few kibibytes.
func (s Source) read(ctx context.Context, p place, path string) ([]byte, error) {
	const limit = 1 << 20
	var text []byte
	err := s.again(ctx, func(ctx context.Context, touch func()) (bool, error) {
		file, err := p.open(ctx, path, 0, "")
		if err != nil {
			return false, err
		}
		text, err = io.ReadAll(io.LimitReader(&listener{from: file, heard: func(int) { touch() }}, limit))
		return false, errors.Join(err, file.Close())
	})
	return text, err
}

// sum is the SHA-256 of a file, and its size.
func sum(path string) (digest string, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer func() { _ = file.Close() }() // it was only read
	hash := sha256.New()
	size, err = io.Copy(hash, file)
	return hex.EncodeToString(hash.Sum(nil)), size, err
}
