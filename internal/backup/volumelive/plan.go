package volumelive

import "iact-infra/internal/command"

// Plan is the change of names as shell lines. What Go does by one system call
// takes mv three moves.
func (s *Server) Plan(p *Place) []string {
	mv := func(from, to string) string {
		return s.Door.Show(command.Change("mv", "-T", s.data(from), s.data(to)))
	}
	remove := s.Door.Show(s.Docker.Change("volume", "rm", p.New))
	if p.Made {
		return []string{s.Door.Show(command.Change("rmdir", s.data(p.Volume))), mv(p.New, p.Volume), remove}
	}
	return []string{
		s.Door.Show(s.Docker.Change("volume", "create", p.Before)), s.Door.Show(command.Change("rmdir", s.data(p.Before))),
		"# one system call here, renameat2 with RENAME_EXCHANGE, so that the name always has its data", mv(p.Volume, p.Before), mv(p.New, p.Volume), remove,
	}
}
