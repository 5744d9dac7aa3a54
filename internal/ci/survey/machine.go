package survey

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"iact-infra/internal/ci/pipeline"
	"iact-infra/internal/report"
	"iact-infra/internal/verdict"
)

// resources are what the machine has. A number below 0 could not be read.
type resources struct {
	cores                     int
	memory, available         int64
	free, inodes, totalInodes int64
	watches                   int
}

// measure asks the kernel, and the file system that the project is on.
func measure(dir string) resources {
	r := resources{cores: runtime.NumCPU(), memory: -1, available: -1, free: -1, inodes: -1, watches: -1}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		r.memory, r.available = kibibytes(text, "MemTotal"), kibibytes(text, "MemAvailable")
	}
	var disk unix.Statfs_t
	if unix.Statfs(dir, &disk) == nil {
		r.free, r.inodes, r.totalInodes = int64(disk.Bavail*uint64(disk.Bsize)), int64(disk.Ffree), int64(disk.Files)
	}
	if text, err := os.ReadFile("/proc/sys/fs/inotify/max_user_watches"); err == nil {
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			r.watches = n
		}
	}
	return r
}

func kibibytes(meminfo []byte, name string) int64 {
	found := regexp.MustCompile(`(?m)^` + name + `:\s+(\d+) kB`).FindSubmatch(meminfo)
	if found == nil {
		return -1
	}
	n, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		return -1
	}
	return n << 10
}

func (l look) machine(context.Context) []verdict.Finding { return l.judge(measure(l.Dir)) }

// The procedure asks for 4 cores, 16 GiB and 100 GB. A pipeline runs with less,
// slowly; it only fails where there is hardly anything.
func (l look) judge(r resources) []verdict.Finding {
	all := l.cores(r)
	all = append(all, l.memory(r)...)
	all = append(all, l.disk(r)...)
	if len(l.of(pipeline.Node)) > 0 && runtime.GOOS == "linux" {
		all = append(all, l.watches(r)...)
	}
	return all
}

func unread(f verdict.Finding) []verdict.Finding {
	f.Unknown = true
	return bad(f, verdict.Warn, "unknown", verdict.Say("el sistema no lo dijo", "the system did not tell"), verdict.Say("mírelo usted", "look yourself"))
}

func (l look) cores(r resources) []verdict.Finding {
	f := finding("CI-CPU-001", "Núcleos", "Cores", "")
	if r.cores < 2 {
		return bad(f, verdict.Warn, strconv.Itoa(r.cores), verdict.Say("las etapas van una tras otra", "stages run one after the other"), verdict.Say("dé más núcleos a la máquina", "give the machine more cores"))
	}
	return fine(f, "%d", r.cores)
}

func (l look) memory(r resources) []verdict.Finding {
	f := finding("CI-MEM-001", "Memoria", "Memory", "")
	seen := report.Bytes(r.available) + " available of " + report.Bytes(r.memory)
	less := verdict.Say("cierre programas, o limite los trabajadores: jest --maxWorkers=50%", "close programs, or limit the workers: jest --maxWorkers=50%")
	switch {
	case r.memory < 0 || r.available < 0:
		return unread(f)
	case r.available < 512<<20:
		return bad(f, verdict.Fail, seen, verdict.Say("el núcleo terminaría los trabajos (salida 137)", "the kernel would end the jobs (exit 137)"), less)
	case r.available < 2<<30:
		return bad(f, verdict.Warn, seen, verdict.Say("webpack y Jest suelen tomar de 1 a 2 GiB", "webpack and Jest usually take 1 to 2 GiB"), less)
	}
	return fine(f, "%s", seen)
}

func (l look) disk(r resources) []verdict.Finding {
	f := finding("CI-DSK-001", "Espacio en disco", "Disk space", "")
	nodes := finding("CI-DSK-002", "Inodos", "Inodes", "")
	if r.free < 0 {
		return append(unread(f), unread(nodes)...)
	}
	seen := report.Bytes(r.free) + " free in " + l.Dir
	clean := verdict.Say("mage ci:clean borra lo que hizo el pipeline, y nada más", "mage ci:clean removes what the pipeline made, and nothing else")
	var all []verdict.Finding
	switch {
	case r.free < 1<<30:
		all = bad(f, verdict.Fail, seen, verdict.Say("las dependencias y el build no caben (ENOSPC)", "dependencies and build do not fit (ENOSPC)"), clean)
	case r.free < 10<<30:
		all = bad(f, verdict.Warn, seen, verdict.Say("con imágenes y caché se llena pronto", "with images and the cache it is full soon"), clean)
	default:
		all = fine(f, "%s", seen)
	}
	switch {
	case r.totalInodes == 0: // btrfs has no limit
		return append(all, fine(nodes, "no limit")...)
	case r.inodes < 10_000:
		return append(all, bad(nodes, verdict.Fail, strconv.FormatInt(r.inodes, 10), verdict.Say("sin inodos no se crea ningún archivo, aunque haya espacio", "without inodes no file is made, whatever space there is"), clean)...)
	case r.inodes < 100_000:
		return append(all, bad(nodes, verdict.Warn, strconv.FormatInt(r.inodes, 10), verdict.Say("un node_modules tiene decenas de miles de archivos", "one node_modules has tens of thousands of files"), clean)...)
	}
	return append(all, fine(nodes, "%d free", r.inodes)...)
}

// watches: what runs out of them says ENOSPC as well, and the disk is blamed.
func (l look) watches(r resources) []verdict.Finding {
	f := finding("CI-KRN-001", "Vigilancia de archivos (inotify)", "File watching (inotify)", "")
	const enough = 65536
	switch {
	case r.watches < 0:
		return unread(f)
	case r.watches < enough:
		return bad(f, verdict.Warn, strconv.Itoa(r.watches), verdict.Say("webpack y jest --watch fallan con ENOSPC: System limit for number of file watchers reached", "webpack and jest --watch fail with ENOSPC: System limit for number of file watchers reached"),
			verdict.Same(fmt.Sprintf("echo fs.inotify.max_user_watches=%d | sudo tee /etc/sysctl.d/60-inotify.conf && sudo sysctl --system", 8*enough)))
	}
	return fine(f, "%d", r.watches)
}
