package vm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/vagrantfile"
)

// ready refuses to start machines where that is known to end badly. Vagrant tells
// of a script that is missing in a line among others, and with libvirt of a port
// that is taken only when the machine has started, minutes later.
func (r *Room) ready(ctx context.Context, s *scene, starting []machine) error {
	ours := s.ours()
	if ours {
		for _, file := range []string{filepath.Join(s.project.Dir, bootstrapName), s.config.VM.Logins} {
			if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
				return fault.New(fault.Missing, "go tool mage vm:bootstrap puts it there", fmt.Errorf("bring machines up: there is no %s", file))
			}
		}
	}
	wants := r.wants(ctx, s)
	// Machines whose ports lead into them already, and those that stay as they are.
	wants.File.Machines = slices.DeleteFunc(wants.File.Machines, func(in vagrantfile.Machine) bool {
		return !slices.ContainsFunc(starting, func(m machine) bool { return m.Name == in.Name && len(s.project.Forwarders(m.Made)) == 0 })
	})
	if len(wants.File.Machines) == 0 {
		return nil
	}
	for _, port := range s.ports(wants, ours) {
		if port.Corrects || port.Setting != "" && !ours {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(port.Address, strconv.Itoa(port.Number)))
		if errors.Is(err, syscall.EADDRINUSE) {
			way := "write another one into the Vagrantfile"
			if ours {
				way = fmt.Sprintf("write another one for %s into config/iact.yaml and type go tool mage vm:fetch", port.Setting)
			}
			return fault.New(fault.Missing, fmt.Sprintf("ss -ltnp sport = :%d names the program: stop it, or %s", port.Number, way),
				fmt.Errorf("bring machines up: port %d of this host is taken by another program", port.Number))
		}
		if err == nil {
			_ = listener.Close() // nobody has come
		}
	}
	return nil
}
