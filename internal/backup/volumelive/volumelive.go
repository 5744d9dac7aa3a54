// Package volumelive brings a Docker volume back while the live one stays as it
// is: into a new volume, compared, and only then under its name.
//
// Docker cannot rename a volume. What changes places are the directories that
// hold the data, and Docker does not notice: as root on the daemon's machine by
// one system call that exchanges two names, elsewhere by a container that has
// the daemon's volumes and moves them. A Place names all that a restore makes,
// and knows each directory by a number that stays the same wherever it is moved
// to: so any later process sees how far a killed one came, by looking.
//
// The old data is never in a volume that something here would remove. A volume
// NAME_restoring_… holds restored data or nothing; the old data goes straight
// from the live name to NAME_before_….
package volumelive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// The labels of the volumes that a restore makes.
const (
	labelOf    = "iact.restore.of"    // the volume that it is about
	labelStore = "iact.restore.store" // of the sets: others leave it alone
	labelSet   = "iact.restore.set"
	labelOld   = "iact.restore.old" // the number of the old data that it is made for
)

// Ways in which the data of volumes is reached.
const (
	WayMount = source.WayMount
	WayCopy  = source.WayCopy
)

// Server is a Docker daemon that takes a volume back.
type Server struct {
	Docker *source.Docker
	Door   *command.Door
	Image  string // with sh and mv; empty: one of those that the containers have
	Store  string // whose sets are restored

	// Still stops what uses a volume, calls do, and starts it again whatever
	// happens.
	Still func(ctx context.Context, volume string, do func(context.Context) error) error

	// Warn says what went wrong and did not matter.
	Warn func(format string, args ...any)

	way     string
	volumes string // the directory of all volumes, where the daemon is
	shelf   shelf  // nil: nothing can be exchanged
}

// shelf moves the data of volumes.
type shelf interface {
	// where is the number of the data of each volume, "" for none.
	where(ctx context.Context, volumes ...string) (map[string]string, error)
	// exchange lets two volumes change their data.
	exchange(ctx context.Context, a, b string) error
}

// Facts are what a look at the daemon shows.
type Facts struct {
	Exists bool
	Volume source.DockerVolume
	Users  []source.Container
	Way    string
	Swaps  bool // the data of two volumes can change places
}

// Look looks at the daemon and a volume, and only reads.
func (s *Server) Look(ctx context.Context, name string) (*Facts, error) {
	info, err := s.Docker.Info(ctx, s.Door)
	if err != nil {
		return nil, err
	}
	if info.System != "" && info.System != "linux" {
		return nil, fault.New(fault.Missing, "", fmt.Errorf("%s runs containers of %s: only volumes of Linux can be restored", s.Docker, info.System))
	}
	s.volumes = filepath.Join(info.Root, "volumes")
	f := &Facts{}
	f.Volume, err = s.Docker.Volume(ctx, s.Door, name)
	switch {
	case err == nil:
		f.Exists = true
		if f.Users, err = s.Docker.Users(ctx, s.Door, name); err != nil {
			return nil, err
		}
	case !gone(err):
		return nil, err
	}
	if s.isHere(ctx, info) {
		s.way, s.shelf = WayMount, rootShelf{s.volumes}
	} else {
		s.way = WayCopy
		s.shelf, err = s.helper(ctx, f.Users)
		if err != nil {
			return nil, err
		}
	}
	f.Way, f.Swaps = s.way, s.shelf != nil
	return f, nil
}

