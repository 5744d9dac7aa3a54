package vm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/diskimage"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/report"
	"iact-infra/internal/vm/provider"
)

// exportKey is where a run notes the directory that it is about to fill.
const exportKey = "export"

// The files of an export besides the disks and the definition.
const (
	sumsFile   = "SHA256SUMS" // written last: without it an export is unfinished
	readmeFile = "README.md"
)

// exporting is what vm:export is about to make.
type exporting struct {
	Dir  string `json:"dir"`
	Made bool   `json:"made"` // the directory was not there
}

// Exported is what it has made.
type Exported struct {
	Machine string   `json:"machine"`
	Dir     string   `json:"dir"`
	Files   []string `json:"files"`
	Size    int64    `json:"size_bytes"`
	Notes   []string `json:"notes"`
}

// export is vm:export: the disks of one moment and the definition, in a directory
// that any other host imports by the lines in its README.md.
func (r *Room) export(ctx context.Context, w *procedure.Work) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	m, err := s.one(ctx)
	if err != nil {
		return err
	}
	note := exporting{Dir: s.pick.To}
	if note.Dir == "" {
		return fault.New(fault.Usage, "-to=DIR, a new or empty directory", fmt.Errorf("export %s: no directory is named", m.Name))
	}
	if note.Dir, err = filepath.Abs(note.Dir); err != nil {
		return err
	}
	var cut exporting
	goesOn, err := w.Recall(exportKey, &cut)
	if err != nil {
		return err
	}
	if goesOn && cut.Dir == note.Dir { // what a killed run has left there is of no use
		if err := emptied(cut); err != nil {
			return fmt.Errorf("export %s: %w", m.Name, err)
		}
	}
	there, err := os.ReadDir(note.Dir)
	note.Made = os.IsNotExist(err)
	if err == nil && len(there) > 0 {
		return fault.New(fault.Usage, "name a new directory", fmt.Errorf("export %s: there is something in %s already", m.Name, note.Dir))
	}
	if err := w.Record(exportKey, note); err != nil {
		return err
	}
	if err := os.MkdirAll(note.Dir, 0o700); err != nil {
		return fmt.Errorf("export %s: %w", m.Name, err)
	}
	done := &Exported{Machine: m.Name, Dir: note.Dir, Notes: []string{}}
	if err := r.exportTo(ctx, w, m, done); err != nil {
		return fmt.Errorf("export %s: %w", m.Name, err)
	}
	r.mu.Lock()
	r.exportedTo = done
	r.mu.Unlock()
	w.Publish(done, func(out io.Writer) {
		for _, note := range done.Notes {
			fmt.Fprintln(out, "note: "+note)
		}
		fmt.Fprintf(out, "%s: %s of %s; %s tells how it is imported\n", note.Dir, report.Bytes(done.Size), m.Name, readmeFile)
	})
	return nil
}

func (r *Room) exportTo(ctx context.Context, w *procedure.Work, m machine, done *Exported) (err error) {
	// Under a name of its own: that of a run that was killed is told to be gone.
	scratch, err := os.MkdirTemp(done.Dir, ".scratch-*")
	if err != nil {
		return err
	}
	if m.on() {
		r.settle(ctx, w, m)
	}
	c, err := m.provider.Capture(ctx, m.ID, scratch)
	if err != nil {
		return err
	}
	open := true
	defer func() {
		if open {
			err = errors.Join(err, c.Close())
		}
	}()
	done.Notes = append(done.Notes, c.Notes...)
	for name, text := range c.Definition.Files {
		if err := os.WriteFile(filepath.Join(done.Dir, name), text, 0o600); err != nil {
			return err
		}
		done.Files = append(done.Files, name)
	}
	var raws []string
	for _, d := range c.Disks {
		raw := filepath.Join(scratch, d.Target+".raw")
		bar := w.Say.Progress(d.Target, -1)
		err := diskimage.Copy(ctx, d, raw, func(n int) { bar.Add(n) })
		bar.Done()
		if err != nil {
			return err
		}
		raws = append(raws, d.Target)
	}
	// The machine is not held for longer than its disks are read.
	open = false
	if err := c.Close(); err != nil {
		return err
	}
	for _, target := range raws {
		file := target + ".qcow2"
		pack := command.Change("qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", "-o", "compression_type=zstd", filepath.Join(scratch, target+".raw"), filepath.Join(done.Dir, file))
		if err := w.Door.Run(ctx, pack); err != nil {
			return err
		}
		done.Files = append(done.Files, file)
	}
	if err := os.RemoveAll(scratch); err != nil {
		return err
	}
	return done.finish(c.Definition)
}

