package libvirt

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"

	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// island makes a network from which nothing but this host is reached. The machine
// that it is for knows its name already.
func (p *Provider) island(ctx context.Context, name string) error {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(name))
	var last error
	// One of 4096 networks of 10.96.0.0/12; the next one when a host has it already.
	for try := range uint32(16) {
		at := (hash.Sum32() + try) % 4096
		net := fmt.Sprintf("10.%d.%d", 96+at/256, at%256)
		text := fmt.Sprintf(`<network><name>%s</name><bridge name='iact%d' stp='off' delay='0'/><dns enable='no'/><ip address='%s.1' netmask='255.255.255.0'><dhcp><range start='%[3]s.10' end='%[3]s.99'/></dhcp></ip></network>`,
			escape(name), at, net)
		file, err := os.CreateTemp("", "iact-net-")
		if err != nil {
			return err
		}
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
		if err == nil {
			err = p.change(ctx, "net-define", file.Name())
		}
		_ = os.Remove(file.Name())
		if err != nil {
			return err
		}
		if last = p.change(ctx, "net-start", name); last == nil {
			return nil
		}
		if err := p.change(context.WithoutCancel(ctx), "net-undefine", name); err != nil {
			return errors.Join(last, err)
		}
	}
	return fmt.Errorf("make an isolated network: %w", last)
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// Remove implements provider.Exporter for machines that Define has made: those of
// others are not touched.
func (p *Provider) Remove(ctx context.Context, id string) error {
	text, err := p.ask(ctx, "dumpxml", id, "--inactive")
	if errors.Is(err, provider.ErrGone) {
		return nil
	}
	var d struct {
		Name string `xml:"name"`
		Made string `xml:"metadata>made"`
	}
	if err == nil {
		err = xml.Unmarshal([]byte(text), &d)
	}
	var note made
	if err == nil && d.Made == "" {
		err = fault.New(fault.Usage, "vagrant destroy takes away what vagrant has made", errors.New("it was not made by this program"))
	}
	if err == nil {
		err = json.Unmarshal([]byte(d.Made), &note)
	}
	if err == nil {
		err = p.Stop(ctx, id)
	}
	// The machine holds the note, so it goes last: a removal that was cut off is
	// finished by the next one.
	if err == nil {
		err = p.unmake(ctx, note)
	}
	if err == nil {
		err = p.undefine(ctx, id)
	}
	if err != nil {
		return fmt.Errorf("remove machine %s: %w", id, err)
	}
	return nil
}

func (p *Provider) undefine(ctx context.Context, id string) error {
	return p.change(ctx, "undefine", id, "--snapshots-metadata", "--managed-save", "--nvram")
}

// unmake takes away what a machine of ours had for itself. What is not there is
// gone already.
func (p *Provider) unmake(ctx context.Context, note made) error {
	var wrong error
	if note.Network != "" {
		listed, err := p.ask(ctx, "net-list", "--all", "--name")
		wrong = errors.Join(wrong, err)
		for line := range strings.Lines(listed) {
			if strings.TrimSpace(line) == note.Network {
				_ = p.change(ctx, "net-destroy", note.Network) // it may not have been started
				wrong = errors.Join(wrong, p.change(ctx, "net-undefine", note.Network))
			}
		}
	}
	for _, file := range note.Files {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			wrong = errors.Join(wrong, err)
		}
	}
	return wrong
}
