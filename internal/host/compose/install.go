package compose

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// release is where Docker publishes Compose. The names of the files are in lower
// case, which `uname -s` is not.
const release = "https://github.com/docker/compose/releases/download/v{version}/docker-compose-linux-{arch}"

// Source is the program to install. Its SHA-256 may be left out for a file only.
type Source struct {
	URL     string // with {version} and {arch} in it; empty is the release on GitHub
	Path    string // or a file of the machine that this process runs on
	Version string
	SHA256  string
}

// Install puts the program in its place. earlier is what a run noted that this
// one goes on with.
func (p *Plugin) Install(ctx context.Context, s Source, earlier Record) error {
	if err := s.complete(); err != nil {
		return err
	}
	r, err := p.prepare(ctx, s, earlier)
	if err != nil {
		return err
	}
	aside := r.Aside
	if earlier.File == File {
		r.Dirs = append(earlier.Dirs, r.Dirs...)
		r.Aside = cmp.Or(earlier.Aside, aside)
	}
	if p.Note != nil && !p.Door.Planning() {
		if err := p.Note(r); err != nil {
			return fmt.Errorf("note what changes: %w", err)
		}
	}
	if err := p.change(ctx, `umask 022 && mkdir -p -- "$1"`, path.Dir(File)); err != nil {
		return fmt.Errorf("make the directory of plugins: %w", err)
	}
	if err := p.bring(ctx, s); err != nil {
		return errors.Join(err, p.drop(ctx))
	}
	if err := p.try(ctx, r.Sum); err != nil {
		return errors.Join(err, p.drop(ctx))
	}
	const place = `if [ -n "$3" ] && [ -e "$2" ]; then mv -T -- "$2" "$3"; fi && mv -T -- "$1" "$2"`
	if err := p.change(ctx, place, half(), File, aside); err != nil {
		return fmt.Errorf("put %s in its place: %w", File, err)
	}
	return nil
}

// complete refuses what could not be compared, and fills in the hash of a file.
func (s *Source) complete() error {
	if s.Path == "" && s.SHA256 == "" {
		return fault.New(fault.Usage, "host.compose.sha256: the release names it in checksums.txt", errors.New("install Compose: what comes from the network needs its SHA-256"))
	}
	if s.Path == "" && s.Version == "" && (s.URL == "" || strings.Contains(s.URL, "{version}")) {
		return fault.New(fault.Usage, "host.compose.version: 2.40.3", errors.New("install Compose: nothing says which version"))
	}
	if s.Path == "" {
		return nil
	}
	f, err := os.Open(s.Path)
	if err != nil {
		return fault.New(fault.Missing, "correct host.compose.from", fmt.Errorf("read Compose: %w", err))
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("read Compose: %w", err)
	}
	is := hex.EncodeToString(h.Sum(nil))
	if s.SHA256 != "" && s.SHA256 != is {
		return mismatch(s.Path, is, s.SHA256)
	}
	s.SHA256 = is
	return nil
}

func mismatch(what, is, want string) error {
	return fault.New(fault.Invalid, "compare host.compose.sha256 with what the release names; nothing was installed", fmt.Errorf("check %s: its SHA-256 is %s, not %s", what, is, want))
}

// prepare says what is going to change, and refuses to touch a package's file.
func (p *Plugin) prepare(ctx context.Context, s Source, earlier Record) (Record, error) {
	r := Record{File: File, Sum: s.SHA256}
	owner, err := p.script(ctx, `! command -v dpkg-query >/dev/null || dpkg-query -S -- "$1" 2>/dev/null || :`, File)
	if err != nil {
		return r, fmt.Errorf("find whose %s is: %w", File, err)
	}
	if name, _, found := strings.Cut(owner, ":"); found {
		return r, fault.New(fault.Invalid, "host.compose.from: package", fmt.Errorf("install Compose: %s is a file of the package %s", File, name))
	}
	is, err := p.sum(ctx, File)
	if err != nil {
		return r, err
	}
	switch is {
	case "", earlier.Sum:
	case s.SHA256:
		return r, fault.New(fault.Invalid, "ls -l "+File+"; docker info shows what is wrong with a plugin", fmt.Errorf("install Compose: %s is that program already, and docker does not take it", File))
	default:
		r.Aside = path.Join(path.Dir(File), ".docker-compose.iact-"+is[:12])
	}
	missing, err := p.script(ctx, `for d; do [ -d "$d" ] || echo "$d"; done`, path.Dir(path.Dir(path.Dir(File))), path.Dir(path.Dir(File)), path.Dir(File))
	if err != nil {
		return r, fmt.Errorf("look for the directory of plugins: %w", err)
	}
	r.Dirs = strings.Fields(missing)
	return r, nil
}

// bring writes the program beside its place.
func (p *Plugin) bring(ctx context.Context, s Source) error {
	if s.Path != "" {
		f, err := os.Open(s.Path)
		if err != nil {
			return fmt.Errorf("read Compose: %w", err)
		}
		defer f.Close()
		c := command.Change("sh", "-c", `umask 077 && cat >"$1"`, "sh", half())
		c.As = p.As
		if err := p.Door.Feed(ctx, c, f); err != nil {
			return fmt.Errorf("write Compose: %w", err)
		}
		return nil
	}
	url, err := p.address(ctx, s)
	if err != nil {
		return err
	}
	const fetch = `umask 077 && rm -f -- "$2"
if command -v curl >/dev/null; then exec curl -fsSL --retry 2 -o "$2" "$1"; fi
if command -v wget >/dev/null; then exec wget -q -O "$2" "$1"; fi
exec /usr/lib/apt/apt-helper -o Acquire::Retries=2 download-file "$1" "$2"`
	if err := p.change(ctx, fetch, url, half()); err != nil {
		return fault.New(fault.Missing, "name a mirror, or a file of this machine, in host.compose.from", fmt.Errorf("fetch %s: %w", url, err))
	}
	return nil
}

// address is the URL for this host's processor.
func (p *Plugin) address(ctx context.Context, s Source) (string, error) {
	url := s.URL
	if url == "" {
		url = release
	}
	out, err := p.script(ctx, "uname -m")
	if err != nil {
		return "", fmt.Errorf("ask for the processor: %w", err)
	}
	arch := strings.TrimSuffix(out, "l") // armv7l
	return strings.NewReplacer("{version}", s.Version, "{arch}", arch).Replace(url), nil
}

// try compares the program with its hash and has it answer as a plugin.
func (p *Plugin) try(ctx context.Context, want string) error {
	planning := p.Door.Planning()
	if is, err := p.sum(ctx, half()); err != nil || is != want && !planning {
		return cmp.Or(err, mismatch("what came for Compose", is, want))
	}
	if err := p.change(ctx, `chmod 755 "$1"`, half()); err != nil || planning {
		return err
	}
	said, err := p.script(ctx, `"$1" docker-cli-plugin-metadata`, half())
	if err == nil && !strings.Contains(said, "SchemaVersion") {
		err = fmt.Errorf("it says %.60q", said)
	}
	if err != nil {
		return fault.New(fault.Invalid, "is it for this processor (uname -m), and a plugin, which version 1 is not?", fmt.Errorf("try Compose: it is no plugin of docker: %w", err))
	}
	return nil
}

func (p *Plugin) drop(ctx context.Context) error {
	return p.change(context.WithoutCancel(ctx), `rm -f -- "$1"`, half())
}
