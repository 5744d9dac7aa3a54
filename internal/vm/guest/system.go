package guest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/report"
)

// Machine is what a machine should be. Zero fields are not asked for.
type Machine struct {
	Name      string
	State     string // by the provider
	CPUs      int
	Memory    int64    // bytes, as the provider gives it
	Wanted    int      // MiB, as the configuration asks for it, where that is known
	WantedCPU int      // likewise
	Addresses []string // private ones, of the Vagrantfile
	Shared    bool     // the directory of the project is at /vagrant
	Timezone  string
}

// System judges step 5: resources, network and clock.
func System(m Machine, f *Facts) []Finding {
	j := &judge{machine: m.Name}
	j.that(true, "en marcha y responde por SSH", "runs, and answers by SSH", m.State+", "+f.value("system", "hostname"), "")
	j.cpus(m, f)
	j.memory(m, f)
	j.network(m, f)
	if m.Shared {
		j.better(f.value("system", "shared") == "yes", "/vagrant está montado", "/vagrant is there", either(f.value("system", "shared"), "empty or not there"), "go tool mage vm:reload -machine="+m.Name)
	}
	j.disk(f)
	j.clock(m, f)
	return j.found
}

func (j *judge) cpus(m Machine, f *Facts) {
	has := f.number("cpus")
	want := m.CPUs
	if m.WantedCPU > 0 {
		want = m.WantedCPU
	}
	j.that(has >= 1 && (want == 0 || has == int64(want)), "procesadores", "processors", fmt.Sprintf("%d of %d", has, want), "go tool mage vm:reload -machine="+m.Name)
}

// memory allows for what the kernel and the firmware keep for themselves.
func (j *judge) memory(m Machine, f *Facts) {
	has := f.number("memory_kib") << 10
	want := m.Memory
	if m.Wanted > 0 {
		want = int64(m.Wanted) << 20
	}
	const kept = 15 // percent, and some more of a small machine
	enough := has >= want*(100-kept)/100-64<<20
	fix := "go tool mage vm:reload -machine=" + m.Name
	j.that(enough && has > 0, "memoria", "memory", report.Bytes(has)+" of "+report.Bytes(want), fix)
	available := f.number("available_kib") << 10
	j.better(available*20 >= has, "memoria disponible", "memory available", report.Bytes(available), "raise vm.memory in config/iact.yaml or the Vagrantfile, then go tool mage vm:reload -machine="+m.Name)
}

// inside is the line that runs a command in the machine. Nothing of it is
// expanded on this host.
func (j *judge) inside(line string) string {
	return "go tool mage vm:ssh -machine=" + j.machine + " -c='" + line + "'"
}

func (j *judge) network(m Machine, f *Facts) {
	addresses := strings.Fields(f.value("system", "addresses"))
	j.that(len(addresses) > 0, "direcciones", "addresses", strings.Join(addresses, " "), "go tool mage vm:reload -machine="+m.Name)
	for _, want := range m.Addresses {
		there := false
		for _, has := range addresses {
			there = there || has == want
		}
		j.that(there, "dirección privada", "private address", want, "go tool mage vm:reload -machine="+m.Name)
	}
	j.better(f.value("system", "route") != "", "ruta por defecto", "default route", f.value("system", "route"), "without it nothing can be downloaded: go tool mage vm:reload -machine="+m.Name)
	j.better(f.value("system", "names") == "yes", "su nombre se resuelve", "its name resolves", f.value("system", "hostname"), "sudo waits for names that do not resolve: "+j.inside("echo 127.0.1.1 $(hostname) | sudo tee -a /etc/hosts"))
	j.better(f.value("system", "dns") != "", "servidor de nombres", "name server", f.value("system", "dns"), "no nameserver in /etc/resolv.conf: go tool mage vm:reload -machine="+m.Name)
}

func (j *judge) disk(f *Facts) {
	j.that(f.number("readonly") == 0, "el disco se puede escribir", "the disk can be written", "/", "the kernel has seen an error of the disk: "+j.inside("sudo dmesg | tail -n 30"))
	for _, row := range []struct{ name, es, en string }{{"disk", "espacio libre", "free space"}, {"inodes", "inodos libres", "free inodes"}} {
		size, free, _ := strings.Cut(f.value("system", row.name), " ")
		all, _ := strconv.ParseInt(size, 10, 64)
		left, _ := strconv.ParseInt(free, 10, 64)
		if all == 0 {
			continue // a file system that does not count them
		}
		seen := fmt.Sprintf("%d %%", left*100/all)
		switch {
		case left*100 < all:
			j.say(Fail, row.es, row.en, seen, j.inside("sudo du -xh --max-depth=2 / | sort -h | tail -n 20")+" shows what is large")
		default:
			j.better(left*10 >= all, row.es, row.en, seen, j.inside("sudo apt-get clean"))
		}
	}
}

// clock allows for what asking took. A machine that was suspended or restored
// goes on with the clock of that moment.
func (j *judge) clock(m Machine, f *Facts) {
	if m.Timezone != "" {
		zone := f.value("system", "zone")
		j.that(sameZone(zone, m.Timezone), "zona horaria", "time zone", zone, j.inside("sudo timedatectl set-timezone "+m.Timezone))
	}
	seconds, err := strconv.ParseFloat(f.value("system", "clock"), 64)
	if err != nil {
		return
	}
	at := time.UnixMilli(int64(seconds * 1000))
	const slack = 5 * time.Second
	off := time.Duration(0)
	switch {
	case at.Before(f.Began):
		off = f.Began.Sub(at)
	case at.After(f.Ended):
		off = at.Sub(f.Ended)
	}
	seen := "right"
	if off > slack {
		seen = off.Round(time.Second).String() + " off"
	}
	j.better(off <= slack, "reloj", "clock", seen, "go tool mage vm:ssh -machine="+m.Name+" -c='sudo date -s @'$(date +%s)")
}

// sameZone takes the names of UTC for one.
func sameZone(a, b string) bool {
	plain := func(s string) string {
		switch s {
		case "UTC", "Etc/UTC", "Zulu", "Etc/UCT", "UCT", "Universal", "Etc/Universal":
			return "UTC"
		}
		return s
	}
	return plain(a) == plain(b)
}
