package virtualbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/diskimage"
	"iact-infra/internal/fault"
	"iact-infra/internal/vm/provider"
)

var _ provider.Exporter = (*Provider)(nil)

const (
	// definitionFile is the machine's settings file in a definition.
	definitionFile = "machine.vbox"
	// ownerFile holds the process that a capture belongs to, beside its disks.
	ownerFile = "owner"
	// mark begins the names of what a capture makes: its snapshot, which tells in
	// its description where the disks are put, and these.
	mark = "iact-backup-"
)

// Capture implements provider.Exporter. The disks of a machine that is on are
// those of a snapshot, which are not written to any more; they are copied out
// and the snapshot goes again, so that the machine is not left on one for as long
// as somebody reads. One that is off cannot be started while it is copied.
func (p *Provider) Capture(ctx context.Context, id, scratch string) (*provider.Capture, error) {
	c, err := p.capture(ctx, id, scratch)
	if err != nil {
		return nil, fmt.Errorf("capture machine %s: %w", id, err)
	}
	return c, nil
}

func (p *Provider) capture(ctx context.Context, id, scratch string) (_ *provider.Capture, err error) {
	about, was, err := p.settled(ctx, id)
	if err != nil {
		return nil, err
	}
	if was == provider.Unknown {
		return nil, fmt.Errorf("its settings file cannot be read: %w", provider.ErrState)
	}
	if err := p.abandoned(ctx, id, about); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(here(about.get("CfgFile")))
	if err != nil {
		return nil, err
	}
	disks, err := p.disks(ctx, about)
	if err != nil {
		return nil, err
	}
	c := &provider.Capture{Definition: provider.Definition{Provider: p.Name(), Domain: about.get("name"), Files: map[string][]byte{definitionFile: text}}}
	c.Close = func() error {
		var wrong error
		for _, one := range c.Disks {
			wrong = errors.Join(wrong, one.Close())
		}
		return errors.Join(wrong, cleared(scratch))
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if err := os.WriteFile(filepath.Join(scratch, ownerFile), []byte(strconv.Itoa(os.Getpid())), 0o600); err != nil {
		return nil, err
	}
	if was == provider.Running || was == provider.Paused || about.get("VMState") == stuck {
		name := mark + strconv.Itoa(os.Getpid()) + "-" + newID()[:8]
		where, err := filepath.Abs(scratch)
		if err != nil {
			return nil, err
		}
		if err := p.take(ctx, id, name, where); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, p.Delete(context.WithoutCancel(ctx), id, name)) }()
		if disks, c.Notes, err = p.frozen(ctx, id, name, disks); err != nil {
			return nil, err
		}
	}
	if len(disks) == 0 {
		return nil, fmt.Errorf("it has no disk that could be captured%s", strings.Join(append([]string{""}, c.Notes...), "; "))
	}
	for _, one := range disks {
		image, err := p.copy(ctx, one, scratch)
		if err != nil {
			return nil, fmt.Errorf("copy disk %s: %w", one.Target, err)
		}
		c.Disks = append(c.Disks, provider.CapturedDisk{Target: one.Target, Image: image})
		c.Definition.Targets = append(c.Definition.Targets, one.Target)
	}
	return c, nil
}

// frozen are the disks whose images a snapshot holds and the machine does not
// write to any more. It goes on writing to one that snapshots leave out.
func (p *Provider) frozen(ctx context.Context, id, name string, disks []disk) (held []disk, notes []string, err error) {
	about, err := p.info(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	all, err := snapshots(about)
	if err != nil {
		return nil, nil, err
	}
	one, err := named(all, name)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range disks {
		switch {
		case slices.ContainsFunc(about, func(p pair) bool { return p.value == d.image }):
			notes = append(notes, fmt.Sprintf("disk %s of %s is left out: snapshots do not hold it (it is write-through or shared)", d.Target, about.get("name")))
		case !slices.Contains(one.images, d.image):
			return nil, nil, fmt.Errorf("somebody else has changed disk %s meanwhile: %w", d.Target, provider.ErrLocked)
		default:
			held = append(held, d)
		}
	}
	return held, notes, nil
}

// copy lays a disk down as it is, and has VirtualBox forget the copy.
func (p *Provider) copy(ctx context.Context, one disk, scratch string) (diskimage.Image, error) {
	file := filepath.Join(scratch, mark+one.Target+".raw")
	late := context.WithoutCancel(ctx)
	if err := p.change(ctx, "clonemedium", "disk", one.image, file, "--format", "RAW"); err != nil {
		_ = p.change(late, "closemedium", "disk", file) // it may be known already
		return nil, err
	}
	if err := p.change(late, "closemedium", "disk", file); err != nil {
		return nil, err
	}
	return openRaw(file)
}

// cleared removes what a capture has put into its scratch directory.
func cleared(scratch string) error {
	files, err := filepath.Glob(filepath.Join(scratch, mark+"*.raw"))
	for _, file := range append(files, filepath.Join(scratch, ownerFile)) {
		if gone := os.Remove(file); gone != nil && !os.IsNotExist(gone) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// abandoned takes away what captures have left whose processes are gone, of
// whichever machine, and refuses beside one of this machine that goes on.
func (p *Provider) abandoned(ctx context.Context, id string, about info) error {
	all, err := snapshots(about)
	if err != nil {
		return err
	}
	ours := regexp.MustCompile("^" + mark + "[0-9]+-[0-9a-f]{8}$")
	all = slices.DeleteFunc(all, func(k kept) bool { return !ours.MatchString(k.Name) || !filepath.IsAbs(k.Description) })
	for _, one := range all {
		if owned(one.Description) {
			return fault.New(fault.Locked, "try again when it has ended", fmt.Errorf("another capture of it goes on: %w", provider.ErrLocked))
		}
	}
	images, err := p.images(ctx)
	if err != nil {
		return err
	}
	for _, copied := range images {
		scratch := filepath.Dir(copied.path)
		if !strings.HasPrefix(filepath.Base(copied.path), mark) || owned(scratch) {
			continue
		}
		if err := errors.Join(p.change(ctx, "closemedium", "disk", copied.path), cleared(scratch)); err != nil {
			return err
		}
	}
	for _, one := range all {
		if err := errors.Join(cleared(one.Description), p.change(ctx, "snapshot", id, "delete", one.id)); err != nil {
			return err
		}
	}
	return nil
}

// owned says whether the process that a capture belongs to is there.
func owned(scratch string) bool {
	text, err := os.ReadFile(filepath.Join(scratch, ownerFile))
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(string(text))
	return err == nil && pid > 0 && !errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}
