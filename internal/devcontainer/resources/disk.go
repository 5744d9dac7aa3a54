package resources

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// fullness is how a file system stands. Percent alone says nothing: 5 % of a
// large disk are enough for a year, and 10 % of a small one for no image.
func fullness(d scene.Disk) doctor.State {
	share := percent(d.Free, d.Size)
	switch {
	case d.Size == 0 || d.ReadOnly:
	case share < 1 && d.Free < gib, share < 10 && d.Free < min(64*mib, d.Size/50):
		return doctor.Fail
	case share < 20 && d.Free < 2*gib, share < 3 && d.Free < 10*gib:
		return doctor.Warn
	}
	return doctor.OK
}

// spent is how its inodes stand: files cannot be made without, whatever df says.
func spent(d scene.Disk) doctor.State {
	share := percent(d.FreeInodes, d.Inodes)
	switch {
	case d.Inodes == 0 || d.ReadOnly:
	case share < 1 && d.FreeInodes < 5000:
		return doctor.Fail
	case share < 4 && d.FreeInodes < 50000:
		return doctor.Warn
	}
	return doctor.OK
}

func used(d scene.Disk) string {
	return fmt.Sprintf("%s of %s free (%.0f %% used) at %s", bytes(d.Free), bytes(d.Size), 100-percent(d.Free, d.Size), d.Mount)
}

func usedInodes(d scene.Disk) string {
	return fmt.Sprintf("%d of %d inodes free at %s", d.FreeInodes, d.Inodes, d.Mount)
}

// noSpace is what everything says on a full disk.
const noSpace = "no space left on device"

func space(ctx context.Context, s *scene.Scene) []doctor.Finding {
	return ofMachine(s, func(m *scene.Machine) []doctor.Finding {
		if !m.Data.Seen() {
			return doctor.Good("not told")
		}
		found := fullDisk(m.Data)
		if found[0].State == doctor.Fail {
			found[0].Explains = victims(ctx, s, m.Data)
		}
		return found
	})
}

// fullDisk judges the disk of the engine's data.
func fullDisk(d scene.Disk) []doctor.Finding {
	state := fullness(d)
	if state == doctor.OK {
		return doctor.Good("%s", used(d))
	}
	return []doctor.Finding{{
		State: state, Where: d.Path, Evidence: used(d),
		Cause: doctor.Say("el disco de los datos del motor está lleno o casi: no caben imágenes, capas ni lo que escriben los contenedores",
			"the disk of the engine's data is full or nearly so: there is no room for images, layers and what containers write"),
		Fix:      fmt.Sprintf("docker system df\ndocker builder prune\ndocker image prune\ndu -xhd2 %s | sort -h | tail -n 20", d.Path),
		Explains: []string{"DC-RES-010"},
		Repair:   pruning(),
	}}
}

// pruning gives back what is nobody's. It is not asked for without a question.
func pruning() *doctor.Repair {
	return &doctor.Repair{
		Do: []string{"docker builder prune --force", "docker image prune --force"},
		Loses: doctor.Say("la caché de construcción y las imágenes sin nombre que ningún contenedor usa: hay que construirlas o traerlas otra vez",
			"the build cache, and images without a name that no container uses: they have to be built or pulled again"),
	}
}

// victims are the codes that a full disk has caused, where something says so: the
// engine's own words about the container, or the container's last ones. An engine
// that has ended with not a byte left could not have been started either.
func victims(ctx context.Context, s *scene.Scene, d scene.Disk) []string {
	all := []string{"DC-RES-010"}
	if _, err := s.Engine(); err != nil {
		if d.Free < mib {
			all = append(all, "DC-ENG-001")
		}
		return all
	}
	main, err := s.Main()
	if err != nil || main == nil {
		return all
	}
	said := main.State.Error
	if health := main.State.Health; health != nil && len(health.Log) > 0 {
		said += health.Log[len(health.Log)-1].Output
	}
	if !mentions(said) {
		if log, err := s.Log(ctx, main, 50); err == nil {
			said += log
		}
	}
	if mentions(said) {
		all = append(all, "DC-STA-*", "DC-EXT-*")
	}
	return all
}

func mentions(text string) bool { return strings.Contains(strings.ToLower(text), noSpace) }

func inodes(_ context.Context, s *scene.Scene) []doctor.Finding {
	return ofMachine(s, func(m *scene.Machine) []doctor.Finding { return noInodes(m.Data) })
}

