package reset

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/client"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/fault"
)

// maker makes the container anew: the devcontainers CLI where it is, which also
// runs the lifecycle commands; else Compose for what it has made; else Docker, by
// the settings of the old one.
type maker interface {
	// make makes it. The old container is kept by then.
	make(ctx context.Context, d *Desk) error
	// lines are the same as shell lines.
	lines(d *Desk) []string
	name() string
}

// choose finds who makes the container here.
func (d *Desk) choose(ctx context.Context) (maker, error) {
	config, _ := d.Scene.ConfigPath()
	if config != "" && d.Main.Label(scene.LabelFolder) != "" {
		if program := d.cli(ctx); program != "" {
			return official{program: program, config: config}, nil
		}
	}
	if service := d.Main.Label(scene.LabelService); service != "" && d.Level != Volumes {
		if _, err := d.Ask(ctx, "compose", "version", "--short"); err == nil {
			return composed{service: service, options: projectOptions(d.Main)}, nil
		}
	}
	if d.Level != Rebuild {
		return plain{}, nil
	}
	return d.builder()
}

// cli is the devcontainers CLI, "" where it is not installed.
func (d *Desk) cli(ctx context.Context) string {
	if program, err := d.Door.Look(ctx, "devcontainer"); err == nil {
		return program
	}
	for _, line := range d.Scene.Environ {
		if home, is := strings.CutPrefix(line, "HOME="); is {
			found, _ := filepath.Glob(filepath.Join(home, ".iact-infra/devcontainers-cli/*/node_modules/.bin/devcontainer")) // where host:devcontainer installs it
			if len(found) > 0 {
				return found[len(found)-1]
			}
		}
	}
	return ""
}

// official is the devcontainers CLI.
type official struct{ program, config string }

func (o official) name() string { return "devcontainers CLI" }

func (o official) command(d *Desk) command.Command {
	args := []string{"up", "--workspace-folder", d.Scene.Workspace, "--config", filepath.Join(d.Scene.Workspace, o.config), "--remove-existing-container"}
	if d.Level == Rebuild {
		args = append(args, "--build-no-cache")
	}
	up := command.Change(o.program, args...)
	up.Env, up.Timeout = d.Env, client.Build
	return up
}

func (o official) make(ctx context.Context, d *Desk) error {
	d.Say.Info("the devcontainers CLI makes the container; its lifecycle commands run again")
	out, err := d.Door.Text(ctx, o.command(d)).String()
	if err != nil {
		return fmt.Errorf("make the devcontainer: %w", err)
	}
	var said struct{ Outcome, Message string }
	out = strings.TrimSpace(out)
	if err := json.Unmarshal([]byte(out[strings.LastIndexByte(out, '\n')+1:]), &said); err != nil || said.Outcome != "success" {
		return fmt.Errorf("make the devcontainer: its CLI says %.200q", cmp.Or(said.Message, out))
	}
	return nil
}

func (o official) lines(d *Desk) []string { return []string{o.command(d).String()} }

// composed is Docker Compose, for one service: the others go on.
type composed struct {
	service string
	options []string
}

// projectOptions lead Compose to the project that a container is of.
func projectOptions(c *scene.Container) []string {
	options := []string{"compose", "--project-name", c.Label(scene.LabelProject)}
	for _, file := range strings.Split(c.Label(scene.LabelFiles), ",") {
		if file != "" {
			options = append(options, "--file", file)
		}
	}
	if dir := c.Label(scene.LabelDir); dir != "" {
		options = append(options, "--project-directory", dir)
	}
	return options
}

func (c composed) name() string { return "Compose" }

func (c composed) commands(d *Desk) [][]string {
	with := func(args ...string) []string { return append(append([]string{}, c.options...), args...) }
	up := with("up", "--detach", "--force-recreate", "--no-deps", c.service)
	if d.Level == Rebuild {
		return [][]string{with("build", "--no-cache", c.service), up}
	}
	return [][]string{up}
}

func (c composed) make(ctx context.Context, d *Desk) error {
	for _, args := range c.commands(d) {
		run := d.Changes(args...)
		run.Timeout = client.Build
		if err := d.Door.Run(ctx, run); err != nil {
			return fmt.Errorf("make service %s: %w", c.service, err)
		}
	}
	return nil
}

