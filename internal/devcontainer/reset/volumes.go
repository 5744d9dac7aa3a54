package reset

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// owned are the volumes that only containers of the workspace have, and that no
// other project has made.
func (d *Desk) owned() ([]scene.Volume, error) {
	all, err := d.Scene.Volumes()
	if err != nil {
		return nil, err
	}
	var mine []scene.Volume
	for _, v := range all {
		users, why, err := d.users(v)
		if err != nil {
			return nil, err
		}
		if len(users) > 0 && why == "" {
			mine = append(mine, v)
		}
	}
	if len(mine) == 0 {
		return nil, fault.New(fault.Usage, "devcontainer:recover -level=recreate makes the container anew", fmt.Errorf("remove the volumes of %s: it has none of its own", d.Scene.Workspace))
	}
	return mine, nil
}

// users are the containers of the workspace that have a volume; why says for what
// reason it stays all the same.
func (d *Desk) users(v scene.Volume) (users []*scene.Container, why string, err error) {
	everyone, err := d.Scene.Everyone()
	if err != nil {
		return nil, "", err
	}
	mine, err := d.Scene.Containers()
	if err != nil {
		return nil, "", err
	}
	for _, c := range everyone {
		has := slices.ContainsFunc(c.Mounts, func(m scene.Mount) bool { return m.Type == "volume" && m.Name == v.Name })
		switch {
		case has && slices.Contains(mine, c):
			users = append(users, c)
			project := c.Label(scene.LabelProject)
			if of := v.Labels[scene.LabelProject]; of != project && !anonymous(v.Name) {
				why = "volume " + v.Name + " stays: it is not of the project " + project
			}
		case has:
			why = "volume " + v.Name + " stays: container " + c.Name + " has it, too"
		}
	}
	return users, why, nil
}

// stay are the volumes of the workspace's containers that stay, and why.
func (d *Desk) stay() []string {
	all, _ := d.Scene.Volumes() // they were asked for before
	lines := []string{}
	for _, v := range all {
		if users, why, err := d.users(v); err == nil && len(users) > 0 && why != "" {
			lines = append(lines, why)
		}
	}
	return lines
}

// volumes backs the volumes up, removes the containers that have them, then them,
// and makes both anew.
func (d *Desk) volumes(ctx context.Context, w *procedure.Work, store Store) error {
	have, err := d.having()
	if err != nil {
		return err
	}
	var were []settings
	for _, c := range have {
		was, err := d.inspect(ctx, c.ID)
		if err != nil {
			return err
		}
		if err := d.keep(ctx, c); err != nil {
			return err
		}
		were = append(were, was)
	}
	// Nothing writes to a volume any more after it was read.
	for _, c := range have {
		if _, err := d.Docker.Do(ctx, "stop", c.ID); err != nil {
			return err
		}
	}
	if err := d.save(ctx, w, store); err != nil {
		return err
	}
	for _, c := range have {
		if _, err := d.Docker.Do(ctx, "rm", c.ID); err != nil { // and not its volumes
			return err
		}
	}
	if err := d.renewed(ctx); err != nil {
		return err
	}
	return d.madeAnew(ctx, have, were)
}

// save backs the volumes up. Without that nothing is removed.
func (d *Desk) save(ctx context.Context, w *procedure.Work, store Store) error {
	for _, v := range d.removes {
		d.kept.Volumes = append(d.kept.Volumes, v.Name)
	}
	set, err := store.Save(ctx, w, d.kept.Volumes)
	if err != nil {
		return fault.New(0, "nothing was removed; "+byHand, fmt.Errorf("back up %s before they are removed: %w", strings.Join(d.kept.Volumes, ", "), err))
	}
	d.kept.Set = set
	d.Say.Info("%s: in set %s, which was read back", strings.Join(d.kept.Volumes, ", "), set)
	return d.Record(d.kept)
}

const byHand = "by hand: go tool mage backup:volumes backup:verify, then docker volume rm"

// having are the containers that have the volumes.
func (d *Desk) having() ([]*scene.Container, error) {
	have := []*scene.Container{d.Main}
	for _, v := range d.removes {
		users, _, err := d.users(v)
		if err != nil {
			return nil, err
		}
		for _, c := range users {
			if !slices.Contains(have, c) {
				have = append(have, c)
			}
		}
	}
	return have, nil
}

// renewed removes the volumes, and makes those with a name anew, with the driver,
// the options and the labels that they had.
func (d *Desk) renewed(ctx context.Context) error {
	for _, v := range d.removes {
		if _, err := d.Docker.Do(ctx, "volume", "rm", v.Name); err != nil {
			return err
		}
		if anonymous(v.Name) {
			continue
		}
		anew := d.Changes(d.args(v)...)
		for _, value := range v.Options {
			if strings.Contains(value, "password=") {
				anew.Secrets = append(anew.Secrets, value)
			}
		}
		if err := d.Door.Run(ctx, anew); err != nil {
			return err
		}
	}
	return nil
}

// args make the volume. A label tells it from the one that was removed.
func (d *Desk) args(v scene.Volume) []string {
	args := []string{"volume", "create", "--driver", v.Driver, "--label", LabelRun + "=" + d.Run}
	for name, value := range v.Labels {
		if name == LabelRun {
			continue
		}
		args = append(args, "--label", name+"="+value)
	}
	for name, value := range v.Options {
		args = append(args, "--opt", name+"="+value)
	}
	return append(args, v.Name)
}

// madeAnew makes the containers: the devcontainer by the CLI where it is, and the
// others, or all, with the settings that they had.
func (d *Desk) madeAnew(ctx context.Context, have []*scene.Container, were []settings) error {
	if byCLI, is := d.maker.(official); is {
		if err := byCLI.make(ctx, d); err != nil {
			return err
		}
	}
	for i, c := range have {
		if _, is := d.maker.(official); is && c == d.Main {
			continue
		}
		if _, err := d.Ask(ctx, "container", "inspect", "--format", "{{.Id}}", c.Name); err == nil {
			continue // the CLI has made it
		} else if !client.Gone(err) {
			return err
		}
		id, err := create(ctx, d.Docker, were[i], c.Name, c.Image, false)
		if err != nil {
			return fmt.Errorf("make %s anew: %w", c.Name, err)
		}
		if !c.State.Running && c != d.Main {
			continue
		}
		if _, err := d.Docker.Do(ctx, "start", id); err != nil {
			return err
		}
	}
	return nil
}

// restoreVolumes brings back what was removed. A volume that was not is left as
// it is: it is there, and not one that the reset has made.
func (k Kept) restoreVolumes(ctx context.Context, w *procedure.Work, docker client.Docker, store Store) error {
	if k.Set == "" {
		return nil // it had not come to that
	}
	var gone []string
	for _, name := range k.Volumes {
		run, err := docker.Ask(ctx, "volume", "inspect", "--format", fmt.Sprintf("{{index .Labels %q}}", LabelRun), name)
		switch {
		case err == nil && run != k.Run:
		case err == nil || client.Gone(err):
			gone = append(gone, name)
		default:
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if store.Restore == nil {
		return fault.New(fault.Missing, "go tool mage backup:restoreVolume -set="+k.Set+" -yes=true -source=NAME, for each", errors.New("bring volumes back: "+strings.Join(gone, ", ")+" stand in set "+k.Set))
	}
	return store.Restore(ctx, w, k.Set, gone)
}
