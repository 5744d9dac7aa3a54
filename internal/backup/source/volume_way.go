package source

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Ways in which a volume is read, from the best to the one that always works.
const (
	// WayMount is its mount point, a directory of this machine: only what has
	// changed since the last set is read.
	WayMount = "mountpoint"
	// WayTar is the tar of another place on the mount point there.
	WayTar = "tar"
	// WayCopy is docker cp out of a container that has the volume and is never
	// started. It knows neither holes nor extended attributes, and whole seconds.
	WayCopy = "docker cp"
)

// choose finds the best way to read the volume, and about how large it is.
func (v *Volume) choose(ctx context.Context, door *command.Door) (int64, error) {
	if v.Way == "" || v.Way == WayMount {
		v.Way = ""
		if v.isHere(ctx, door) {
			v.Way = WayMount
			check, err := v.files().Check(ctx, door)
			return check.Estimate, err
		}
	}
	if v.Way == "" && v.plain() && v.Docker.Place != "" {
		far := v.far()
		if check, err := far.Check(ctx, door); err == nil && far.gnu && v.mayReadAll(ctx, door) {
			v.Way = WayTar
			return check.Estimate, nil
		}
	}
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if v.Way = WayCopy; v.Image != "" {
		if _, err := v.Docker.Text(ctx, door, "image", "inspect", "--format", "{{.Id}}", v.Image); gone(err) {
			return 0, fault.New(fault.Missing, "docker pull "+v.Image+", or leave image out", fmt.Errorf("read volume %s: %s has no image %s", v.Volume, v.Docker, v.Image))
		} else if err != nil {
			return 0, err
		}
	}
	if v.fits() {
		return 0, nil
	}
	return v.Docker.size(ctx, door, v.Volume), nil
}

// fits says whether all that the daemon holds would fit into the store. Then its
// size matters to nobody, which to find out costs a walk through it.
func (v *Volume) fits() bool {
	if v.FreeIn == nil || v.Docker.Place != "" || !v.plain() {
		return false
	}
	free, err := v.FreeIn()
	var st unix.Statfs_t
	return err == nil && unix.Statfs(v.info.Root, &st) == nil && int64(st.Blocks-st.Bfree)*st.Bsize < free
}

// plain says whether the files lie in the mount point at any time, and belong
// there to the users that they belong to in containers. With options a volume
// is mounted only while a container uses it: the directory is empty otherwise.
func (v *Volume) plain() bool {
	options := v.found.Options
	shifted := slices.ContainsFunc(v.info.SecurityOptions, func(o string) bool {
		return strings.HasPrefix(o, "name=userns") || strings.HasPrefix(o, "name=rootless")
	})
	return v.found.Driver == "local" && options["type"] == "" && options["device"] == "" && !shifted && filepath.IsAbs(v.found.Mountpoint)
}

// isHere says whether the mount point is a directory of this machine that root
// reads. A socket may lead to a daemon elsewhere, or out of a container, and
// the same path be another directory there.
func (v *Volume) isHere(ctx context.Context, door *command.Door) bool {
	if v.Docker.Place != "" || os.Geteuid() != 0 || !v.plain() {
		return false
	}
	endpoint, err := v.Docker.Text(ctx, door, "context", "inspect", "--format", "{{.Endpoints.docker.Host}}")
	if err != nil || !strings.HasPrefix(strings.TrimSpace(endpoint), "unix://") {
		return false
	}
	if host, err := os.Hostname(); err != nil || host != v.info.Name {
		return false
	}
	info, err := os.Stat(v.found.Mountpoint)
	return err == nil && info.IsDir()
}

// mayReadAll says whether the user of the other place is root.
func (v *Volume) mayReadAll(ctx context.Context, door *command.Door) bool {
	c := command.Read("id", "-u")
	c.As, c.Timeout = v.Docker.As, answers
	out, err := door.Text(ctx, c).String()
	return err == nil && strings.TrimSpace(out) == "0"
}
