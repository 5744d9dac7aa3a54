package virtualbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
)

// island makes a host-only network, from which nothing but this host is reached,
// with a server that gives addresses. VirtualBox allows those networks out of
// 192.168.56.0/21 without being told; Vagrant takes the first one.
func (p *Provider) island(ctx context.Context, note *made) (string, error) {
	taken, err := p.ask(ctx, "list", "hostonlyifs")
	if err != nil {
		return "", err
	}
	net := ""
	for n := 63; n > 56 && net == ""; n-- {
		if one := fmt.Sprintf("192.168.%d", n); !regexp.MustCompile(`(?m)^IPAddress:\s+` + regexp.QuoteMeta(one) + `\.`).MatchString(taken) {
			net = one
		}
	}
	if net == "" {
		return "", errors.New("make an isolated network: none of 192.168.57.0 to 192.168.63.0 is free")
	}
	said, err := p.answer(ctx, "hostonlyif", "create")
	if err != nil || p.door.Planning() {
		return "", err
	}
	made := regexp.MustCompile(`Interface '(.+)' was successfully created`).FindStringSubmatch(said)
	if made == nil {
		return "", fmt.Errorf("make an isolated network: VBoxManage says %q", said)
	}
	note.Network = made[1]
	if err := p.change(ctx, "hostonlyif", "ipconfig", note.Network, "--ip="+net+".1", "--netmask=255.255.255.0"); err != nil {
		return "", err
	}
	return note.Network, p.change(ctx, "dhcpserver", "add", "--interface="+note.Network, "--server-ip="+net+".2", "--netmask=255.255.255.0",
		"--lower-ip="+net+".10", "--upper-ip="+net+".99", "--enable")
}

// sink removes the network of an isolated machine, "" and one that is gone too.
func (p *Provider) sink(ctx context.Context, network string) error {
	if network == "" {
		return nil
	}
	taken, err := p.ask(ctx, "list", "hostonlyifs")
	if err != nil || !regexp.MustCompile(`(?m)^Name:\s+`+regexp.QuoteMeta(network)+`$`).MatchString(taken) {
		return err
	}
	_ = p.change(ctx, "dhcpserver", "remove", "--interface="+network) // it may not have been made
	return p.change(ctx, "hostonlyif", "remove", network)
}

// unmake takes away what a machine of ours had for itself. What is not there is
// gone already.
func (p *Provider) unmake(ctx context.Context, note made) error {
	wrong := p.sink(ctx, note.Network)
	for _, file := range note.Files {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			wrong = errors.Join(wrong, err)
		}
	}
	if len(note.Files) > 0 { // VirtualBox leaves its own directories
		dir := filepath.Dir(note.Files[0])
		wrong = errors.Join(wrong, os.RemoveAll(filepath.Join(dir, "Logs")), os.RemoveAll(filepath.Join(dir, "Snapshots")))
	}
	return wrong
}
