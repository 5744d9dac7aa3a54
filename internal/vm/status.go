package vm

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/report"
	"iact-infra/internal/vm/provider"
)

// Status is how the machines stand, for people and for programs.
type Status struct {
	Machines []MachineStatus `json:"machines"`
	now      time.Time
}

// MachineStatus is how one machine stands. What is not known is left out.
type MachineStatus struct {
	Name        string             `json:"name"`
	Provider    string             `json:"provider,omitempty"`
	State       string             `json:"state"` // of package provider; or "not made", "gone"
	Since       time.Time          `json:"since,omitzero"`
	Provisioned bool               `json:"provisioned"`
	ID          string             `json:"id,omitempty"`
	Domain      string             `json:"domain,omitempty"`
	CPUs        int                `json:"cpus,omitempty"`
	Memory      int64              `json:"memory_bytes,omitempty"`
	Disk        int64              `json:"disk_used_bytes,omitempty"`
	Addresses   []string           `json:"addresses,omitempty"`
	Forwards    []provider.Forward `json:"forwards,omitempty"`
	Snapshots   int                `json:"snapshots"`
	Note        string             `json:"note,omitempty"`
}

// Status is vm:status. It asks the provider and reads Vagrant's own notes; Ruby
// is not started, but for a Vagrantfile that computes the names of machines.
func (r *Room) Status(ctx context.Context, door *command.Door) (*Status, error) {
	s, err := r.scene(door)
	if err != nil {
		return nil, err
	}
	all, err := s.seen(ctx)
	if err != nil {
		return nil, err
	}
	found := &Status{Machines: make([]MachineStatus, len(all)), now: r.o.Now()}
	var group errgroup.Group
	for i, m := range all {
		group.Go(func() (err error) {
			found.Machines[i], err = s.status(ctx, m)
			return err
		})
	}
	return found, group.Wait()
}

func (s *scene) status(ctx context.Context, m machine) (MachineStatus, error) {
	one := MachineStatus{Name: m.Name, Provider: m.Provider, State: m.is(), ID: m.ID, Provisioned: m.mark.Provisioned}
	twins := s.twins(m)
	if twins != nil {
		one.Note = strings.TrimPrefix(twins.Error(), "choose machine "+m.Name+": ") + "; " + fault.Hint(twins)
	}
	if !m.there() {
		if m.gone && twins == nil {
			one.Note = "it was removed without vagrant; go tool mage vm:up makes it anew"
		}
		return one, nil
	}
	seen, err := m.provider.Look(ctx, m.ID)
	if err != nil {
		return one, err
	}
	snapshots, err := m.provider.Snapshots(ctx, m.ID)
	if err != nil {
		return one, err
	}
	if seen.State == m.state { // it may have changed in between
		one.Since = seen.Since
	}
	one.Domain, one.CPUs, one.Memory, one.Addresses, one.Snapshots = seen.Domain, seen.CPUs, seen.Memory, seen.Addresses, len(snapshots)
	one.Forwards = slices.Concat(seen.Forwards, s.project.Forwards(m.Made))
	for _, d := range seen.Disks {
		one.Disk += d.Used
	}
	if !one.Provisioned && twins == nil {
		one.Note = "not provisioned to its end: go tool mage vm:up goes on"
	}
	return one, nil
}

// Write is the status for people.
func (s *Status) Write(w io.Writer) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MACHINE\tSTATE\tSINCE\tPROVIDER\tCPUS\tMEMORY\tDISK\tADDRESS\tPORTS\tSNAPSHOTS")
	for _, m := range s.Machines {
		if m.Domain == "" {
			fmt.Fprintf(table, "%s\t%s\t-\t%s\t-\t-\t-\t-\t-\t-\n", m.Name, m.State, dash(m.Provider))
			continue
		}
		since := "-"
		if !m.Since.IsZero() {
			since = report.Age(s.now, m.Since)
		}
		var ports []string
		for _, f := range m.Forwards {
			ports = append(ports, fmt.Sprintf("%d>%d", f.HostPort, f.GuestPort))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\t%d\n", m.Name, m.State, since, m.Provider, m.CPUs, report.Bytes(m.Memory), report.Bytes(m.Disk),
			dash(strings.Join(m.Addresses, " ")), dash(strings.Join(ports, " ")), m.Snapshots)
	}
	_ = table.Flush() // standard output that is gone shows itself at the end
	for _, m := range s.Machines {
		if m.Note != "" {
			fmt.Fprintf(w, "%s: %s\n", m.Name, m.Note)
		}
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
