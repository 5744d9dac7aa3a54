package state

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// named is the image that the configuration names, "" when it builds one or
// leaves that to Compose.
func named(s *scene.Scene) string {
	settings, err := s.Settings()
	if err != nil || settings.Dockerfile != "" || len(settings.ComposeFiles) > 0 || strings.Contains(settings.Image, "${") {
		return ""
	}
	return settings.Image
}

// image looks for the one that a container would be made of. Nothing is pulled.
func image(ctx context.Context, s *scene.Scene) []doctor.Finding {
	c, err := s.Main()
	if err != nil {
		return doctor.Unseen(err)
	}
	if c != nil {
		return doctor.Good("nothing to look for")
	}
	names := bases(s)
	if name := named(s); name != "" {
		path, _ := s.ConfigPath()
		settings, _ := s.Settings()
		names = []instruction{{where: path + ":" + settings.Where("image").String(), run: name}}
	}
	names = append(names, ready(s)...)
	for _, n := range names {
		found, err := s.Image(ctx, n.run)
		switch {
		case err != nil:
			return doctor.Unseen(err)
		case found == nil:
			return []doctor.Finding{absent(ctx, s, n.run, n.where)}
		}
	}
	return doctor.Good("%d images", len(names))
}

// ready are the images that Compose only takes, and does not build.
func ready(s *scene.Scene) []instruction {
	c, err := s.Compose()
	if err != nil || c == nil {
		return nil
	}
	var all []instruction
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		if one := c.Services[name]; one.Image != "" && len(one.Build) == 0 {
			all = append(all, instruction{where: "service " + name, run: one.Image})
		}
	}
	return all
}

// absent is an image that the engine does not have.
func absent(ctx context.Context, s *scene.Scene, name, where string) doctor.Finding {
	f := doctor.Finding{State: doctor.Warn, Title: title("DC-STA-012"), Evidence: "no image " + name + " in the engine", Where: where, Fix: "docker pull " + command.Quote(name)}
	registry, repository, local := source(name)
	f.Cause = doctor.Say("aún no se ha descargado de %s, o allí no existe con ese nombre", "it was not pulled from %s yet, or does not exist there by that name", registry)
	if local {
		f.State = doctor.Fail
		f.Cause = doctor.Say("es una imagen que se hace en esta máquina y no está: ningún registro la tiene", "it is an image that is made on this machine and is not there: no registry has it")
		f.Fix = up(s)
	}
	if others, err := s.Text(ctx, "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", repository); err == nil && strings.TrimSpace(others) != "" {
		f.Evidence += "; there are " + strings.Join(strings.Fields(others), ", ")
	}
	return f
}

// source is where an image would come from, its name without the tag, and whether
// it is one that only this machine can have.
func source(name string) (registry, repository string, local bool) {
	repository, _, _ = strings.Cut(name, "@")
	if at := strings.LastIndexByte(repository, ':'); at > strings.LastIndexByte(repository, '/') {
		repository = repository[:at]
	}
	first, _, has := strings.Cut(repository, "/")
	switch {
	case has && first == "localhost":
		return "this machine", repository, true
	case has && strings.ContainsAny(first, ".:"):
		return first, repository, false
	}
	return "docker.io", repository, strings.HasPrefix(repository, "vsc-")
}

// platform holds the image against the engine. An image of another platform may
// run all the same, emulated: that is slow. It is a failure when it does not run.
func platform(ctx context.Context, s *scene.Scene) []doctor.Finding {
	e, err := s.Engine()
	if err != nil {
		return doctor.Unseen(err)
	}
	c, err := s.Main()
	if err != nil {
		return doctor.Unseen(err)
	}
	name := named(s)
	if c != nil {
		name = c.Image
	}
	if name == "" {
		return doctor.Good("no image to look at")
	}
	i, err := s.Image(ctx, name)
	switch {
	case err != nil:
		return doctor.Unseen(err)
	case i == nil:
		return doctor.Good("no image to look at")
	}
	if i.Architecture == "" || goArch(e.Arch) == "" || i.Architecture == goArch(e.Arch) || asked(s, i) {
		return doctor.Good("%s/%s", i.Os, i.Architecture)
	}
	if c != nil {
		name = c.Config.Image
	}
	f := doctor.Finding{
		State: doctor.Warn, Title: title("DC-STA-013"), Where: name, Evidence: fmt.Sprintf("image %s/%s, engine %s", i.Os, i.Architecture, goArch(e.Arch)),
		Cause: doctor.Say("la imagen es para %s y el motor es %s: donde hay emulación va muy lenta, y si no, no corre", "the image is for %s and the engine is %s: where there is emulation it is very slow, and else it does not run", i.Architecture, goArch(e.Arch)),
		Fix:   "docker pull --platform linux/" + goArch(e.Arch) + " " + command.Quote(name) + "\n" + up(s),
	}
	if c != nil && !c.State.Running {
		if e := condition(ctx, s, c); e != nil && e.Code == "DC-STA-007" {
			f.State = doctor.Fail
			f.Evidence += "; " + e.Evidence
		}
	}
	return []doctor.Finding{f}
}

// asked says whether the configuration wants this platform.
func asked(s *scene.Scene, i *scene.Image) bool {
	settings, _ := s.Settings()
	args := strings.Join(slices.Concat(settings.RunArgs, settings.BuildOptions), " ")
	return strings.Contains(strings.ReplaceAll(args, "--platform=", "--platform "), "--platform "+i.Os+"/"+i.Architecture)
}
