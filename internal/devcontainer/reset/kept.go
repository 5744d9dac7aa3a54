package reset

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
)

// Kept is what the journal holds of a reset: enough to go back from a fresh
// process.
type Kept struct {
	Run     string   `json:"run"`
	Level   string   `json:"level"`
	Env     []string `json:"env,omitempty"` // which engine it was
	Folder  string   `json:"folder"`
	Project string   `json:"project,omitempty"`
	Main    string   `json:"main"`
	Running bool     `json:"running"`
	Before  []string `json:"before"`          // all containers that there were
	After   []string `json:"after,omitempty"` // that came to them, once all was well
	Old     []Old    `json:"old,omitempty"`
	Tag     string   `json:"tag,omitempty"` // of the image that is built anew
	TagOf   string   `json:"tag_of,omitempty"`
	Set     string   `json:"set,omitempty"`     // in which the volumes stand
	Volumes []string `json:"volumes,omitempty"` // that are removed
}

// Old is a container that is replaced.
type Old struct {
	ID      string          `json:"id"`
	Name    string          `json:"name"`
	Aside   string          `json:"aside,omitempty"` // its name meanwhile
	Image   string          `json:"image"`           // of its file system
	Running bool            `json:"running"`
	Inspect json.RawMessage `json:"inspect"` // without its environment and labels, which are in the image
}

// keep copies the file system of a container into an image, and notes its
// settings.
func (d *Desk) keep(ctx context.Context, c *scene.Container) error {
	old := Old{ID: c.ID, Name: c.Name, Image: fmt.Sprintf("iact-recover:%s-%d", strings.ToLower(d.Run), len(d.kept.Old)+1), Running: c.State.Running}
	seen, err := d.inspect(ctx, c.ID)
	if err != nil {
		return err
	}
	delete(seen.Config, "Env")    // which may hold secrets
	delete(seen.Config, "Labels") // likewise
	if old.Inspect, err = json.Marshal(seen); err != nil {
		return err
	}
	d.kept.Old = append(d.kept.Old, old)
	if err := d.Record(d.kept); err != nil {
		return err
	}
	d.Say.Info("what %s has written is kept in the image %s", c.Name, old.Image)
	if _, err := d.Docker.Do(ctx, commitArgs(old, d.Run, d.Scene.Workspace)...); err != nil {
		return fmt.Errorf("keep what %s has written: %w", c.Name, err)
	}
	return nil
}

func commitArgs(old Old, run, folder string) []string {
	return []string{"commit", "--change", fmt.Sprintf("LABEL %s=%q", LabelRun, run), "--change", fmt.Sprintf("LABEL %s.folder=%q", LabelRun, folder), old.ID, old.Image}
}

// aside stops the container and lets another have its name.
func (d *Desk) aside(ctx context.Context, c *scene.Container) error {
	at := slices.IndexFunc(d.kept.Old, func(o Old) bool { return o.ID == c.ID })
	d.kept.Old[at].Aside = c.Name + ".iact-" + d.Run
	if err := d.Record(d.kept); err != nil {
		return err
	}
	if _, err := d.Docker.Do(ctx, "stop", c.ID); err != nil {
		return err
	}
	_, err := d.Docker.Do(ctx, "rename", c.ID, d.kept.Old[at].Aside)
	return err
}

// came notes the containers that came to those of before.
func (d *Desk) came(ctx context.Context) error {
	out, err := d.Ask(ctx, "ps", "--all", "--quiet", "--no-trunc")
	if err != nil || len(d.kept.Old) == 0 {
		return err
	}
	for _, id := range strings.Fields(out) {
		if !slices.Contains(d.kept.Before, id) {
			d.kept.After = append(d.kept.After, id)
		}
	}
	return d.Record(d.kept)
}

// Back goes back to what was before, however far a reset came. Twice is the same
// as once.
func (k Kept) Back(ctx context.Context, w *procedure.Work, store Store) error {
	docker := client.Docker{Door: w.Door, Env: k.Env}
	if k.Level == Restart {
		return k.still(ctx, docker)
	}
	if len(k.Old) == 0 {
		return procedure.ErrNothingToUndo
	}
	if err := k.removeNew(ctx, docker); err != nil {
		return err
	}
	if k.Tag != "" && k.TagOf != "" && !strings.HasPrefix(k.Tag, "sha256:") {
		if _, err := docker.Do(ctx, "tag", k.TagOf, k.Tag); err != nil {
			w.Say.Warn("the image %s keeps its new content: %v", k.Tag, err)
		}
	}
	if err := k.restoreVolumes(ctx, w, docker, store); err != nil {
		return err
	}
	var all []error
	for _, old := range k.Old {
		if err := old.back(ctx, docker); err != nil {
			all = append(all, fmt.Errorf("bring %s back: %w", old.Name, err))
		}
	}
	return errors.Join(all...)
}

