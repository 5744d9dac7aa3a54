package libvirt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"iact-infra/internal/command"
	"iact-infra/internal/diskimage"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

// captureOff serves the disks of a machine that is off. qemu-nbd holds QEMU's
// lock: the machine cannot be started as long as the capture is open.
func (p *Provider) captureOff(ctx context.Context, scratch string, disks []disk, c *provider.Capture) error {
	sockets, err := socketDir(ctx)
	if err != nil {
		return err
	}
	socket := func(one disk) (string, string) { return filepath.Join(sockets, one.Target.Dev), "" }
	for _, one := range disks {
		at, _ := socket(one)
		// Without --persistent it ends with the last connection, also with one of a process that was killed. One that
		// was killed before it had any leaves that to the next capture.
		serve := command.Change("qemu-nbd", "--fork", "--read-only", "--format="+one.Driver.Type, "--shared=8", "--socket="+at, one.path())
		if err := p.door.Run(ctx, serve); err != nil {
			return errors.Join(err, os.RemoveAll(sockets))
		}
	}
	if err := p.open(ctx, disks, socket, c); err != nil {
		return errors.Join(err, os.RemoveAll(sockets))
	}
	closeDisks := c.Close
	c.Close = func() error { return errors.Join(closeDisks(), os.RemoveAll(sockets)) }
	for i, one := range disks {
		direct, err := p.mapped(ctx, one)
		if err != nil {
			return errors.Join(err, c.Close())
		}
		if direct != nil {
			c.Disks[i].Image = &held{Image: direct, by: c.Disks[i].Image}
		}
	}
	_ = scratch // nothing is written
	return nil
}

// held is an image that is read in its files, while another one keeps them as
// they are.
type held struct {
	diskimage.Image
	by diskimage.Image
}

func (h *held) Close() error { return errors.Join(h.Image.Close(), h.by.Close()) }

// mapped is the disk as it lies in its files, which is read many times faster
// than through QEMU; nil when some of it is compressed or encrypted.
func (p *Provider) mapped(ctx context.Context, one disk) (diskimage.Image, error) {
	var chain []struct {
		Filename string `json:"filename"`
		Size     int64  `json:"virtual-size"`
		Format   string `json:"format"`
		Secret   bool   `json:"encrypted"`
	}
	if err := p.qemuImg(ctx, &chain, "info", "--force-share", "--backing-chain", "--output=json", "-f", one.Driver.Type, one.path()); err != nil {
		return nil, err
	}
	var regions []struct {
		Start      int64  `json:"start"`
		Length     int64  `json:"length"`
		Depth      int    `json:"depth"`
		Zero       bool   `json:"zero"`
		Data       bool   `json:"data"`
		Compressed bool   `json:"compressed"`
		Offset     *int64 `json:"offset"`
	}
	if err := p.qemuImg(ctx, &regions, "map", "--force-share", "--output=json", "-f", one.Driver.Type, one.path()); err != nil {
		return nil, err
	}
	var segments []diskimage.Segment
	for _, r := range regions {
		if r.Zero || !r.Data {
			continue
		}
		if r.Compressed || r.Offset == nil || r.Depth >= len(chain) || chain[r.Depth].Secret {
			return nil, nil //nolint:nilnil // it is read through QEMU
		}
		segments = append(segments, diskimage.Segment{Extent: diskimage.Extent{Offset: r.Start, Length: r.Length}, File: chain[r.Depth].Filename, At: *r.Offset})
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("look at disk %s: qemu-img tells nothing", one.path())
	}
	return diskimage.OpenMapped(chain[0].Size, segments)
}

func (p *Provider) qemuImg(ctx context.Context, into any, args ...string) error {
	out, err := p.door.Text(ctx, command.Read("qemu-img", args...)).Bytes()
	var missing *command.NotFound
	if errors.As(err, &missing) {
		return fault.New(fault.Missing, "apt-get install qemu-utils", err)
	}
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		return fmt.Errorf("ask qemu-img: %w", err)
	}
	return nil
}
