package backup

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"iact-infra/internal/backup/retention"
	"iact-infra/internal/fault"
)

// Simulation is the result of backup:rotate -simulate. Its JSON is part of the
// public interface. Times stand as they were written, newest first.
type Simulation struct {
	Keep   []SimulatedKeep   `json:"keep"`
	Remove []SimulatedRemove `json:"remove"`

	verdicts []retention.Verdict
	given    []string
}

// SimulatedKeep is a set of a history that the policy keeps.
type SimulatedKeep struct {
	Time    string   `json:"time"`
	Reasons []string `json:"reasons"`
}

// SimulatedRemove is a set of a history that it does not keep.
type SimulatedRemove struct {
	Time string `json:"time"`
}

// Simulate applies the configured policy to a made-up history, all of which is
// one source. No store is looked at. An empty now is the clock's.
func (r *Room) Simulate(history io.Reader, name, now string) (*Simulation, error) {
	c, err := r.o.Config()
	if err != nil {
		return nil, err
	}
	at := r.o.Now()
	if now != "" {
		if at, err = retention.ParseTime(now); err != nil {
			return nil, fault.New(fault.Usage, "leave -now out for the time of the clock", fmt.Errorf("read -now: %w", err))
		}
	}
	h, err := retention.ReadHistory(history)
	if err != nil {
		return nil, fault.New(fault.Usage, "one time a line; then, if wanted, a tab and tags with commas between them",
			fmt.Errorf("read history %s: %w", name, err))
	}
	s := &Simulation{
		Keep: []SimulatedKeep{}, Remove: []SimulatedRemove{},
		verdicts: retention.Apply(h.Sets, c.Backup.Keep, at), given: h.Given,
	}
	for _, v := range s.verdicts {
		if v.Keeps() {
			s.Keep = append(s.Keep, SimulatedKeep{Time: h.Given[v.Set], Reasons: v.Reasons})
		} else {
			s.Remove = append(s.Remove, SimulatedRemove{Time: h.Given[v.Set]})
		}
	}
	if len(s.Keep) == 0 && len(s.Remove) > 0 {
		return nil, fault.New(fault.Usage, "give backup.keep a rule of time as well, such as last: 1",
			fmt.Errorf("apply policy: backup.keep.tags %v fits none of the %d sets, and a policy that keeps nothing is refused", c.Backup.Keep.Tags, len(s.Remove)))
	}
	return s, nil
}

// Write prints one line a set.
func (s *Simulation) Write(w io.Writer) {
	b := bufio.NewWriter(w)
	for _, v := range s.verdicts {
		if v.Keeps() {
			fmt.Fprintf(b, "keep    %s  %s\n", s.given[v.Set], strings.Join(v.Reasons, ", "))
		} else {
			fmt.Fprintf(b, "remove  %s\n", s.given[v.Set])
		}
	}
	fmt.Fprintf(b, "%s kept, %d removed\n", counted(len(s.Keep), "set"), len(s.Remove))
	_ = b.Flush()
}
