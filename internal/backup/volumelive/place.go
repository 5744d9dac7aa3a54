package volumelive

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/backup/source"
	"iact-infra/internal/fault"
)

// Place is all that one restore makes and changes, as a journal keeps it.
type Place struct {
	Volume string `json:"volume"` // the name that the restored data gets
	New    string `json:"new"`    // the volume that it is laid down in
	Before string `json:"before,omitempty"`
	Undone string `json:"undone"` // where the data goes that a rollback takes the name from
	Set    string `json:"set"`
	Made   bool   `json:"made"`  // nothing had the name
	Fresh  string `json:"fresh"` // the number of the restored data, once there is some
	Old    string `json:"old"`   // and that of the data that had the name
}

// Direct says that the data is laid down under its name at once, since nothing
// can change places.
func (p *Place) Direct() bool { return p.New == p.Volume }

// NewPlace names all that a restore makes from a moment on.
func (s *Server) NewPlace(volume, set string, f *Facts, at time.Time) *Place {
	stamp := at.UTC().Format("20060102150405")
	p := &Place{Volume: volume, Set: set, New: volume + "_restoring_" + stamp, Undone: volume + "_undone_" + stamp, Made: !f.Exists}
	if f.Exists {
		p.Before = volume + "_before_" + stamp
	}
	if s.shelf == nil {
		p.New = volume
	}
	return p
}

// Unused is a moment from which on no name is taken.
func (s *Server) Unused(ctx context.Context, at time.Time, name func(time.Time) *Place) (*Place, error) {
	for ; ; at = at.Add(time.Second) {
		p := name(at)
		taken := false
		for _, one := range []string{p.New, p.Before, p.Undone} {
			if one == "" || one == p.Volume {
				continue
			}
			_, err := s.Docker.Volume(ctx, s.Door, one)
			if err != nil && !gone(err) {
				return nil, err
			}
			taken = taken || err == nil
		}
		if !taken {
			return p, nil
		}
	}
}

// make makes a volume for a restore.
func (s *Server) make(ctx context.Context, p *Place, name string, more ...string) error {
	args := []string{"volume", "create", "--label", labelOf + "=" + p.Volume, "--label", labelStore + "=" + s.Store, "--label", labelSet + "=" + p.Set}
	if err := s.Docker.Run(ctx, s.Door, append(append(args, more...), name)...); err != nil {
		return s.failed(ctx, fmt.Errorf("make volume %s: %w", name, err))
	}
	return nil
}

// Create makes the volume that the data is laid down in. keep writes the place
// down.
func (s *Server) Create(ctx context.Context, p *Place, detail map[string]string, keep func() error) error {
	var err error
	if p.Direct() {
		err = s.named(ctx, p, detail)
	} else {
		err = s.make(ctx, p, p.New)
	}
	if err != nil || s.shelf == nil {
		return err
	}
	found, err := s.shelf.where(ctx, p.New, p.Volume)
	if err != nil {
		return err
	}
	if p.Fresh = found[p.New]; p.Fresh == "" {
		return fmt.Errorf("volume %s has no directory %s", p.New, s.data(p.New))
	}
	p.Old = found[p.Volume]
	if p.Before != "" && p.Old == "" {
		return fmt.Errorf("volume %s has no directory %s", p.Volume, s.data(p.Volume))
	}
	return keep()
}

// named makes the volume that is to have the name, as it was when it was backed
// up. Beside it, or on another driver, it is a plain one.
func (s *Server) named(ctx context.Context, p *Place, detail map[string]string) error {
	like := map[string]string{"driver": "local", "labels": detail["labels"]}
	if detail["volume"] != p.Volume {
		like["labels"] = "" // those of Compose would make it a volume of its project
	}
	c, err := source.CreateVolume(like, p.Volume)
	if err != nil {
		return err
	}
	args := c.Args[:len(c.Args)-1]
	if p.Direct() { // so that going back knows it
		args = append(args, "--label", labelOf+"="+p.Volume, "--label", labelStore+"="+s.Store, "--label", labelSet+"="+p.Set)
	}
	if err := s.Docker.Run(ctx, s.Door, append(args, p.Volume)...); err != nil {
		return s.failed(ctx, fmt.Errorf("make volume %s: %w", p.Volume, err))
	}
	return nil
}

// Take lets the restored data have the name.
func (s *Server) Take(ctx context.Context, p *Place, detail map[string]string, keep func() error) error {
	switch {
	case p.Direct():
		return s.Remove(ctx, p.New)
	case p.Made:
		return s.takeFree(ctx, p, detail, keep)
	}
	if err := s.make(ctx, p, p.Before, "--label", labelOld+"="+p.Old); err != nil {
		return err
	}
	return s.TakeOver(ctx, p)
}

