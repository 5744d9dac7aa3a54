package vm

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/report"
	"iact-infra/internal/vm/provider"
)

// Snapshots are those of the machines, for people and for programs.
type Snapshots struct {
	Machines []SnapshotsOf `json:"machines"`
	now      time.Time
}

// SnapshotsOf are those of one machine, the oldest first.
type SnapshotsOf struct {
	Machine   string              `json:"machine"`
	Snapshots []provider.Snapshot `json:"snapshots"`
}

// Snapshots is vm:snapshots.
func (r *Room) Snapshots(ctx context.Context, door *command.Door) (*Snapshots, error) {
	s, err := r.scene(door)
	if err != nil {
		return nil, err
	}
	all, err := s.existing(ctx)
	if err != nil {
		return nil, err
	}
	found := &Snapshots{now: r.o.Now()}
	for _, m := range all {
		known, err := m.provider.Snapshots(ctx, m.ID)
		if err != nil {
			return nil, err
		}
		if known == nil {
			known = []provider.Snapshot{}
		}
		found.Machines = append(found.Machines, SnapshotsOf{Machine: m.Name, Snapshots: known})
	}
	return found, nil
}

// Write lists them for people.
func (s *Snapshots) Write(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MACHINE\tSNAPSHOT\tAGE\tSIZE\tMEMORY\tDESCRIPTION")
	for _, m := range s.Machines {
		for _, one := range m.Snapshots {
			name, memory, size := one.Name, "no", "-"
			if one.Current {
				name += " *"
			}
			if one.Memory {
				memory = "yes"
			}
			if one.Size > 0 {
				size = report.Bytes(one.Size)
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.Machine, name, report.Age(s.now, one.Time), size, memory, dash(report.Clean(one.Description)))
		}
	}
	_ = table.Flush() // standard output that is gone shows itself at the end
}