// finish writes how to import it, and the sums of all that is there.
func (e *Exported) finish(d provider.Definition) error {
	var lines []string
	if d.Provider == provider.VirtualBox {
		for _, target := range d.Targets {
			lines = append(lines, "qemu-img convert -O vdi "+target+".qcow2 "+target+".vdi")
		}
		lines = append(lines, "VBoxManage registervm \"$PWD/machine.vbox\"    # after its disks are named there by their new paths")
	} else {
		lines = append(lines, "sed -i \"s|file='[^']*\\(vmlinuz\\|initrd.img\\)'|file='$PWD/\\1'|\" domain.xml    # where it starts without a boot loader")
		for _, target := range d.Targets {
			lines = append(lines, "virsh define domain.xml    # after disk "+target+" names $PWD/"+target+".qcow2 there, of type qcow2")
		}
	}
	text := fmt.Sprintf("# %s\n\nThe machine %s of %s at one moment: its definition, and its disks as qcow2.\n\n```sh\nsha256sum -c %s\n%s\n```\n", e.Machine, d.Domain, d.Provider, sumsFile, strings.Join(lines, "\n"))
	if err := os.WriteFile(filepath.Join(e.Dir, readmeFile), []byte(text), 0o600); err != nil {
		return err
	}
	e.Files = append(e.Files, readmeFile)
	slices.Sort(e.Files)
	var sums strings.Builder
	for _, name := range e.Files {
		sum, size, err := sum(filepath.Join(e.Dir, name))
		if err != nil {
			return err
		}
		e.Size += size
		fmt.Fprintf(&sums, "%s  %s\n", sum, name)
	}
	return os.WriteFile(filepath.Join(e.Dir, sumsFile), []byte(sums.String()), 0o600)
}

func sum(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, f)
	return hex.EncodeToString(hash.Sum(nil)), n, err
}

// exported is Validate of vm:export: every file is what its sum says, and QEMU
// finds the disks whole.
func (r *Room) exported(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	r.mu.Lock()
	done := r.exportedTo
	r.mu.Unlock()
	if done == nil {
		return "", errors.New("look at the export: there is none")
	}
	sums, err := os.ReadFile(filepath.Join(done.Dir, sumsFile))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(sums)) {
		want, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		got, _, err := sum(filepath.Join(done.Dir, name))
		if err != nil || got != want {
			return "", errors.Join(err, fmt.Errorf("look at %s: it is not what was written", name))
		}
		if strings.HasSuffix(name, ".qcow2") {
			if err := w.Door.Run(ctx, command.Read("qemu-img", "check", "-q", filepath.Join(done.Dir, name))); err != nil {
				return "", fmt.Errorf("look at %s: %w", name, err)
			}
		}
	}
	return procedure.Evidence(fmt.Sprintf("%s in %s, %d files by their sums", report.Bytes(done.Size), done.Dir, len(done.Files))), nil
}

// unexport takes vm:export back: what it wrote goes.
func (r *Room) unexport(_ context.Context, w *procedure.Work) error {
	var note exporting
	found, err := w.Recall(exportKey, &note)
	if err != nil {
		return err
	}
	if !found {
		return procedure.ErrNothingToUndo
	}
	return emptied(note)
}

// emptied takes away what an export has written, and its directory if it made that.
func emptied(note exporting) error {
	there, err := os.ReadDir(note.Dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, one := range there {
		if err := os.RemoveAll(filepath.Join(note.Dir, one.Name())); err != nil {
			return err
		}
	}
	if note.Made {
		if err := os.Remove(note.Dir); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

func (r *Room) unexported(_ context.Context, w *procedure.Work) (procedure.Evidence, error) {
	var note exporting
	if found, err := w.Recall(exportKey, &note); err != nil || !found {
		return "nothing was exported", err
	}
	if there, err := os.ReadDir(note.Dir); err == nil && len(there) > 0 {
		return "", fmt.Errorf("look at %s: there is still something in it", note.Dir)
	}
	return procedure.Evidence(note.Dir + " is as it was"), nil
}
