package state

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
	"iact-infra/internal/procedure"
)

// current holds the container against the configuration that it was made of. Only
// values count: that a file is newer than a container is no difference yet.
func current(ctx context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	if err != nil {
		return doctor.Unseen(err)
	}
	if c == nil || c.Label(scene.LabelFolder) == "" {
		return doctor.Good("no container of the devcontainers tools")
	}
	found := slices.Concat(other(s, c), several(s, c))
	settings, err := s.Settings()
	if err != nil && !scene.NoConfig(err) {
		return append(found, doctor.Unseen(err)...)
	}
	if err == nil && len(found) == 0 {
		differs := newer(ctx, s, c, settings)
		// Only the real tools pass everything on; what a person started by hand and
		// labelled may be as that person liked.
		if c.Label(scene.LabelMetadata) != "" {
			differs = append(differences(c, settings), differs...)
		}
		if len(differs) > 0 {
			found = append(found, doctor.Finding{
				State: doctor.Warn, Title: title("DC-STA-014"), Where: c.Name, Evidence: strings.Join(differs, "; "),
				Cause: doctor.Say("el contenedor se hizo con una configuración anterior, y esto solo cambia al hacerlo de nuevo", "the container was made of an earlier configuration, and this changes only when it is made again"),
				Fix:   up(s),
			})
		}
	}
	if len(found) == 0 {
		return doctor.Good("%s is as configured", c.Name)
	}
	return found
}

// other is a container that another configuration of the workspace has made.
func other(s *scene.Scene, c *scene.Container) []doctor.Finding {
	path, err := s.ConfigPath()
	label := c.Label(scene.LabelConfig)
	if err != nil || path == "" || label == "" || filepath.Clean(label) == filepath.Join(s.Workspace, path) || inWorkspace(s, label) == path {
		return nil
	}
	if at, err := filepath.EvalSymlinks(filepath.Join(s.Workspace, path)); err == nil && at == filepath.Clean(label) {
		return nil
	}
	return []doctor.Finding{{
		State: doctor.Warn, Title: title("DC-STA-014"), Where: c.Name, Evidence: fmt.Sprintf("made of %s, asked for %s", inWorkspace(s, label), path),
		Cause: doctor.Say("el contenedor es de otra configuración del espacio de trabajo", "the container is that of another configuration of the workspace"),
		Fix:   "devcontainer up --workspace-folder " + command.Quote(s.Workspace) + " --config " + command.Quote(filepath.Join(s.Workspace, path)),
	}}
}

