package state

import (
	"context"
	"maps"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// services looks at the other containers of the Compose project. A service that
// has ended well is down only if somebody needs it to run.
func services(ctx context.Context, s *scene.Scene) []doctor.Finding {
	main, err := s.Main()
	if err != nil {
		return doctor.Unseen(err)
	}
	if main == nil || project(main) == "" {
		return doctor.Good("no Compose project")
	}
	all, err := s.Containers()
	if err != nil {
		return doctor.Unseen(err)
	}
	var found []doctor.Finding
	count := 0
	for _, c := range all {
		if c == main || project(c) != project(main) || c.Label("com.docker.compose.oneoff") == "True" {
			continue
		}
		count++
		f := down(ctx, s, c, needs(all, c.Label(scene.LabelService)))
		if f == nil {
			continue
		}
		f.Code, f.Title = "DC-STA-015", title("DC-STA-015")
		f.Cause.ES = "servicio " + c.Label(scene.LabelService) + ": " + f.Cause.ES
		f.Cause.EN = "service " + c.Label(scene.LabelService) + ": " + f.Cause.EN
		if main.State.Status == "created" && main.State.Error == "" {
			f.Explains = append(f.Explains, "DC-STA-006") // Compose waits for it
		}
		found = append(found, *f)
	}
	found = append(found, gone(s, main, all)...)
	if len(found) == 0 {
		return doctor.Good("%d other services", count)
	}
	return found
}

// gone are services that the tools start with the devcontainer, and that have no
// container.
func gone(s *scene.Scene, main *scene.Container, all []*scene.Container) []doctor.Finding {
	settings, err := s.Settings()
	composed, wrong := s.Compose()
	if err != nil || wrong != nil || composed == nil {
		return nil // without the files nobody knows; the checks of the files say what is wrong with them
	}
	var found []doctor.Finding
	for _, name := range slices.Sorted(maps.Keys(composed.Services)) {
		one := composed.Services[name]
		there := slices.ContainsFunc(all, func(c *scene.Container) bool {
			return project(c) == project(main) && c.Label(scene.LabelService) == name
		})
		none := one.Scale != nil && *one.Scale == 0 || one.Deploy.Replicas != nil && *one.Deploy.Replicas == 0
		need := needs(all, name)
		started := len(one.Profiles) == 0 && (len(settings.RunServices) == 0 || slices.Contains(settings.RunServices, name))
		if there || none || need == "" && !started || name == settings.Service {
			continue
		}
		f := doctor.Finding{
			State: doctor.Warn, Code: "DC-STA-015", Title: title("DC-STA-015"), Where: name, Evidence: "project " + project(main) + " has no container of service " + name,
			Cause: doctor.Say("servicio %s: su contenedor se quitó, o nunca se creó", "service %s: its container was removed, or never made", name),
			Fix:   "docker compose -p " + command.Quote(project(main)),
		}
		for _, file := range composed.Files {
			f.Fix += " -f " + command.Quote(file)
		}
		f.Fix += " up --detach " + command.Quote(name)
		if need != "" {
			f.State = doctor.Fail
		}
		found = append(found, f)
	}
	return found
}

// down is what is wrong with a service, nil when nothing is.
func down(ctx context.Context, s *scene.Scene, c *scene.Container, need string) *doctor.Finding {
	if c.State.Running && !c.State.Restarting && !c.State.Paused {
		if c.State.Health == nil || c.State.Health.Status != "unhealthy" {
			return nil
		}
		f := unhealthy(c)
		return &f
	}
	if c.State.Restarting {
		return nil // the check of restart loops looks at every container
	}
	f := condition(ctx, s, c)
	if f == nil {
		return nil
	}
	kept := c.HostConfig.RestartPolicy.Name == "always" || c.HostConfig.RestartPolicy.Name == "unless-stopped"
	if c.State.Status == "exited" && c.State.ExitCode == 0 && (need == "" || need == "service_completed_successfully") && !kept {
		return nil // it did its work
	}
	if need != "" && need != "service_completed_successfully" {
		f.State = doctor.Fail
	}
	return f
}

// needs is the strongest condition under which others depend on a service, of
// the label that Compose leaves: db:service_healthy:false,cache:service_started:false.
func needs(all []*scene.Container, service string) string {
	strongest := ""
	for _, c := range all {
		for one := range strings.SplitSeq(c.Label("com.docker.compose.depends_on"), ",") {
			words := strings.Split(one, ":")
			if len(words) >= 2 && words[0] == service && (strongest == "" || strongest == "service_completed_successfully") {
				strongest = words[1]
			}
		}
	}
	return strongest
}
