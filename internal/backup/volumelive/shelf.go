package volumelive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// rootShelf is the directory of all volumes, on this machine and as root.
type rootShelf struct{ dir string }

func (s rootShelf) data(volume string) string { return filepath.Join(s.dir, volume, "_data") }

// where tells directories by inode and moment of birth: the number of one that
// was removed is soon given to another.
func (s rootShelf) where(_ context.Context, volumes ...string) (map[string]string, error) {
	found := map[string]string{}
	for _, v := range volumes {
		var st unix.Statx_t
		err := unix.Statx(unix.AT_FDCWD, s.data(v), unix.AT_SYMLINK_NOFOLLOW, unix.STATX_INO|unix.STATX_BTIME, &st)
		switch {
		case errors.Is(err, os.ErrNotExist):
			found[v] = ""
		case err != nil:
			return nil, fmt.Errorf("look at volume %s: %w", v, err)
		default:
			found[v] = fmt.Sprintf("%d-%d.%09d", st.Ino, st.Btime.Sec, st.Btime.Nsec)
		}
	}
	return found, nil
}

// exchange is one system call: at no moment has one of the volumes no data.
func (s rootShelf) exchange(_ context.Context, a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, s.data(a), unix.AT_FDCWD, s.data(b), unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EBUSY) || errors.Is(err, unix.EXDEV) || errors.Is(err, unix.EINVAL) {
		err = fault.New(fault.Missing, "-to=NAME restores into a new volume beside it", err)
	}
	if err == nil {
		err = errors.Join(syncDir(filepath.Join(s.dir, a)), syncDir(filepath.Join(s.dir, b)))
	}
	if err != nil {
		return fmt.Errorf("exchange the data of volumes %s and %s: %w", a, b, err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// helperShelf is a container that has the daemon's directory of volumes. What it
// does goes on when this process is killed.
type helperShelf struct {
	s     *Server
	image string
}

// moves are the functions of every script in the container. An exchange takes
// three moves; one that was cut off is brought to its end, or back, by whoever
// looks at these volumes next. Others may be in the middle of theirs.
const moves = `set -eu
cd /iact
number() { set -- $(ls -di "$1/_data" 2>/dev/null || true); echo "${1:-none}"; }
settle() {
  for a in "$@"; do
    for way in "$a"/_data.iact_with_*; do
      [ -e "$way" ] || continue
      b=${way##*/_data.iact_with_}
      if [ ! -e "$a/_data" ]; then mv -T "$way" "$a/_data"
      elif [ ! -e "$b/_data" ]; then mv -T "$way" "$b/_data"; fi
    done
  done
}
`

// helper finds an image whose container can move volumes: one that a container of
// this volume has is there. Nil when there is none.
func (s *Server) helper(ctx context.Context, users []source.Container) (shelf, error) {
	images := []string{s.Image}
	if s.Image == "" {
		images = nil
		for _, c := range users {
			images = append(images, c.Image)
		}
	}
	for _, image := range images {
		h := &helperShelf{s, image}
		_, err := h.run(ctx, "mv --help >/dev/null 2>&1 || true; command -v mv >/dev/null; ls -d /iact/. >/dev/null")
		if err == nil {
			return h, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, nil //nolint:nilnil // no shelf is no failure
}

// run runs a script in the container.
func (h *helperShelf) run(ctx context.Context, script string, args ...string) (string, error) {
	c := h.s.Docker.Change(append([]string{
		"run", "--rm", "--pull", "never", "--label", source.LabelHelper + "=restore", "--network", "none", "--user", "0:0",
		"--entrypoint", "sh", "--mount", "type=bind,source=" + h.s.volumes + ",target=/iact", h.image, "-c", script, "sh",
	}, args...)...)
	c.Timeout = time.Minute
	return h.s.Door.Text(ctx, c).String()
}

func (h *helperShelf) where(ctx context.Context, volumes ...string) (map[string]string, error) {
	out, err := h.run(ctx, moves+`settle "$@"; for v in "$@"; do echo "$v $(number "$v")"; done`, volumes...)
	if err != nil {
		return nil, h.failed(ctx, fmt.Errorf("look at volumes %s: %w", strings.Join(volumes, ", "), err))
	}
	found := map[string]string{}
	for line := range strings.Lines(out) {
		if name, number, ok := strings.Cut(strings.TrimSpace(line), " "); ok && number != "none" {
			found[name] = number
		}
	}
	return found, nil
}

func (h *helperShelf) exchange(ctx context.Context, a, b string) error {
	_, err := h.run(ctx, moves+`settle "$@"
[ -e "$2/_data" ]
mv -T "$1/_data" "$1/_data.iact_with_$2"; mv -T "$2/_data" "$1/_data"; mv -T "$1/_data.iact_with_$2" "$2/_data"; sync`, a, b)
	if err != nil {
		return h.failed(ctx, fmt.Errorf("exchange the data of volumes %s and %s: %w", a, b, err))
	}
	return nil
}

func (h *helperShelf) failed(ctx context.Context, err error) error {
	var lost *command.Error
	if errors.As(err, &lost) {
		return h.s.failed(ctx, err)
	}
	return err
}