// several are containers of one configuration: an editor takes one of them.
func several(s *scene.Scene, c *scene.Container) []doctor.Finding {
	all, _ := s.Containers()
	var names []string
	for _, o := range all {
		if o != c && o.Label(scene.LabelFolder) == c.Label(scene.LabelFolder) && o.Label(scene.LabelConfig) == c.Label(scene.LabelConfig) && project(o) == project(c) {
			names = append(names, o.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []doctor.Finding{{
		State: doctor.Warn, Title: procedure.Text{ES: "Hay varios contenedores para un espacio de trabajo", EN: "There are several containers for one workspace"},
		Where: c.Name, Evidence: "besides " + c.Name + ": " + strings.Join(names, ", "),
		Cause: doctor.Say("tienen las mismas etiquetas, y el editor toma uno de ellos: no siempre el mismo", "they have the same labels, and the editor takes one of them: not always the same"),
		Fix:   "docker rm --force " + strings.Join(names, " "),
	}}
}

// differences are the values that take effect only when a container is made.
func differences(c *scene.Container, want devjson.Settings) []string {
	var all []string
	add := func(key, has, wants string) {
		if has != wants && wants != "" && !strings.Contains(wants, "${") {
			all = append(all, fmt.Sprintf("%s: the container has %s, the configuration %s", key, quoteEmpty(has), wants))
		}
	}
	if plain(c, want) {
		add("image", tagged(c.Config.Image), tagged(want.Image))
	}
	add("containerUser", c.Config.User, want.ContainerUser)
	if has := c.HostConfig.Init != nil && *c.HostConfig.Init; want.Init && !has {
		add("init", "false", "true")
	}
	if want.Privileged && !c.HostConfig.Privileged {
		add("privileged", "false", "true")
	}
	for _, name := range want.CapAdd {
		if !slices.ContainsFunc(c.HostConfig.CapAdd, func(has string) bool { return capability(has) == capability(name) }) {
			add("capAdd", "", name)
		}
	}
	for _, m := range slices.Concat(want.Mounts, want.RunMounts) {
		if !mounted(c, m.Target) {
			add("mounts", "", m.Target)
		}
	}
	return append(all, environment(c, want)...)
}

// newer are instructions of the Dockerfile that the image of the container was
// not made of: a file that was touched since then, and says something else.
func newer(ctx context.Context, s *scene.Scene, c *scene.Container, want devjson.Settings) []string {
	config, err := s.ConfigPath()
	stages := dockerfiles(s, "FROM")
	if err != nil || want.Dockerfile == "" || want.Target != "" || len(stages) == 0 {
		return nil
	}
	info, err := os.Stat(filepath.Join(s.Workspace, filepath.Dir(config), want.Dockerfile))
	if err != nil || !info.ModTime().After(c.Created) {
		return nil
	}
	history, err := s.Text(ctx, "history", "--no-trunc", "--format", "{{.CreatedBy}}", c.Image)
	if err != nil {
		return nil
	}
	done := words(history)
	var all []string
	for _, name := range []string{"ENV", "RUN"} {
		for _, i := range dockerfiles(s, name) {
			if i.line < stages[len(stages)-1].line || name == "ENV" && !strings.Contains(strings.Fields(i.run)[0], "=") {
				continue // of another stage, or in the old spelling
			}
			// Of what BuildKit and the classic builder write in their own way nothing is said.
			if !strings.ContainsAny(i.run, "$\"'<\\") && !strings.HasPrefix(i.run, "--") && !strings.Contains(done, i.run) {
				all = append(all, fmt.Sprintf("%s: %s %s is not in the image", i.where, name, clip(i.run)))
			}
		}
	}
	return all
}

// plain says whether the container's image is the configuration's own, and not
// one that the tools have made of it.
func plain(c *scene.Container, want devjson.Settings) bool {
	made := strings.HasPrefix(c.Config.Image, "vsc-") || strings.HasPrefix(c.Config.Image, "sha256:")
	return want.Image != "" && want.Dockerfile == "" && len(want.ComposeFiles) == 0 && len(want.Features) == 0 && !made
}

// environment names the variables that differ; their values may be secrets.
func environment(c *scene.Container, want devjson.Settings) []string {
	env := map[string]string{}
	for _, line := range c.Config.Env {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(want.ContainerEnv)) {
		if env[name] != want.ContainerEnv[name] && !strings.Contains(want.ContainerEnv[name], "${") {
			all = append(all, "containerEnv."+name+" is another one")
		}
	}
	return all
}

func mounted(c *scene.Container, target string) bool {
	target = filepath.Clean(target)
	if _, is := c.HostConfig.Tmpfs[target]; is {
		return true
	}
	return slices.ContainsFunc(c.Mounts, func(m scene.Mount) bool { return filepath.Clean(m.Destination) == target })
}

// tagged is the name of an image with the tag that it has when it names none.
func tagged(name string) string {
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	if strings.Contains(name, "@") || strings.LastIndexByte(name, ':') > strings.LastIndexByte(name, '/') {
		return name
	}
	return name + ":latest"
}

func capability(name string) string { return strings.TrimPrefix(strings.ToUpper(name), "CAP_") }

func quoteEmpty(value string) string {
	if value == "" {
		return "none"
	}
	return value
}