// still stops a container that a restart has started.
func (k Kept) still(ctx context.Context, docker client.Docker) error {
	if k.Running {
		return procedure.ErrNothingToUndo
	}
	_, err := docker.Do(ctx, "stop", k.Main)
	if client.Gone(err) {
		return nil
	}
	return err
}

// removeNew removes the containers that the reset has made. Where it came to its
// end they are known; else they are those of the workspace by label, or with the
// name of an old one, that were not there before.
func (k Kept) removeNew(ctx context.Context, docker client.Docker) error {
	filters := []string{"label=" + scene.LabelFolder + "=" + k.Folder}
	if k.Project != "" {
		filters = append(filters, "label="+scene.LabelProject+"="+k.Project)
	}
	for _, old := range k.Old {
		filters = append(filters, "name=^/?"+strings.ReplaceAll(old.Name, ".", `\.`)+"$")
	}
	for _, filter := range filters {
		ids, err := docker.Ask(ctx, "ps", "--all", "--quiet", "--no-trunc", "--filter", filter)
		if err != nil {
			return err
		}
		for _, id := range strings.Fields(ids) {
			if slices.Contains(k.Before, id) || len(k.After) > 0 && !slices.Contains(k.After, id) {
				continue
			}
			if brought, err := docker.Ask(ctx, "container", "inspect", "--format", `{{.Config.Image}}`, id); err == nil && k.keeps(brought) {
				continue // an undo before this one has brought it back
			}
			if _, err := docker.Do(ctx, "rm", "--force", "--volumes", id); err != nil && !client.Gone(err) {
				return err
			}
		}
	}
	return nil
}

// keeps says whether an image is that of an old container.
func (k Kept) keeps(image string) bool {
	return slices.ContainsFunc(k.Old, func(o Old) bool { return o.Image == image })
}

// back brings an old container back: the very one, or one of its image with its
// settings.
func (o Old) back(ctx context.Context, docker client.Docker) error {
	name, err := docker.Ask(ctx, "container", "inspect", "--format", "{{.Name}}", o.ID)
	id := o.ID
	switch {
	case err == nil && o.Aside != "" && strings.TrimPrefix(name, "/") == o.Aside:
		_, err = docker.Do(ctx, "rename", o.ID, o.Name)
	case client.Gone(err):
		id, err = o.again(ctx, docker)
	}
	if err != nil || !o.Running {
		return err
	}
	_, err = docker.Do(ctx, "start", id)
	return err
}

// again makes an old container from its image, unless that was done before.
func (o Old) again(ctx context.Context, docker client.Docker) (id string, err error) {
	said, err := docker.Ask(ctx, "container", "inspect", "--format", "{{.Id}} {{.Config.Image}}", o.Name)
	id, image, _ := strings.Cut(said, " ")
	switch {
	case err == nil && image == o.Image:
		return id, nil
	case err == nil:
		return "", fault.New(fault.Usage, "docker rm --force "+o.Name+", if it is not needed, and roll back once more", errors.New("another container has its name by now"))
	case !client.Gone(err):
		return "", err
	}
	var seen settings
	if err := json.Unmarshal(o.Inspect, &seen); err != nil {
		return "", err
	}
	return create(ctx, docker, seen, o.Name, o.Image, true)
}

// IsBack proves it: the old containers run that had run.
func (k Kept) IsBack(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	docker := client.Docker{Door: w.Door, Env: k.Env}
	if k.Level == Restart {
		return "a restart takes nothing away", nil
	}
	var names []string
	for _, old := range k.Old {
		said, err := docker.Ask(ctx, "container", "inspect", "--format", "{{.State.Running}}", old.Name)
		if err != nil {
			return "", err
		}
		if old.Running && said != "true" {
			return "", fmt.Errorf("%s is back, and does not run", old.Name)
		}
		names = append(names, old.Name)
	}
	return procedure.Evidence(strings.Join(names, ", ") + " as before"), nil
}

// Settle removes what was kept by renaming, now that the new container works, and
// the images of earlier resets of the workspace: the newest way back is enough.
func (d *Desk) Settle(ctx context.Context) error {
	if err := d.came(ctx); err != nil {
		return err
	}
	for _, old := range d.kept.Old {
		if old.Aside == "" {
			continue
		}
		if _, err := d.Docker.Do(ctx, "rm", "--force", old.ID); err != nil && !client.Gone(err) {
			return err
		}
	}
	if len(d.kept.Old) == 0 {
		return nil
	}
	images, err := d.Ask(ctx, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=iact-recover", "--filter", fmt.Sprintf("label=%s.folder=%s", LabelRun, d.Scene.Workspace))
	if err != nil {
		return err
	}
	for _, image := range strings.Fields(images) {
		if d.kept.keeps(image) {
			continue
		}
		// One that a container was brought back from is in use, and stays.
		if _, err := d.Docker.Do(ctx, "image", "rm", image); err != nil {
			d.Say.Info("%s stays: %v", image, err)
		}
	}
	return nil
}
