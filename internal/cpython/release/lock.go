package release

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/fault"
	"iact-infra/internal/whole"
)

// Levels of verification, weakest first.
const (
	Pinned   = "pinned"   // its SHA-256 is the one in the lock, which somebody reviewed
	OpenPGP  = "openpgp"  // signed with the key of the release manager
	Sigstore = "sigstore" // signed under the release manager's identity, logged in public
)

// stronger compares levels as cmp.Compare does.
func stronger(a, b string) int {
	levels := []string{Pinned, OpenPGP, Sigstore}
	return cmp.Compare(slices.Index(levels, a), slices.Index(levels, b))
}

// Pin is one line of the lock: what a tarball must be, and how far it was verified when that was written down.
type Pin struct {
	Version Version
	SHA256  string
	Size    int64
	File    string
	Level   string
	Date    string // of the day on which it reached the level
	By      string // who signed; "-" when nobody did
}

// String is the line.
func (p Pin) String() string {
	return fmt.Sprintf("%s %s %d %s %s %s %s", p.Version, p.SHA256, p.Size, p.File, p.Level, p.Date, p.By)
}

// lockHeader is what a new lock begins with.
const lockHeader = `# The CPython sources that this project builds. Keep it under version control and review it like any lock file.
# A line is added when a version is fetched for the first time. From then on the tarball must have this SHA-256, and no
# later verification may be weaker: pinned < openpgp < sigstore. To pin a version by hand write such a line with the
# level "pinned" and "-" for the signer.
# version sha256 bytes file level date signer
`

// lock is the file: its comments, which stand at the top, and its pins in order.
type lock struct {
	comments string
	pins     []Pin
}

// ReadLock is what the lock at path holds, oldest version first. A lock that is not there holds nothing.
func ReadLock(path string) ([]Pin, error) {
	l, err := readLock(path)
	return l.pins, err
}

func readLock(path string) (lock, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return lock{comments: lockHeader}, nil
	}
	if err != nil {
		return lock{}, fmt.Errorf("read lock: %w", err)
	}
	l, err := parseLock(text)
	if err != nil {
		return lock{}, fault.New(fault.Invalid, "restore the file from version control, or correct the line; nothing was fetched",
			fmt.Errorf("read lock %s: %w", path, err))
	}
	return l, nil
}

// parseLock takes nothing that it would not write itself: a lock that was merged badly is no lock.
func parseLock(text []byte) (lock, error) {
	var l lock
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if len(l.pins) == 0 && (line == "" || strings.HasPrefix(line, "#")) {
			l.comments += line + "\n"
			continue
		}
		pin, err := parsePin(line)
		if err != nil {
			return lock{}, fmt.Errorf("line %d: %w", n, err)
		}
		if l.of(pin.Version).Level != "" {
			return lock{}, fmt.Errorf("line %d: %s stands there twice", n, pin.Version)
		}
		l.pins = append(l.pins, pin)
	}
	return l, lines.Err()
}

func parsePin(line string) (Pin, error) {
	const fields = 7
	part := strings.SplitN(line, " ", fields)
	if len(part) != fields {
		return Pin{}, fmt.Errorf("%q is not: version sha256 bytes file level date signer", line)
	}
	v, err := Parse(part[0])
	if err != nil {
		return Pin{}, err
	}
	size, err := strconv.ParseInt(part[2], 10, 64)
	p := Pin{Version: v, SHA256: part[1], Size: size, File: part[3], Level: part[4], Date: part[5], By: part[6]}
	_, dateErr := time.Parse(time.DateOnly, p.Date)
	switch {
	case !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(p.SHA256):
		return Pin{}, fmt.Errorf("%q is no SHA-256", p.SHA256)
	case err != nil || size <= 0 || part[2] != strconv.FormatInt(size, 10):
		return Pin{}, fmt.Errorf("%q is no number of bytes", part[2])
	case !slices.Contains(kinds(), strings.TrimPrefix(p.File, "Python-"+v.String())):
		return Pin{}, fmt.Errorf("%q is no tarball of %s", p.File, v)
	case !slices.Contains([]string{Pinned, OpenPGP, Sigstore}, p.Level):
		return Pin{}, fmt.Errorf("%q is no level: pinned, openpgp or sigstore", p.Level)
	case dateErr != nil:
		return Pin{}, fmt.Errorf("%q is no date", p.Date)
	case p.By == "" || p.By != strings.TrimSpace(p.By) || !regexp.MustCompile(`^\PC+$`).MatchString(p.By):
		return Pin{}, fmt.Errorf("%q names no signer", p.By)
	case (p.By == "-") != (p.Level == Pinned):
		return Pin{}, fmt.Errorf("level %s does not go with signer %q", p.Level, p.By)
	}
	return p, nil
}

// of is the pin of a version, the zero Pin when it has none.
func (l lock) of(v Version) Pin {
	for _, p := range l.pins {
		if p.Version == v {
			return p
		}
	}
	return Pin{}
}

// record writes a pin into the lock at path, in the place of what stood there for the version. Whoever reads sees the lock
// before or after; whoever records at the same time waits.
func record(path string, pin Pin) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write lock %s: %w", path, err)
		}
	}()
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	release, err := hold(dir, unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	l, err := readLock(path)
	if err != nil {
		return err
	}
	if was := l.of(pin.Version); was.Level != "" && (was.SHA256 != pin.SHA256 || was.File != pin.File) {
		return fmt.Errorf("another run has just pinned %s to %s", was.File, was.SHA256)
	} else if stronger(was.Level, pin.Level) >= 0 {
		return nil // another run has reached more
	}
	l.pins = slices.DeleteFunc(l.pins, func(p Pin) bool { return p.Version == pin.Version })
	l.pins = append(l.pins, pin)
	slices.SortFunc(l.pins, func(a, b Pin) int { return a.Version.Compare(b.Version) })
	text := l.comments
	for _, p := range l.pins {
		text += p.String() + "\n"
	}
	return whole.Replace(path, []byte(text), 0o644)
}

// hold locks a directory until release is called or this process is gone. Closing alone would not do: a program that is
// being started at that moment has the file too, for as long as it takes to start.
func hold(dir string, how int) (release func() error, err error) {
	file, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := flock(file, how); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error { return errors.Join(flock(file, unix.LOCK_UN), file.Close()) }, nil
}

func flock(file *os.File, how int) error {
	for {
		if err := unix.Flock(int(file.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
