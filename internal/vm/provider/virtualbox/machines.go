package virtualbox

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"iact-infra/internal/vm/provider"
)

// Machines implements provider.Provider, by two programs: one for the names, one
// for the states, which the short list does not tell.
func (p *Provider) Machines(ctx context.Context) (map[string]provider.Machine, error) {
	short, err := p.ask(ctx, "list", "vms")
	if err != nil {
		return nil, fmt.Errorf("list machines of VirtualBox: %w", err)
	}
	all := map[string]provider.Machine{}
	for _, line := range regexp.MustCompile(`(?m)^"(.*)" \{([0-9a-f-]{36})\}$`).FindAllStringSubmatch(short, -1) {
		m := provider.Machine{ID: line[2], Domain: line[1], State: provider.Changing}
		if m.Domain == inaccessible {
			m.State = provider.Unknown
		}
		all[m.ID] = m
	}
	if len(all) == 0 {
		return all, nil
	}
	long, err := p.ask(ctx, "list", "--long", "vms")
	if err != nil {
		return nil, fmt.Errorf("list machines of VirtualBox: %w", err)
	}
	// A machine's state comes after its UUID; one that was made between the two
	// programs has no line of its own, and one that went has no state.
	var one provider.Machine
	for line := range strings.Lines(long) {
		label, value, _ := strings.Cut(strings.TrimRight(line, "\n"), ":")
		switch value = strings.TrimSpace(value); label {
		case "UUID":
			if m, found := all[value]; found {
				one = m
			}
		case "State":
			native, _, _ := strings.Cut(value, " (since")
			if one.State = state(native); one.ID != "" {
				all[one.ID] = one
			}
			one = provider.Machine{}
		}
	}
	return all, nil
}

// Look implements provider.Provider.
func (p *Provider) Look(ctx context.Context, id string) (provider.Machine, error) {
	m, err := p.look(ctx, id)
	if err != nil {
		return provider.Machine{}, fmt.Errorf("look at machine %s: %w", id, err)
	}
	return m, nil
}

func (p *Provider) look(ctx context.Context, id string) (provider.Machine, error) {
	about, err := p.info(ctx, id)
	if err != nil {
		return provider.Machine{}, err
	}
	m := provider.Machine{ID: about.get("UUID"), Domain: about.get("name"), State: state(about.get("VMState")), Since: about.since(), Forwards: about.forwards()}
	if m.Domain == inaccessible {
		return m, nil
	}
	m.CPUs, _ = strconv.Atoi(about.get("cpus"))
	memory, _ := strconv.ParseInt(about.get("memory"), 10, 64)
	m.Memory = memory << 20
	disks, err := p.disks(ctx, about)
	if err != nil {
		return provider.Machine{}, err
	}
	for _, one := range disks {
		m.Disks = append(m.Disks, one.Disk)
	}
	if m.State == provider.Running {
		m.Addresses = p.addresses(ctx, id, about)
	}
	return m, nil
}

// forwards are the rules of NAT: name, protocol, address and port of this host,
// address and port of the guest.
func (i info) forwards() []provider.Forward {
	var all []provider.Forward
	for _, one := range i {
		f := strings.Split(one.value, ",")
		last := len(f) - 1
		if !strings.HasPrefix(one.key, "Forwarding(") || last < 5 {
			continue
		}
		host, wrong := strconv.Atoi(f[last-2])
		guest, too := strconv.Atoi(f[last])
		if wrong == nil && too == nil {
			all = append(all, provider.Forward{Name: strings.Join(f[:last-4], ","), HostIP: f[last-3], HostPort: host, GuestPort: guest})
		}
	}
	return all
}

// addresses are what the guest tells by its Guest Additions or, without them,
// what VirtualBox has lent it on host-only networks.
func (p *Provider) addresses(ctx context.Context, id string, about info) []string {
	var all []string
	if out, err := p.ask(ctx, "guestproperty", "enumerate", id, "--patterns", "/VirtualBox/GuestInfo/Net/*/V4/IP"); err == nil {
		for _, found := range regexp.MustCompile(`/V4/IP\b.*?(?:, value: |= ')([0-9.]+)`).FindAllStringSubmatch(out, -1) {
			all = append(all, found[1])
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, one := range about {
		slot, is := strings.CutPrefix(one.key, "hostonlyadapter")
		if !is {
			continue
		}
		out, err := p.ask(ctx, "dhcpserver", "findlease", "--interface="+one.value, "--mac-address="+about.get("macaddress"+slot))
		if found := regexp.MustCompile(`(?m)^IP Address:\s+([0-9.]+)`).FindStringSubmatch(out); err == nil && found != nil {
			all = append(all, found[1])
		}
	}
	return all
}