// noInodes judges those of the disk of the engine's data.
func noInodes(d scene.Disk) []doctor.Finding {
	state := spent(d)
	if state == doctor.OK {
		if d.Inodes == 0 {
			return doctor.Good("made as they are needed")
		}
		return doctor.Good("%s", usedInodes(d))
	}
	return []doctor.Finding{{
		State: state, Where: d.Path, Evidence: usedInodes(d),
		Cause: doctor.Say("se acaban los inodos: no se pueden crear archivos aunque df muestre espacio (no space left on device)",
			"there are no inodes left, or hardly any: no file can be made, though df shows room (no space left on device)"),
		Fix:    fmt.Sprintf("df -i %s\ndu -x --inodes -d2 %s | sort -n | tail -n 20\ndocker image prune", d.Path, d.Path),
		Repair: pruning(),
	}}
}

func writable(_ context.Context, s *scene.Scene) []doctor.Finding {
	return ofMachine(s, func(m *scene.Machine) []doctor.Finding {
		if !m.Data.ReadOnly {
			return doctor.Good("%s", m.Data.Type)
		}
		return []doctor.Finding{{
			State: doctor.Fail, Where: m.Data.Path, Evidence: fmt.Sprintf("%s is mounted read-only at %s", m.Data.Device, m.Data.Mount),
			Cause: doctor.Say("el sistema de archivos del motor está en solo lectura: suele ponerlo así el núcleo tras un error del disco",
				"the file system of the engine's data is read-only: the kernel makes it so after an error of the disk"),
			Fix:      fmt.Sprintf("dmesg | grep -iE 'error|remount' | tail\nmount -o remount,rw %s   # after fsck, when the disk is sound", m.Data.Mount),
			Explains: []string{"DC-ENG-001", "DC-STA-*"},
		}}
	})
}

// inside judges the file systems that the devcontainer sees, and on this machine
// that of the workspace. One that is the disk of the engine's data is judged there.
func inside(_ context.Context, s *scene.Scene) []doctor.Finding {
	m, _ := s.Machine()
	var in *scene.Interior
	main, err := s.Main()
	if main != nil && main.State.Running && !main.State.Paused {
		in, err = s.Interior()
	}
	var found []doctor.Finding
	var seen []scene.Disk
	if m != nil {
		seen = append(seen, m.Data)
		if m.Work.Seen() && !m.Work.Same(m.Data) {
			found, seen = append(found, fullInside(m.Work)...), append(seen, m.Work)
		}
	}
	if in != nil {
		for _, d := range in.Disks {
			if judged(d, seen) {
				continue
			}
			found, seen = append(found, fullInside(d)...), append(seen, d)
		}
	}
	switch {
	case len(found) > 0:
		return found
	case in == nil && err != nil:
		return doctor.Unseen(err)
	case in == nil:
		return doctor.Good("no container runs")
	}
	return doctor.Good("%d file systems", len(in.Disks))
}

// judged says whether a file system was looked at, or is none that people write
// to.
func judged(d scene.Disk, seen []scene.Disk) bool {
	for _, other := range []string{"/proc", "/sys"} {
		if d.Mount == other || strings.HasPrefix(d.Mount, other+"/") {
			return true
		}
	}
	for _, other := range seen {
		// A tmpfs has the device of its kind, so only what it is tells it apart.
		if d.Type != "tmpfs" && d.Same(other) || d.Mount == other.Mount {
			return true
		}
	}
	return false
}

// fullInside judges one of them. A small one is full when it is: no image has to
// fit in.
func fullInside(d scene.Disk) []doctor.Finding {
	share := percent(d.Free, d.Size)
	f := doctor.Finding{Where: d.Mount, Evidence: used(d), Explains: []string{"DC-EXT-008"}}
	switch {
	case d.ReadOnly || d.Size == 0:
		return nil
	case share < 1 && d.Free < 256*mib:
		f.State = doctor.Fail
	case share < 5 && d.Free < 64*mib:
		f.State = doctor.Warn
	case spent(d) == doctor.Fail:
		f.State, f.Evidence = doctor.Fail, usedInodes(d)
	default:
		return nil
	}
	f.Cause = doctor.Say("este sistema de archivos está lleno: lo que escriba ahí falla con «%[1]s»", "this file system is full: what writes there fails with \"%[1]s\"", noSpace)
	f.Fix = fmt.Sprintf("docker exec CONTAINER du -xhd1 %s   # then remove what is not needed", d.Mount)
	switch {
	case d.Mount == "/dev/shm":
		f.Fix += "\n# or more of it: \"runArgs\": [\"--shm-size=1g\"], or shm_size in Compose"
	case d.Type == "tmpfs":
		f.Fix += fmt.Sprintf("\n# or more of it: \"runArgs\": [\"--tmpfs=%s:size=1g\"]", d.Mount)
	}
	return []doctor.Finding{f}
}
