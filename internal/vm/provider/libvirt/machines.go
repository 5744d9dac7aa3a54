package libvirt

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"iact-infra/internal/vm/provider"
)

// Machines implements provider.Provider, by one virsh.
func (p *Provider) Machines(ctx context.Context) (map[string]provider.Machine, error) {
	out, err := p.ask(ctx, script(
		"echo == states", "domstats --state --nowait",
		"echo == saved", listSaved,
		"echo == names", "list --all --uuid --name",
	))
	if err != nil {
		return nil, fmt.Errorf("list machines of libvirt: %w", err)
	}
	parts := parted(out)
	states, saved := stats(parts["states"]), lines(parts["saved"])
	all := map[string]provider.Machine{}
	for _, line := range lines(parts["names"]) {
		id, name, _ := strings.Cut(line, " ")
		m := provider.Machine{ID: id, Domain: strings.TrimSpace(name), State: provider.Changing}
		// One that was made between two of the commands has no state yet.
		if said, found := states[m.Domain]; found {
			m.State = state(said, has(saved, id))
		}
		all[id] = m
	}
	return all, nil
}

// Look implements provider.Provider, by one virsh.
func (p *Provider) Look(ctx context.Context, id string) (provider.Machine, error) {
	m, err := p.look(ctx, id)
	if err != nil {
		return provider.Machine{}, fmt.Errorf("look at machine %s: %w", id, err)
	}
	return m, nil
}

func (p *Provider) look(ctx context.Context, id string) (provider.Machine, error) {
	if err := known(id); err != nil {
		return provider.Machine{}, err
	}
	out, err := p.ask(ctx, script(
		"echo == stats", "domstats "+id+" --state --block --nowait",
		"echo == saved", listSaved,
		"echo == addresses", "domifaddr "+id+" --source lease",
		"echo == xml", "dumpxml "+id,
	))
	if err != nil {
		return provider.Machine{}, err
	}
	parts := parted(out)
	var d domain
	if err := xml.Unmarshal([]byte(parts["xml"]), &d); err != nil {
		return provider.Machine{}, fmt.Errorf("read its definition: %w", err)
	}
	said := stats(parts["stats"])[d.Name]
	m := provider.Machine{
		ID: d.UUID, Domain: d.Name, CPUs: d.CPUs, Memory: d.Memory.bytes(),
		State: state(said, has(lines(parts["saved"]), d.UUID)), Addresses: addresses(parts["addresses"]),
	}
	m.Since = p.since(m.Domain, m.State)
	used := blocks(said)
	for _, disk := range d.Disks {
		if disk.Device != "" && disk.Device != "disk" {
			continue
		}
		one := used[disk.Target.Dev]
		one.Target = disk.Target.Dev
		if path := disk.path(); path != "" {
			one.Path = path
		}
		m.Disks = append(m.Disks, one)
	}
	return m, nil
}

// stats reads domstats: the values of each domain, by its name.
func stats(said string) map[string]map[string]string {
	all := map[string]map[string]string{}
	var one map[string]string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if name, is := strings.CutPrefix(line, "Domain: '"); is {
			one = map[string]string{}
			all[strings.TrimSuffix(name, "'")] = one
			continue
		}
		if key, value, is := strings.Cut(line, "="); is && one != nil {
			one[key] = value
		}
	}
	return all
}

// blocks are the disks in the values of a domain, by their target.
func blocks(said map[string]string) map[string]provider.Disk {
	all := map[string]provider.Disk{}
	number := func(key string) int64 {
		n, _ := strconv.ParseInt(said[key], 10, 64)
		return n
	}
	count := number("block.count")
	for i := range count {
		key := "block." + strconv.FormatInt(i, 10) + "."
		target, found := said[key+"name"]
		if !found {
			break
		}
		all[target] = provider.Disk{Target: target, Path: said[key+"path"], Size: number(key + "capacity"), Used: number(key + "physical")}
	}
	return all
}

// addresses reads domifaddr: name, MAC, protocol, address/prefix.
func addresses(said string) []string {
	var all []string
	for line := range strings.Lines(said) {
		f := strings.Fields(line)
		if len(f) != 4 || !strings.HasPrefix(f[2], "ipv") {
			continue
		}
		address, _, _ := strings.Cut(f[3], "/")
		all = append(all, address)
	}
	return all
}

// lines are those of an output that hold something.
func lines(said string) []string {
	var all []string
	for line := range strings.Lines(said) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}
