package source

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
)

// KindVolume is a Docker volume.
const KindVolume = "volume"

// Volume is a Docker volume, backed up as a tar stream.
type Volume struct {
	Label   string
	Volume  string // its name
	Mode    string // live, pause or stop
	Image   string // of the container through which it may be read; empty: an empty one
	Docker  *Docker
	Timeout time.Duration
	Silence time.Duration // how long a stream may stand still; 0: a minute
	Way     string        // how it is read; empty: the best way there is
	// FreeIn says how many bytes may be stored; nil skips the estimate.
	FreeIn func() (int64, error)
	// Hold stops or pauses what writes to the volume; nil leaves it alone.
	Hold func(ctx context.Context, door *command.Door) (Held, error)
	// Promise keeps a note, over a kill of this process, that a container has to
	// be removed; the function takes it back. Nil keeps none.
	Promise func(container string) (kept func(), err error)
	// Dumped says whether another source dumps the database in a container.
	Dumped func(container string) bool

	found DockerVolume
	info  DaemonInfo
	users []Container
}

// Name implements Source.
func (v *Volume) Name() string { return v.Label }

// Kind implements Source.
func (v *Volume) Kind() string { return KindVolume }

// Origin implements Source.
func (v *Volume) Origin() string { return at(v.Docker.Place, "docker volume "+v.Volume) }

// Users are the containers that had the volume when it was checked.
func (v *Volume) Users() []Container { return v.users }

// Check implements Source.
func (v *Volume) Check(ctx context.Context, door *command.Door) (Check, error) {
	var err error
	if v.info, err = v.Docker.Info(ctx, door); err != nil {
		return Check{}, err
	}
	if v.info.System != "" && v.info.System != "linux" {
		return Check{}, fault.New(fault.Missing, "", fmt.Errorf("%s runs containers of %s: only volumes of Linux can be read", v.Docker, v.info.System))
	}
	if v.found, err = v.Docker.Volume(ctx, door, v.Volume); gone(err) {
		return Check{}, v.missing(ctx, door)
	} else if err != nil {
		return Check{}, err
	}
	if v.users, err = v.Docker.Users(ctx, door, v.Volume); err != nil {
		return Check{}, err
	}
	if err := v.Holdable(v.users); err != nil {
		return Check{}, err
	}
	check := Check{Warnings: v.warnings()}
	check.Estimate, err = v.choose(ctx, door)
	return check, err
}

// missing is the error for a volume that is not there. Nothing has made it: a
// name is only given to docker run or create when it was seen before.
func (v *Volume) missing(ctx context.Context, door *command.Door) error {
	hint := "docker volume ls shows them"
	all, err := v.Docker.Volumes(ctx, door)
	if err == nil {
		var names []string
		for _, one := range all {
			names = append(names, one.Name)
		}
		if near := config.Nearest(v.Volume, names); near != "" {
			hint = "did you mean " + near + "? " + hint
		}
	}
	return fault.New(fault.Missing, hint+"; correct volume of source "+v.Label, fmt.Errorf("find volume %s: %s has no such volume", v.Volume, v.Docker))
}

func (v *Volume) files() *Files {
	return &Files{Label: v.Label, Path: v.found.Mountpoint, FreeIn: v.FreeIn}
}

func (v *Volume) far() *FarFiles {
	return &FarFiles{Label: v.Label, Place: v.Docker.Place, Path: v.found.Mountpoint, As: v.Docker.As, Timeout: v.Timeout}
}

// Capture implements Source.
func (v *Volume) Capture(ctx context.Context, to To) (done Captured, err error) {
	held := Held{Back: func() []string { return nil }}
	if v.Hold != nil && v.Mode != "live" {
		if held, err = v.Hold(ctx, to.Door); err != nil {
			return Captured{}, err
		}
	}
	defer func() { done.Notes = append(done.Notes, held.Back()...) }()
	// It may have gone since it was checked, and what reads it would make it anew.
	if v.found, err = v.Docker.Volume(ctx, to.Door, v.Volume); gone(err) {
		return Captured{}, v.missing(ctx, to.Door)
	} else if err != nil {
		return Captured{}, err
	}
	layout := LayoutStream
	switch v.Way {
	case WayMount:
		layout = ""
		done, err = v.files().Capture(ctx, to)
	case WayTar:
		done, err = v.captureFar(ctx, to)
	default:
		done, err = v.captureCopy(ctx, to)
	}
	if err != nil {
		return Captured{}, err
	}
	done.Notes = append(done.Notes, held.Notes...)
	done.Detail = v.detail(layout, held.Names)
	return done, nil
}

// captureFar reads the volume by the tar of the place where it is.
func (v *Volume) captureFar(ctx context.Context, to To) (Captured, error) {
	far := v.far()
	far.gnu = true
	return far.Capture(ctx, to)
}

// Plan implements Source.
func (v *Volume) Plan(door *command.Door, dir string) string {
	into := " | zstd -T0 -1 > " + command.Quote(filepath.Join(dir, "00000001.zst"))
	var read []string
	switch v.Way {
	case WayMount:
		read = []string{v.files().Plan(door, dir)}
	case WayTar:
		far := v.far()
		far.gnu = true
		read = []string{far.Plan(door, dir)}
	default:
		const container = "iact-volume"
		if v.Image == "" {
			read = append(read, "head -c 1024 /dev/zero | "+door.Show(v.Docker.Change("import", "-", scratch)))
		}
		read = append(read, door.Show(v.create(container)), door.Show(v.copyOut(container))+into, door.Show(v.Docker.Change("rm", "-v", container)))
	}
	var before, after []string
	for _, c := range v.held() {
		down, up := "pause", "unpause"
		if v.Mode == "stop" {
			down, up = "stop", "start"
		}
		before = append(before, door.Show(v.Docker.Change(down, c.Name)))
		after = append([]string{door.Show(v.Docker.Change(up, c.Name))}, after...)
	}
	return strings.Join(slices.Concat(before, read, after), "\n")
}
