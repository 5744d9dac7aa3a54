package backup

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"sync"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/backup/store"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
)

// labelBackup is the label of a volume that decides whether and how it is
// backed up: true, false, live, pause or stop.
const labelBackup = "iact.backup"

// volumes is what the room knows of Docker in this process.
type volumes struct {
	mu      sync.Mutex
	clients map[[2]string]*source.Docker // by place and user
	absent  error                        // why the volumes of this machine could not be listed
}

// client is the docker client of a place, for a user there.
func (r *Room) client(via, as string) *source.Docker {
	r.volumes.mu.Lock()
	defer r.volumes.mu.Unlock()
	at := [2]string{far(via), as}
	if known := r.volumes.clients[at]; known != nil {
		return known
	}
	if r.volumes.clients == nil {
		r.volumes.clients = map[[2]string]*source.Docker{}
	}
	r.volumes.clients[at] = &source.Docker{Place: far(via), As: as}
	return r.volumes.clients[at]
}

// volumesAbsent is why the volumes of this machine could not be listed, nil when
// they could, or were not looked for.
func (r *Room) volumesAbsent() error {
	r.volumes.mu.Lock()
	defer r.volumes.mu.Unlock()
	return r.volumes.absent
}

// volume is a source of the configuration.
func (r *Room) volume(one config.Source, c *config.Config, s *store.Store) *source.Volume {
	return &source.Volume{
		Label: one.Name, Volume: one.Volume, Mode: one.Mode, Image: one.Image, Timeout: one.Timeout, FreeIn: s.Free,
		Docker: r.client(one.Via, one.As), Dumped: dumped(c, far(one.Via)),
	}
}

// dumped says of the containers of a place whether the configuration dumps the
// database in them.
func dumped(c *config.Config, place string) func(string) bool {
	return func(container string) bool {
		return place == "" && slices.ContainsFunc(c.Backup.Sources, func(s config.Source) bool { return s.Via == "docker:"+container })
	}
}

// foundVolumes are the volumes of this machine that the configuration does not
// list but backup.volumes takes. A machine without Docker has none; whether that
// is a failure is for those to say who look for volumes of earlier sets.
func (r *Room) foundVolumes(ctx context.Context, door *command.Door, c *config.Config, s *store.Store, say *report.Line) []*planned {
	if !c.FindsVolumes() || len(c.Backup.Volumes.Match) == 0 {
		return nil
	}
	client := r.client("local", "")
	found, err := client.Volumes(ctx, door)
	if err != nil {
		r.volumes.mu.Lock()
		r.volumes.absent = err
		r.volumes.mu.Unlock()
		return nil
	}
	var all []*planned
	for _, v := range found {
		mode, why := chosen(c.Backup.Volumes, v)
		switch {
		case listed(c, v.Name):
			continue
		case kept(v.Name):
			why = "was kept by a restore"
		}
		if why == notAsked {
			continue
		}
		if why != "" {
			say.Info("volume %s %s: it is left out", v.Name, why)
			continue
		}
		if mode == "" {
			say.Warn("volume %s has the label %s=%s, which is none of true, false, live, pause, stop: it is backed up with mode: %s",
				v.Name, labelBackup, v.Labels[labelBackup], c.Backup.Volumes.Mode)
			mode = c.Backup.Volumes.Mode
		}
		all = append(all, &planned{Source: &source.Volume{
			Label: label(v.Name), Volume: v.Name, Mode: mode, Docker: client, FreeIn: s.Free, Dumped: dumped(c, ""),
		}})
	}
	return all
}

// listed says whether a source of the configuration is that volume of this
// machine.
func listed(c *config.Config, volume string) bool {
	return slices.ContainsFunc(c.Backup.Sources, func(s config.Source) bool {
		return s.Kind == source.KindVolume && s.Volume == volume && far(s.Via) == ""
	})
}

// notAsked is why most volumes are left out, which is not said of each.
const notAsked = "is not among backup.volumes.match"

// chosen is the mode in which a volume is backed up, or why it is left out. No
// mode stands for a label that says nothing.
func chosen(rules config.Volumes, v source.DockerVolume) (mode, why string) {
	label, is := v.Labels[labelBackup]
	matches := func(globs []string) bool {
		return slices.ContainsFunc(globs, func(glob string) bool {
			hit, err := path.Match(glob, v.Name)
			return err == nil && hit
		})
	}
	switch {
	case label == "false":
		return "", "has the label " + labelBackup + "=false"
	case label == "true":
		return rules.Mode, ""
	case label == "live" || label == "pause" || label == "stop":
		return label, ""
	case !matches(rules.Match):
		return "", notAsked
	case matches(rules.Except):
		return "", "is among backup.volumes.except"
	case is:
		return "", ""
	}
	return rules.Mode, ""
}

// captureVolumes is step 4.
func (r *Room) captureVolumes(ctx context.Context, w *procedure.Work) error {
	s, err := r.current()
	if err != nil {
		return err
	}
	kinds := []string{source.KindVolume}
	if len(s.of(kinds)) == 0 && len(s.missing(kinds)) == 0 {
		absent := r.volumesAbsent()
		if !r.sealsLater() {
			return noVolumes(absent)
		}
		if absent != nil {
			w.Say.Info("volumes are left out: %v", absent)
			return nil
		}
	}
	stays := r.consistent(s, w)
	defer stays.end(ctx)
	return r.capture(kinds...)(ctx, w)
}

// noVolumes is the failure of a step that was asked for volumes alone.
func noVolumes(absent error) error {
	if absent != nil {
		return fault.New(max(fault.Code(absent), fault.Missing), fault.Hint(absent), fmt.Errorf("list Docker volumes: %w", absent))
	}
	return fault.New(fault.Missing, "docker volume ls shows them; backup.volumes and sources of kind volume choose them (config:show)",
		errors.New("back up volumes: there is none to back up"))
}
