// Package reset makes a devcontainer new, by degrees: it starts it again, makes its
// container anew, builds its image without a cache, and last of all removes its
// volumes.
//
// Each level tells first what would be lost. What it takes away it keeps until the
// new container has proved that it works, and after that as an image: so a level
// is undone by the journal alone. Only what is the workspace's own is touched.
package reset

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// The levels, each of which loses more than the one before.
const (
	Restart  = "restart"
	Recreate = "recreate"
	Rebuild  = "rebuild"
	Volumes  = "volumes"
)

// Levels are all of them.
func Levels() []string { return []string{Restart, Recreate, Rebuild, Volumes} }

// LabelRun marks the image in which a run keeps an old container.
const LabelRun = "iact.recover"

// Store is the backup of volumes, which is another procedure's.
type Store struct {
	// Save lays volumes down in a set of their own, sealed and read back.
	Save func(ctx context.Context, w *procedure.Work, volumes []string) (set string, err error)
	// Restore brings volumes back from it under their names.
	Restore func(ctx context.Context, w *procedure.Work, set string, volumes []string) error
}

// Desk is where a reset is done from.
type Desk struct {
	client.Docker
	Say    *report.Line
	Run    string
	Scene  *scene.Scene
	Main   *scene.Container
	Level  string
	Record func(Kept) error
	Wait   time.Duration // for a container to become healthy

	maker   maker
	removes []scene.Volume // by the level volumes
	kept    Kept
}

// Open chooses how containers are made here, and refuses what cannot be done.
func (d *Desk) Open(ctx context.Context) error {
	if !slices.Contains(Levels(), d.Level) {
		return fault.New(fault.Usage, "-level="+strings.Join(Levels(), "|"), fmt.Errorf("recover by level %q: there is no such level", d.Level))
	}
	if mounts, err := os.ReadFile("/proc/self/mountinfo"); err == nil && strings.Contains(string(mounts), "/containers/"+d.Main.ID+"/") {
		return fault.New(fault.Usage, "type it on the machine itself", fmt.Errorf("recover %s: this very program runs in it, and would end with it", d.Main.Name))
	}
	if d.Level == Restart {
		return nil
	}
	seen, err := d.inspect(ctx, d.Main.ID)
	if err != nil {
		return err
	}
	if seen.HostConfig["AutoRemove"] == true {
		return fault.New(fault.Usage, "docker stop "+d.Main.Name+", and start it once more by hand", fmt.Errorf("make %s anew: it was started with --rm, so to stop it removes it with its volumes, and nothing could be kept", d.Main.Name))
	}
	if d.maker, err = d.choose(ctx); err != nil {
		return err
	}
	if d.Level == Volumes {
		d.removes, err = d.owned()
	}
	return err
}

// Do does what the level says. What fails is undone by Back.
func (d *Desk) Do(ctx context.Context, w *procedure.Work, store Store) error {
	if err := d.remember(); err != nil {
		return err
	}
	switch d.Level {
	case Restart:
		return d.restart(ctx)
	case Volumes:
		return d.volumes(ctx, w, store)
	}
	// As an image it is there also when what makes the new one removes it.
	if err := d.keep(ctx, d.Main); err != nil {
		return err
	}
	return d.maker.make(ctx, d)
}

// restart stops and starts the container. One without an init takes the whole of
// its grace, ten seconds, to stop.
func (d *Desk) restart(ctx context.Context) error {
	_, err := d.Docker.Do(ctx, "restart", d.Main.ID)
	return err
}

// remember notes what there is before anything changes.
func (d *Desk) remember() error {
	all, err := d.Scene.Everyone()
	if err != nil {
		return err
	}
	d.kept = Kept{Run: d.Run, Level: d.Level, Env: d.Env, Folder: d.Scene.Workspace, Project: d.Main.Label(scene.LabelProject), Main: d.Main.Name, Running: d.Main.State.Running}
	for _, c := range all {
		d.kept.Before = append(d.kept.Before, c.ID)
	}
	if d.Level == Rebuild {
		d.kept.Tag, d.kept.TagOf = d.Main.Config.Image, d.Main.Image
	}
	return d.Record(d.kept)
}

// Lines are what a level amounts to, as shell lines.
func (d *Desk) Lines() []string {
	if d.Level == Restart {
		return []string{d.Show("restart", d.Main.Name)}
	}
	old := Old{ID: d.Main.Name, Image: "iact-recover:" + strings.ToLower(d.Run) + "-1"}
	lines := []string{d.Show(commitArgs(old, d.Run, d.Scene.Workspace)...)}
	if d.Level != Volumes {
		return append(lines, d.maker.lines(d)...)
	}
	lines = append(lines, d.Show("stop", d.Main.Name), "go tool mage backup:volumes backup:verify # of these volumes alone", d.Show("rm", d.Main.Name))
	for _, v := range d.removes {
		if lines = append(lines, d.Show("volume", "rm", v.Name)); !anonymous(v.Name) {
			lines = append(lines, d.Show(d.args(v)...))
		}
	}
	if by, is := d.maker.(official); is {
		return append(lines, by.lines(d)...)
	}
	return append(lines, "# docker create with the settings that the containers had", d.Show("start", d.Main.Name))
}

// By is who makes the container anew.
func (d *Desk) By() string {
	if d.maker == nil {
		return "docker"
	}
	return d.maker.name()
}

// Image is where what the old container has written stays; "" where it does.
func (d *Desk) Image() string {
	if len(d.kept.Old) == 0 {
		return ""
	}
	return d.kept.Old[0].Image
}

// Set is the set in which removed volumes stand.
func (d *Desk) Set() string { return d.kept.Set }

// Now is the container in which people work, after the reset.
func (d *Desk) Now(ctx context.Context) (*scene.Container, error) {
	o := d.Scene.Options
	return scene.New(ctx, o).Main()
}
