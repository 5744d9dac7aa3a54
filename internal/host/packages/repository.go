package packages

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/fault"
)

// Repository is an apt repository with the one key that it is trusted by.
type Repository struct {
	Name        string // of its files: docker gives docker.sources and docker.asc
	URL         string // http, https or file
	Suite       string
	Components  []string
	Arch        string // empty: the host's own
	Key         string // a URL, or a file at the host
	Fingerprint string
	// Replace lets it take over from files that name nothing but the same
	// repository, such as a docker.list from Docker's older instructions.
	Replace bool
}

func (r Repository) file() string    { return "/etc/apt/sources.list.d/" + r.Name + ".sources" }
func (r Repository) keyFile() string { return "/etc/apt/keyrings/" + r.Name + ".asc" }

func (r Repository) text() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Written by the IACT infra toolkit, which takes it away again.\nTypes: deb\nURIs: %s\nSuites: %s\n", r.URL, r.Suite)
	if len(r.Components) > 0 {
		fmt.Fprintf(&b, "Components: %s\n", strings.Join(r.Components, " "))
	}
	fmt.Fprintf(&b, "Architectures: %s\nSigned-By: %s\n", r.Arch, r.keyFile())
	return []byte(b.String())
}

func (r Repository) check() error {
	for label, value := range map[string]string{"name": r.Name, "URL": r.URL, "suite": r.Suite, "key": r.Key, "components": strings.Join(r.Components, "")} {
		if strings.ContainsFunc(value, func(c rune) bool { return c <= ' ' }) || value == "" && label != "components" {
			return fault.New(fault.Usage, "", fmt.Errorf("read repository: its %s is %q, which has to be one word", label, value))
		}
	}
	if strings.ContainsAny(r.Name, "/.") {
		return fault.New(fault.Usage, "", fmt.Errorf("read repository: name %q must have no dot and no slash", r.Name))
	}
	scheme, _, _ := strings.Cut(r.URL, ":")
	if !slices.Contains([]string{"http", "https", "file"}, scheme) {
		return fault.New(fault.Usage, "", fmt.Errorf("read repository: %s is not http, https or file", r.URL))
	}
	return nil
}

// AddRepository makes apt know a repository: the key is fetched whole and its
// fingerprint compared before anything is written, then only this repository's
// index is fetched. When that fails everything is put back. A repository that is
// there already is left alone.
func (a *Apt) AddRepository(ctx context.Context, r Repository) (Record, error) {
	w := a.begin()
	if err := w.addRepository(ctx, r); err != nil {
		return w.record, fmt.Errorf("add repository %s: %w", r.URL, err)
	}
	return w.record, nil
}

func (w *work) addRepository(ctx context.Context, r Repository) error {
	if err := r.check(); err != nil {
		return err
	}
	if r.Arch == "" {
		arch, err := w.read(ctx, "dpkg", "--print-architecture")
		if err != nil {
			return fmt.Errorf("read the architecture: %w", err)
		}
		r.Arch = strings.TrimSpace(arch)
	}
	others, err := w.others(ctx, r)
	if err != nil {
		return err
	}
	raw, err := w.fetch(ctx, r.Key)
	if err != nil {
		return err
	}
	key, err := checkKey(raw, r.Fingerprint, time.Now())
	if err != nil {
		return err
	}
	earlier := len(w.record.Files)
	err = w.establish(ctx, r, key, others)
	if err == nil || w.Door.Planning() {
		return err
	}
	// Also after a cancellation: apt must be left as it was.
	ctx = context.WithoutCancel(ctx)
	for _, f := range slices.Backward(w.record.Files[earlier:]) {
		if undone := w.backFile(ctx, f, &Outcome{}); undone != nil {
			return errors.Join(err, undone)
		}
	}
	w.record.Files = w.record.Files[:earlier]
	return errors.Join(err, w.note())
}

// establish writes what is not there yet and fetches the index.
func (w *work) establish(ctx context.Context, r Repository, key []byte, others []string) error {
	earlier := len(w.record.Files)
	for _, name := range others {
		w.say("%s names the same repository: %s takes its place", name, r.file())
		if err := w.unlink(ctx, name); err != nil {
			return err
		}
	}
	if err := w.write(ctx, r.keyFile(), key); err != nil {
		return err
	}
	if err := w.write(ctx, r.file(), r.text()); err != nil {
		return err
	}
	if len(w.record.Files) == earlier {
		if here, err := w.indexed(ctx, r); err != nil || here {
			return err
		}
	}
	only := []string{"-o", "Dir::Etc::sourcelist=" + r.file(), "-o", "Dir::Etc::sourceparts=-", "-o", "APT::Get::List-Cleanup=0"}
	if err := w.run(ctx, w.index(only...)); err != nil {
		return fmt.Errorf("fetch its index: %w", err)
	}
	if w.Door.Planning() {
		return nil
	}
	here, err := w.indexed(ctx, r)
	if err == nil && !here {
		err = fault.New(fault.Failed, "see that "+r.URL+" has suite "+r.Suite+" with "+strings.Join(r.Components, ", ")+" for "+r.Arch, errors.New("fetch its index: apt ended well, and there is none"))
	}
	return err
}

// indexed reports whether apt has the index of r. It asks with all sources, and
// so sees too whether they contradict each other.
func (a *Apt) indexed(ctx context.Context, r Repository) (bool, error) {
	out, err := a.read(ctx, "apt-get", "indextargets", "--format", "$(SOURCESENTRY) $(CREATED_BY) $(FILENAME)")
	if err != nil {
		return false, fmt.Errorf("list apt's indexes: %w", a.explain(ctx, err))
	}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) == 3 && strings.HasPrefix(f[0], r.file()+":") && f[1] == "Packages" {
			return true, nil
		}
	}
	return false, nil
}

// others are the files beside ours that name the same repository. Two of them
// with different keys make apt refuse every source, so that is settled first.
func (a *Apt) others(ctx context.Context, r Repository) ([]string, error) {
	sources, err := a.Sources(ctx)
	if err != nil {
		return nil, err
	}
	var files, mixed []string
	where := ""
	for _, s := range sources {
		if s.File == r.file() || !s.same(r.URL, r.Suite) {
			continue
		}
		where = s.Where()
		if !slices.Contains(files, s.File) {
			files = append(files, s.File)
		}
	}
	for _, s := range sources {
		if slices.Contains(files, s.File) && bareURL(s.URL) != bareURL(r.URL) && !slices.Contains(mixed, s.File) {
			mixed = append(mixed, s.File)
		}
	}
	switch {
	case len(files) == 0:
		return nil, nil
	case len(mixed) > 0:
		return nil, &Problem{Kind: SignedBy, Text: where + " names the same repository, beside others", Fix: "take the lines with " + r.URL + " out of " + strings.Join(mixed, ", ")}
	case !r.Replace:
		return nil, &Problem{Kind: SignedBy, Text: where + " names the same repository: with another key apt would read no source at all", Fix: "remove " + strings.Join(files, ", ") + " (sudo mv " + files[0] + " " + path.Join("/root", path.Base(files[0])) + ")"}
	}
	return files, nil
}
