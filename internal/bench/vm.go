package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/command"
)

const (
	vmRounds = 3
	// Of a disk of 10 GB so much is data: half of it a system's, half random.
	vmHalf = 1 << 30
	// vmChange is 1 % of the data, written anew between two backups.
	vmChange = 2 * vmHalf / 100
)

// vm measures backup:vm of a machine that is off, and of one that QEMU has open,
// first and again, against qemu-img convert.
func (b *bench) vm(ctx context.Context) (err error) {
	began := time.Now()
	disk := filepath.Join(b.dir, "disk.qcow2")
	if err := b.makeDisk(ctx, disk); err != nil {
		return fmt.Errorf("make disk: %w", err)
	}
	domain := filepath.Base(b.dir)
	if err := b.defineVM(ctx, domain, disk); err != nil {
		return fmt.Errorf("make machine: %w", err)
	}
	b.took("machine", began)
	b.more = "vm: {dir: " + b.dir + ", provider: libvirt}\n"
	virsh := func(args ...string) error {
		return b.door.Run(context.WithoutCancel(ctx), command.Change("virsh", append([]string{"-q"}, args...)...))
	}
	defer func() {
		b.more = ""
		err = errors.Join(err, virsh("undefine", domain))
	}()
	if err := b.vmTwice(ctx, "machine that is off", disk, false, 0.2); err != nil {
		return err
	}
	b.memory("machine")
	// It stands still: without a system it would only take the time of a processor.
	if err := virsh("start", "--paused", domain); err != nil {
		return err
	}
	defer func() { err = errors.Join(virsh("destroy", domain), err) }()
	return b.vmTwice(ctx, "machine that QEMU has open", disk, true, 1)
}

// vmTwice measures a first backup, and one after 1 % of the data was changed;
// of a machine that QEMU has open, after nothing was.
func (b *bench) vmTwice(ctx context.Context, what, disk string, open bool, most float64) error {
	store := filepath.Join(b.dir, "store-vm")
	back := func(ctx context.Context) (float64, error) {
		return b.run(ctx, "backup:vm", store, "{name: bench, kind: vm}")
	}
	var first, again, peers, stored, theirs, fresh []float64
	for round := range vmRounds {
		if err := os.RemoveAll(store); err != nil {
			return err
		}
		peer, err := b.timed(ctx, "qemu-img convert -U -c -O qcow2 -o compression_type=zstd "+disk+" peer.qcow2")
		if err != nil {
			return err
		}
		size, err := size(filepath.Join(b.dir, "peer.qcow2"))
		if err != nil {
			return err
		}
		one, err := back(ctx)
		if err != nil {
			return err
		}
		first, peers, theirs, stored = append(first, one), append(peers, peer), append(theirs, size), append(stored, float64(b.last.stored))
		if !open { // else it is QEMU's alone
			if err := b.change(ctx, disk, round); err != nil {
				return err
			}
		}
		if one, err = back(ctx); err != nil {
			return err
		}
		again, fresh = append(again, one), append(fresh, float64(b.last.fresh))
	}
	const mib = 1 << 20
	b.note(what+", first: backup:vm against qemu-img convert -c with zstd", median(first), median(peers), 1.1, "s")
	b.note(what+", first, size", median(stored)/mib, median(theirs)/mib, 1.1, "MiB")
	second := ", 1 % changed"
	if open {
		second = ", unchanged"
	}
	b.note(what+second+": backup:vm against its first", median(again), median(first), most, "s")
	b.note(what+second+", size", median(fresh)/mib, median(stored)/mib, 0.2, "MiB")
	return nil
}

// change writes 1 % of the data anew, each time elsewhere.
func (b *bench) change(ctx context.Context, disk string, round int) error {
	fresh := filepath.Join(b.dir, "fresh")
	if _, err := b.timed(ctx, fmt.Sprintf("head -c %d /dev/urandom > %s", vmChange, fresh)); err != nil {
		return err
	}
	write := fmt.Sprintf("write -s %s %d %d", fresh, int64(1+round)<<28, int64(vmChange)>>16<<16)
	return b.door.Run(ctx, command.Change("qemu-io", "-f", "qcow2", "-c", write, disk))
}

// makeDisk makes a file system of files of this machine, and of random ones.
func (b *bench) makeDisk(ctx context.Context, disk string) error {
	tree := filepath.Join(b.dir, "system")
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return err
	}
	left := int64(vmHalf)
	err := filepath.WalkDir("/usr", func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil //nolint:nilerr // what cannot be read is not needed
		}
		info, err := d.Info()
		if err != nil || info.Size() > left {
			return nil //nolint:nilerr // likewise
		}
		left -= info.Size()
		to := filepath.Join(tree, path)
		return errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), copyFile(path, to))
	})
	if err != nil {
		return err
	}
	_, err = b.timed(ctx, fmt.Sprintf("head -c %d /dev/urandom > %s/random && truncate -s 10G disk.raw && mkfs.ext4 -q -F -d %s disk.raw && qemu-img convert -O qcow2 disk.raw %s && rm -r disk.raw %s", vmHalf, tree, tree, disk, tree))
	return err
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// defineVM makes a machine without a system that Vagrant believes to have made.
func (b *bench) defineVM(ctx context.Context, domain, disk string) error {
	text := fmt.Sprintf(`<domain type='qemu'><name>%s</name><memory unit='MiB'>64</memory><os><type arch='x86_64'>hvm</type></os><devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='%s'/><target dev='hda' bus='ide'/></disk></devices></domain>`, domain, disk)
	if err := os.WriteFile(filepath.Join(b.dir, "domain.xml"), []byte(text), 0o600); err != nil {
		return err
	}
	if err := b.door.Run(ctx, command.Change("virsh", "-q", "define", filepath.Join(b.dir, "domain.xml"))); err != nil {
		return err
	}
	id, err := b.door.Text(ctx, command.Read("virsh", "-q", "domuuid", domain)).String()
	if err != nil {
		return err
	}
	at := filepath.Join(b.dir, ".vagrant/machines/bench/libvirt")
	return errors.Join(os.MkdirAll(at, 0o755), os.WriteFile(filepath.Join(at, "id"), []byte(strings.TrimSpace(id)), 0o600))
}