func (c composed) lines(d *Desk) []string {
	var all []string
	for _, args := range c.commands(d) {
		all = append(all, d.Show(args...))
	}
	return all
}

// plain is Docker alone: the same settings, of the same image or of one that is
// built anew. Lifecycle commands do not run: nobody is there to run them.
type plain struct {
	build   []string
	secrets []string // in it
}

func (p plain) name() string { return "docker" }

// builder builds the image of the devcontainer.json under the name that the
// container's image has.
func (d *Desk) builder() (maker, error) {
	s, err := d.Scene.Settings()
	config, _ := d.Scene.ConfigPath()
	if err != nil || s.Dockerfile == "" || len(s.Features) > 0 {
		why, hint := "its devcontainer.json names no Dockerfile", "docker pull "+d.Main.Config.Image+" gets a newer image; then devcontainer:recover -level=recreate"
		if len(s.Features) > 0 || d.Main.Label(scene.LabelService) != "" {
			why, hint = "only the devcontainers CLI or Compose can build it", "npm install --global @devcontainers/cli; or Docker's Compose plugin"
		}
		return nil, fault.New(fault.Missing, hint, fmt.Errorf("build the image of %s anew: %s", d.Main.Name, why))
	}
	if strings.HasPrefix(d.Main.Config.Image, "sha256:") {
		return nil, fault.New(fault.Missing, "npm install --global @devcontainers/cli", fmt.Errorf("build the image of %s anew: its image has no name", d.Main.Name))
	}
	dir := path.Dir(path.Join(d.Scene.Workspace, config))
	args := []string{"build", "--no-cache", "--tag", d.Main.Config.Image, "--file", path.Join(dir, s.Dockerfile)}
	if s.Target != "" {
		args = append(args, "--target", s.Target)
	}
	var secrets []string
	for name, value := range s.BuildArgs {
		args = append(args, "--build-arg", name+"="+value)
		if len(value) >= 8 { // it may come from the environment
			secrets = append(secrets, value)
		}
	}
	args = append(append(args, s.BuildOptions...), path.Join(dir, cmp.Or(s.Context, ".")))
	return plain{build: args, secrets: secrets}, nil
}

func (p plain) command(d *Desk) command.Command {
	build := d.Changes(p.build...)
	build.Timeout, build.Secrets = client.Build, p.secrets
	return build
}

func (p plain) make(ctx context.Context, d *Desk) error {
	was, err := d.inspect(ctx, d.Main.ID)
	if err != nil {
		return err
	}
	image := d.Main.Image
	if name := d.Main.Config.Image; d.sameImage(ctx, name, image) {
		image = name
	}
	if p.build != nil {
		base, err := d.imageConfig(ctx, d.Main.Image)
		if err != nil {
			return err
		}
		was = was.without(base)
		if err := d.Door.Run(ctx, p.command(d)); err != nil {
			return fmt.Errorf("build the image: %w", err)
		}
		image = d.Main.Config.Image
	}
	if err := d.aside(ctx, d.Main); err != nil {
		return err
	}
	id, err := create(ctx, d.Docker, was, d.Main.Name, image, true)
	if err != nil {
		return err
	}
	_, err = d.Docker.Do(ctx, "start", id)
	return err
}

// sameImage says whether a name still leads to an image.
func (d *Desk) sameImage(ctx context.Context, name, id string) bool {
	said, err := d.Ask(ctx, "image", "inspect", "--format", "{{.Id}}", name)
	return err == nil && said == id
}

func (d *Desk) imageConfig(ctx context.Context, id string) (map[string]any, error) {
	out, err := d.Ask(ctx, "image", "inspect", "--format", "{{json .Config}}", id)
	if err != nil {
		return nil, err
	}
	var config map[string]any
	return config, json.Unmarshal([]byte(out), &config)
}

func (p plain) lines(d *Desk) []string {
	var all []string
	if p.build != nil {
		all = append(all, p.command(d).String())
	}
	aside := d.Main.Name + ".iact-" + d.Run
	return append(all, d.Show("stop", d.Main.Name), d.Show("rename", d.Main.Name, aside),
		"# docker create with the settings that docker inspect "+aside+" shows", d.Show("start", d.Main.Name), d.Show("rm", aside))
}