// takeFree gives the data a name that nothing has.
func (s *Server) takeFree(ctx context.Context, p *Place, detail map[string]string, keep func() error) error {
	if _, err := s.Docker.Volume(ctx, s.Door, p.Volume); err == nil {
		return fault.New(fault.Usage, "let -to name a new volume", fmt.Errorf("volume %s was made meanwhile, and a restore never overwrites", p.Volume))
	} else if !gone(err) {
		return err
	}
	if err := s.named(ctx, p, detail); err != nil {
		return err
	}
	found, err := s.shelf.where(ctx, p.Volume)
	if err != nil {
		return err
	}
	p.Old = found[p.Volume]
	if err := keep(); err != nil {
		return err
	}
	if err := s.shelf.exchange(ctx, p.New, p.Volume); err != nil {
		return err
	}
	s.clear(ctx, p)
	return nil
}

// clear removes the volume that the data was laid down in, which is empty now. A
// restore that has come so far is not undone because of it.
func (s *Server) clear(ctx context.Context, p *Place) {
	if err := s.Remove(ctx, p.New); err != nil && s.Warn != nil {
		s.Warn("volume %s, which is empty, could not be removed, the next restore does it: %v", p.New, err)
	}
}

// TakeOver exchanges the data, and can be repeated. The restored data goes to
// the volume that keeps the old one first: from there one exchange is all, and
// the old data is never anywhere else.
func (s *Server) TakeOver(ctx context.Context, p *Place) error {
	found, err := s.shelf.where(ctx, p.New, p.Volume, p.Before)
	if err != nil {
		return err
	}
	if found[p.New] == p.Fresh {
		if err := s.shelf.exchange(ctx, p.New, p.Before); err != nil {
			return err
		}
	}
	if found[p.Volume] != p.Fresh {
		if err := s.Still(ctx, p.Volume, func(ctx context.Context) error { return s.change(ctx, p) }); err != nil {
			return err
		}
	}
	s.clear(ctx, p)
	return nil
}

// change is the moment in which the name gets the restored data.
func (s *Server) change(ctx context.Context, p *Place) error {
	now, err := s.shelf.where(ctx, p.Volume, p.Before)
	if err != nil {
		return err
	}
	if now[p.Volume] != p.Old || now[p.Before] != p.Fresh {
		return fault.New(fault.Failed, "begin anew", fmt.Errorf("volume %s was made anew, or moved, while it was restored", p.Volume))
	}
	return s.shelf.exchange(ctx, p.Volume, p.Before)
}

// Remove removes a volume that holds nothing of anybody's, and the container
// that it was filled through.
func (s *Server) Remove(ctx context.Context, name string) error {
	if s.way == WayCopy {
		if err := s.Docker.Run(ctx, s.Door, "rm", "--force", container(name)); err != nil && !gone(err) {
			return err
		}
	}
	if !regexp.MustCompile(`_restoring_[0-9]{14}$`).MatchString(name) {
		return nil
	}
	return s.drop(ctx, name)
}

func (s *Server) drop(ctx context.Context, name string) error {
	if _, err := s.Docker.Volume(ctx, s.Door, name); gone(err) {
		return nil
	} else if err != nil {
		return err // a daemon that hangs is known before the patience that follows
	}
	c := s.Docker.Change("volume", "rm", name)
	c.Timeout = 10 * time.Minute // the daemon removes all files before it answers
	if err := s.Door.Run(ctx, c); err != nil && !gone(err) {
		return s.failed(ctx, fmt.Errorf("remove volume %s: %w", name, err))
	}
	return nil
}

// Sweep removes what killed restores of a volume from the same store have left
// half done, and names it.
func (s *Server) Sweep(ctx context.Context, volume string, keeps ...string) (said []string, err error) {
	if s.shelf == nil {
		return nil, nil
	}
	out, err := s.Docker.Text(ctx, s.Door, "volume", "ls", "--quiet", "--filter", "label="+labelOf+"="+volume, "--filter", "label="+labelStore+"="+s.Store)
	if err != nil {
		return nil, err
	}
	names := strings.Fields(out)
	if len(names) == 0 {
		return nil, nil
	}
	at, err := s.shelf.where(ctx, append(names, volume)...)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		v, err := s.Docker.Volume(ctx, s.Door, name)
		if gone(err) {
			continue
		} else if err != nil {
			return said, err
		}
		old := v.Labels[labelOld]
		half := strings.HasPrefix(name, volume+"_restoring_") || strings.HasPrefix(name, volume+"_before_") && old != "" && at[name] != old && at[volume] == old
		if !half || slices.Contains(keeps, name) {
			continue
		}
		if err := errors.Join(s.Remove(ctx, name), s.drop(ctx, name)); err != nil {
			return said, err
		}
		said = append(said, fmt.Sprintf("removed volume %s, which a restore that was killed has left", name))
	}
	return said, nil
}