// isHere says whether the volumes are directories of this machine that belong to
// the users that they belong to in containers, and this process is root.
func (s *Server) isHere(ctx context.Context, info source.DaemonInfo) bool {
	if s.Docker.Place != "" || os.Geteuid() != 0 {
		return false
	}
	for _, o := range info.SecurityOptions {
		if strings.HasPrefix(o, "name=userns") || strings.HasPrefix(o, "name=rootless") {
			return false
		}
	}
	endpoint, err := s.Docker.Text(ctx, s.Door, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	if err != nil || !strings.HasPrefix(strings.TrimSpace(endpoint), "unix://") {
		return false
	}
	if host, err := os.Hostname(); err != nil || host != info.Name {
		return false
	}
	at, err := os.Stat(s.volumes)
	return err == nil && at.IsDir()
}

// Refuse says why a volume cannot change places with a new one.
func (s *Server) Refuse(ctx context.Context, f *Facts, name string) error {
	beside := "-to=NAME restores into a new volume beside it"
	v := f.Volume
	if v.Driver != "local" {
		return fault.New(fault.Missing, beside, fmt.Errorf("volume %s is of driver %s: only volumes of driver local can change places", name, v.Driver))
	}
	if kind, device := v.Options["type"], v.Options["device"]; kind != "" || device != "" {
		return fault.New(fault.Missing, beside, fmt.Errorf("volume %s is made with options type=%s device=%s: a new one with them would lie in the same place, or in memory", name, kind, device))
	}
	if v.Mountpoint != s.data(name) {
		return fault.New(fault.Missing, beside, fmt.Errorf("volume %s lies at %s and not among the others in %s", name, v.Mountpoint, s.volumes))
	}
	if s.shelf == nil {
		return fault.New(fault.Missing, beside+", and compose takes that one: volumes: {"+name+": {external: true, name: NAME}}",
			fmt.Errorf("volume %s cannot change places: this user is not root on the daemon's machine, and no image of a container that uses it has sh and mv", name))
	}
	if s.way == WayMount {
		return s.movable(name, beside)
	}
	return nil
}

// movable refuses a directory on another file system than the other volumes.
func (s *Server) movable(name, beside string) error {
	var all, one unix.Stat_t
	if err := unix.Stat(s.volumes, &all); err != nil {
		return &os.PathError{Op: "stat", Path: s.volumes, Err: err}
	}
	if err := unix.Lstat(s.data(name), &one); err != nil {
		return fault.New(fault.Missing, beside, fmt.Errorf("volume %s has no directory: %w", name, &os.PathError{Op: "stat", Path: s.data(name), Err: err}))
	}
	if one.Dev != all.Dev || one.Mode&unix.S_IFMT != unix.S_IFDIR {
		return fault.New(fault.Missing, beside, fmt.Errorf("volume %s is a file system of its own, or a link, at %s: it cannot change places with a directory", name, s.data(name)))
	}
	return nil
}

// Room refuses a machine without space, or with one that cannot be written.
func (s *Server) Room(need int64) (free int64, err error) {
	if s.way != WayMount {
		return -1, nil // the daemon tells when it is full
	}
	var st unix.Statfs_t
	if err := unix.Statfs(s.volumes, &st); err != nil {
		return -1, nil //nolint:nilerr // the write itself will tell
	}
	if st.Flags&unix.ST_RDONLY != 0 {
		return 0, fault.New(fault.Missing, "mount -o remount,rw it; dmesg says why it is read-only", fmt.Errorf("write to %s: read-only file system", s.volumes))
	}
	have := int64(st.Bavail) * st.Bsize
	if have < need {
		return have, ErrNoSpace
	}
	return have, nil
}

// ErrNoSpace is what Room returns when there is too little of it.
var ErrNoSpace = errors.New("not enough space")

// data is the directory with the data of a volume, where the daemon is.
func (s *Server) data(volume string) string { return filepath.Join(s.volumes, volume, "_data") }

// Mountpoint is where the data of a volume is; empty when this machine has it not.
func (s *Server) Mountpoint(volume string) string {
	if s.way != WayMount {
		return ""
	}
	return s.data(volume)
}

// gone says whether docker knows no such thing.
func gone(err error) bool {
	return err != nil && strings.Contains(strings.ToLower(err.Error()), "no such ")
}

// failed gives what went wrong while data was written its way out. A daemon that
// is gone is the better reason.
func (s *Server) failed(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	said := err.Error()
	switch {
	case errors.Is(err, unix.ENOSPC), strings.Contains(said, "no space left on device"):
		return fault.New(fault.Missing, "nothing live was changed; free space in "+s.volumes+": docker system df shows what takes it", err)
	case errors.Is(err, unix.EROFS), strings.Contains(said, "read-only file system"):
		return fault.New(fault.Missing, "mount -o remount,rw it; dmesg says why it is read-only", err)
	}
	if _, dead := s.Docker.Text(ctx, s.Door, "version", "--format", "{{.Server.Version}}"); dead != nil {
		return fault.New(fault.Code(dead), fault.Hint(dead), fmt.Errorf("%w; and now: %w", err, dead))
	}
	return err
}
