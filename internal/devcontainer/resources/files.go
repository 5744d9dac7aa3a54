package resources

import (
	"context"
	"fmt"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// fewFiles is a limit that the programs of a devcontainer do not work with: a
// server of an editor opens some hundreds.
const fewFiles = 512

func files(_ context.Context, s *scene.Scene) []doctor.Finding {
	found := each(s, func(r running) (doctor.Finding, string) { return manyOpen(r.Container, r.Processes) })
	m, err := s.Machine()
	if err != nil {
		return found
	}
	return append(kernelFiles(m.OpenFiles, m.FileLimit), found...)
}

// manyOpen judges what each process has open against its own limit.
func manyOpen(c *scene.Container, all []scene.Process) (doctor.Finding, string) {
	said := "not told"
	var worst scene.Process
	for _, p := range all {
		if p.MaxFiles <= 0 || p.Files < 0 {
			continue
		}
		if said == "not told" {
			said = fmt.Sprintf("%s has %d of %d", p.Name, p.Files, p.MaxFiles)
		}
		if worst.MaxFiles == 0 || percent(int64(p.Files), int64(p.MaxFiles)) > percent(int64(worst.Files), int64(worst.MaxFiles)) {
			worst = p
		}
	}
	share := percent(int64(worst.Files), int64(worst.MaxFiles))
	f := doctor.Finding{
		Evidence: fmt.Sprintf("%s (process %d) has %d of %d open files", worst.Name, worst.PID, worst.Files, worst.MaxFiles),
		Cause: doctor.Say("un proceso está en su límite de archivos abiertos: lo siguiente que abra falla (EMFILE, too many open files)",
			"a process is at its limit of open files: what it opens next fails (EMFILE, too many open files)"),
		Fix: fmt.Sprintf("docker exec %s sh -c 'ulimit -n'\n# \"runArgs\": [\"--ulimit\", \"nofile=65536:65536\"], or ulimits in Compose; then rebuild", c.Name),
	}
	switch {
	case worst.MaxFiles == 0:
		return doctor.Finding{}, said
	case share >= 98:
		f.State = doctor.Fail
	case share >= 90:
		f.State = doctor.Warn
	case worst.MaxFiles < fewFiles && asked(c, "nofile"):
		f.State, f.Evidence = doctor.Warn, fmt.Sprintf("ulimit nofile %d", worst.MaxFiles)
		f.Cause = doctor.Say("el límite de archivos abiertos es tan bajo que los servidores de editores y de desarrollo no funcionan (EMFILE, too many open files)",
			"the limit of open files is so low that the servers of editors and development tools do not work (EMFILE, too many open files)")
	default:
		return doctor.Finding{}, said
	}
	return f, said
}

// asked says whether the container was made with a limit of its own.
func asked(c *scene.Container, name string) bool {
	for _, u := range c.HostConfig.Ulimits {
		if u.Name == name {
			return true
		}
	}
	return false
}

// kernelFiles judges the limit that all of the machine has in common.
func kernelFiles(open, limit int64) []doctor.Finding {
	if limit == 0 || percent(open, limit) < 95 {
		return nil
	}
	want := 2 * limit
	return []doctor.Finding{{
		State: doctor.Fail, Where: "fs.file-max", Evidence: fmt.Sprintf("%d of %d files are open", open, limit),
		Cause: doctor.Say("la máquina entera está en su límite de archivos abiertos (ENFILE)", "the whole machine is at its limit of open files (ENFILE)"),
		Fix:   fmt.Sprintf("sudo sysctl -w fs.file-max=%d", want),
		Repair: &doctor.Repair{
			Safe: true, Do: []string{fmt.Sprintf("sysctl -w fs.file-max=%d", want)}, Undo: []string{fmt.Sprintf("sysctl -w fs.file-max=%d", limit)},
			Was: "sysctl -n fs.file-max",
		},
	}}
}
