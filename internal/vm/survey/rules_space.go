package survey

import (
	"fmt"

	"iact-infra/internal/report"
	"iact-infra/internal/verdict"
	"iact-infra/internal/vm/provider"
)

// memory holds what is free against the machines that do not run yet: one that
// runs has its memory already.
func (f *Facts) memory(w Wants) verdict.Finding {
	var need uint64
	runs := 0
	for _, m := range w.Machines {
		if m.Running {
			runs++
			continue
		}
		need += m.Memory
	}
	free := f.Available
	if free == 0 { // macOS gives memory back when it is asked for
		free = f.Memory
	}
	seen := fmt.Sprintf("%s free of %s, wanted: %s for %d machines", bytes(free), bytes(f.Memory), bytes(need), len(w.Machines)-runs)
	less := verdict.Say("cierre otras máquinas y programas, o baje vm: {memory: …} en config/iact.local.yaml (o memory en el Vagrantfile)", "close other machines and programs, or lower vm: {memory: …} in config/iact.local.yaml (or memory in the Vagrantfile)")
	const spare = 512 << 20 // for this host's own programs
	switch {
	case free >= need+spare || need == 0:
		return fine("%s", seen)
	case free >= need:
		return warn(seen, verdict.Say("al anfitrión le queda muy poco", "very little is left to the host"), less)
	case free+f.Swap >= need:
		return warn(seen+"; swap "+bytes(f.Swap), verdict.Say("las máquinas usarían el intercambio, y todo iría muy lento", "the machines would use the swap, and all would get very slow"), less)
	}
	return fail(seen, verdict.Say("no hay memoria para las máquinas que faltan", "there is no memory for the machines that are still to run"), less)
}

func bytes(n uint64) string { return report.Bytes(int64(n)) }

// place finds one by its use.
func (f *Facts) place(use Use) (Place, bool) {
	for _, p := range f.Places {
		if p.What == use {
			return p, p.Unknown == ""
		}
	}
	return Place{Unknown: "nobody looked"}, false
}

// space holds what is free where the provider keeps machines against what they
// may grow to. Machines that are there have part of it already.
func (f *Facts) space(w Wants) verdict.Finding {
	p, told := f.place(ForMachines)
	if !told {
		return unknown("space for machines", p.Unknown)
	}
	made := len(w.Machines) > 0
	for _, m := range w.Machines {
		made = made && m.Made == w.Provider
	}
	seen := fmt.Sprintf("%s free in %s, wanted: %s", bytes(p.Free), p.Path, bytes(w.Disk))
	cause := verdict.Say("los discos de las máquinas crecen hasta llenarlo, y se detienen en medio de una escritura", "the disks of the machines grow until it is full, and stop in the middle of a write")
	move := "virsh pool-edit default"
	if w.Provider == provider.VirtualBox {
		move = "VBoxManage setproperty machinefolder DIR"
	}
	fix := verdict.Sayf("libere espacio ahí, o mueva el directorio (%s), o baje vm: {disk: …} en config/iact.local.yaml", "free space there, or move the folder (%s), or lower vm: {disk: …} in config/iact.local.yaml", move)
	switch {
	case p.Free >= w.Disk:
		return fine("%s", seen)
	case made:
		return warn(seen, cause, fix)
	}
	return fail(seen, cause, fix)
}

// boxes are some gigabytes each, and are unpacked there as well.
func (f *Facts) boxes(w Wants) verdict.Finding {
	p, told := f.place(ForBoxes)
	if !told {
		return unknown("space for boxes", p.Unknown)
	}
	seen := fmt.Sprintf("%s free in %s", bytes(p.Free), p.Path)
	if machines, same := f.place(ForMachines); same && machines.Device == p.Device {
		return fine("%s, the file system of the machines", seen)
	}
	if p.Free < 5<<30 {
		return warn(seen, verdict.Say("una box ocupa de 1 a 4 GiB, y otro tanto mientras se desempaqueta", "a box takes 1 to 4 GiB, and as much again while it is unpacked"),
			verdict.Say("vagrant box prune, o VAGRANT_HOME en otro disco", "vagrant box prune, or VAGRANT_HOME on another disk"))
	}
	return fine("%s", seen)
}

func (f *Facts) inodes(Wants) verdict.Finding {
	seen := "enough"
	for _, use := range []Use{ForMachines, ForBoxes} {
		p, told := f.place(use)
		if told && p.TotalInodes > 0 && p.Inodes < 10_000 {
			return warn(fmt.Sprintf("%d free in %s", p.Inodes, p.Path), verdict.Say("sin inodos no se crea ningún archivo, aunque haya espacio", "without inodes no file is made, whatever space there is"),
				verdict.Same(fmt.Sprintf("du --inodes -d 2 %s | sort -n | tail", p.Existing)))
		}
		if told && p.TotalInodes > 0 {
			seen = fmt.Sprintf("%d free in %s", p.Inodes, p.Path)
		}
	}
	return fine("%s", seen)
}
