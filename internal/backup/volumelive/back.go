package volumelive

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"iact-infra/internal/fault"
)

// Back makes all as it was before a restore, however far that came, and may be
// repeated. What has been live stays, under another name.
func (s *Server) Back(ctx context.Context, p *Place) (said []string, err error) {
	if s.shelf == nil {
		if !p.Direct() {
			return nil, errors.New("go back: no image here has sh and mv any more")
		}
		return s.backDirect(ctx, p)
	}
	at, err := s.shelf.where(ctx, p.names()...)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Direct():
		return s.backDirect(ctx, p)
	case p.Fresh == "": // nothing was laid down
	case p.Before == "":
		if said, err = s.unname(ctx, p, at); err != nil {
			return said, err
		}
	default:
		if said, err = s.giveBack(ctx, p, at); err != nil {
			return said, err
		}
	}
	return said, errors.Join(s.Remove(ctx, p.New), s.settled(ctx, p))
}

// settled makes sure that the name has its old data.
func (s *Server) settled(ctx context.Context, p *Place) error {
	_, err := s.Is(ctx, p)
	return err
}

func (p *Place) names() []string {
	names := []string{p.Volume, p.New, p.Undone}
	if p.Before != "" {
		names = append(names, p.Before)
	}
	return names
}

// giveBack lets the name have the old data again.
func (s *Server) giveBack(ctx context.Context, p *Place, at map[string]string) (said []string, err error) {
	if at[p.Volume] == p.Fresh {
		if at[p.Before] != p.Old {
			return nil, fault.New(fault.Missing, "take what you need from "+p.Volume+", or restore another set",
				fmt.Errorf("go back to the old data of volume %s: %s, which kept it, was removed since", p.Volume, p.Before))
		}
		if at[p.Undone] == "" { // before the name changes: whoever goes on then knows that the data was live
			if err := s.make(ctx, p, p.Undone); err != nil {
				return nil, err
			}
		}
		if err := s.Still(ctx, p.Volume, func(ctx context.Context) error { return s.shelf.exchange(ctx, p.Volume, p.Before) }); err != nil {
			return nil, err
		}
		if at, err = s.shelf.where(ctx, p.names()...); err != nil {
			return nil, err
		}
	}
	if at[p.Before] == p.Fresh && at[p.Undone] != "" {
		if err := s.shelf.exchange(ctx, p.Before, p.Undone); err != nil {
			return nil, err
		}
		at[p.Undone], at[p.Before] = p.Fresh, at[p.Undone]
	}
	if at[p.Undone] == p.Fresh {
		said = append(said, fmt.Sprintf("the restored data stays as volume %s; drop it with: docker volume rm %s", p.Undone, p.Undone))
	}
	// Only when the old data is seen to be live is there nothing of it to lose.
	if at[p.Volume] == p.Old && at[p.Before] != p.Old {
		err = s.drop(ctx, p.Before)
	}
	return said, err
}

// unname takes the name away from the restored data, which nothing had before.
func (s *Server) unname(ctx context.Context, p *Place, at map[string]string) (said []string, err error) {
	if at[p.Volume] == p.Fresh {
		if err := s.unused(ctx, p.Volume); err != nil {
			return nil, err
		}
		if at[p.Undone] == "" {
			if err := s.make(ctx, p, p.Undone); err != nil {
				return nil, err
			}
		}
		if err := s.shelf.exchange(ctx, p.Volume, p.Undone); err != nil {
			return nil, err
		}
		if at, err = s.shelf.where(ctx, p.names()...); err != nil {
			return nil, err
		}
	}
	if at[p.Undone] == p.Fresh {
		said = append(said, fmt.Sprintf("the restored data stays as volume %s; drop it with: docker volume rm %s", p.Undone, p.Undone))
		return said, s.drop(ctx, p.Volume)
	}
	if p.Old != "" && at[p.Volume] == p.Old { // made, and never filled
		return said, s.drop(ctx, p.Volume)
	}
	return said, nil
}

// backDirect removes a volume that nothing can change places with.
func (s *Server) backDirect(ctx context.Context, p *Place) ([]string, error) {
	v, err := s.Docker.Volume(ctx, s.Door, p.Volume)
	if gone(err) || err == nil && v.Labels[labelOf] != p.Volume {
		return nil, nil // it was never made
	}
	if err != nil {
		return nil, err
	}
	if err := s.Remove(ctx, p.Volume); err != nil {
		return nil, err
	}
	if err := s.unused(ctx, p.Volume); err != nil {
		return nil, err
	}
	return []string{"removed volume " + p.Volume + ", which the restore had made"}, s.drop(ctx, p.Volume)
}

func (s *Server) unused(ctx context.Context, volume string) error {
	users, err := s.Docker.Users(ctx, s.Door, volume)
	if err != nil || len(users) == 0 {
		return err
	}
	var names []string
	for _, c := range users {
		names = append(names, c.Name)
	}
	return fault.New(fault.Missing, "remove them first: docker rm --force "+strings.Join(names, " "),
		fmt.Errorf("take volume %s away: containers %s use it", volume, strings.Join(names, ", ")))
}

// Is proves that all is as it was before.
func (s *Server) Is(ctx context.Context, p *Place) (evidence string, err error) {
	if p.Made {
		_, err := s.Docker.Volume(ctx, s.Door, p.Volume)
		switch {
		case gone(err):
			return "there is no volume " + p.Volume + " again", nil
		case err != nil:
			return "", err
		case s.shelf == nil:
			return "", fmt.Errorf("volume %s is still there", p.Volume)
		}
		at, err := s.shelf.where(ctx, p.Volume)
		if err != nil {
			return "", err
		}
		if at[p.Volume] == p.Fresh || at[p.Volume] == p.Old && p.Old != "" {
			return "", fmt.Errorf("volume %s is still there", p.Volume)
		}
		return "volume " + p.Volume + " is not the restored one", nil
	}
	if p.Old == "" {
		return "volume " + p.Volume + " was not touched", nil
	}
	at, err := s.shelf.where(ctx, p.Volume)
	if err != nil {
		return "", err
	}
	if at[p.Volume] != p.Old {
		return "", fmt.Errorf("volume %s does not hold the data that it had", p.Volume)
	}
	return fmt.Sprintf("volume %s holds the data that it had (directory %s)", p.Volume, p.Old), nil
}

// Holds proves that the name has the restored data, and that the old is kept.
func (s *Server) Holds(ctx context.Context, p *Place) (evidence string, err error) {
	evidence = "volume " + p.Volume + " holds the restored files"
	if s.shelf == nil {
		_, err := s.Docker.Volume(ctx, s.Door, p.Volume)
		return evidence, err
	}
	at, err := s.shelf.where(ctx, p.names()...)
	if err != nil {
		return "", err
	}
	if p.Fresh == "" || at[p.Volume] != p.Fresh {
		return "", fmt.Errorf("volume %s does not hold the restored files", p.Volume)
	}
	if p.Before == "" {
		return evidence, nil
	}
	if at[p.Before] != p.Old {
		return "", fmt.Errorf("%s does not hold what volume %s held before", p.Before, p.Volume)
	}
	return evidence + ", what was there is in " + p.Before, nil
}

// Finished says whether a restore came to its very end.
func (s *Server) Finished(ctx context.Context, p *Place) (string, error) {
	evidence, err := s.Holds(ctx, p)
	if err != nil || p.Direct() {
		return evidence, err
	}
	if _, err := s.Docker.Volume(ctx, s.Door, p.New); !gone(err) {
		return "", errors.Join(fmt.Errorf("volume %s is still there", p.New), err)
	}
	return evidence, nil
}
