package vm

import (
	"context"
	"fmt"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
	"iact-infra/internal/vm/provider/libvirt"
	"iact-infra/internal/vm/provider/virtualbox"
)

// provider is the one of a name.
func (r *Room) provider(name string, door *command.Door) (provider.Exporter, error) {
	if r.o.Provider != nil {
		return r.o.Provider(name, door)
	}
	switch name {
	case provider.Libvirt:
		return libvirt.New(door, r.o.Getenv("LIBVIRT_DEFAULT_URI")), nil
	case provider.VirtualBox:
		return virtualbox.New(door), nil
	}
	return nil, fault.New(fault.Missing, "vm: {provider: libvirt} or {provider: virtualbox} in config/iact.yaml", fmt.Errorf("open provider %s: it is not known", name))
}

// chosen is the provider for machines that are still to be made: what the
// configuration or VAGRANT_DEFAULT_PROVIDER says, what has made the others, or
// else what is installed here.
func (r *Room) chosen(ctx context.Context, s *scene) string {
	if s.config.VM.Provider != "auto" {
		return s.config.VM.Provider
	}
	if named := r.o.Getenv("VAGRANT_DEFAULT_PROVIDER"); named != "" {
		return named
	}
	for _, one := range s.made {
		return one.Provider
	}
	if _, err := s.Look(ctx, "VBoxManage"); err == nil {
		return provider.VirtualBox
	}
	return provider.Libvirt
}
