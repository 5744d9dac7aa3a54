package pybench

import (
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is where it was measured.
type Machine struct {
	CPUs  int     `json:"cpus"`
	Model string  `json:"model"`
	Load  float64 `json:"load"` // of the last minute, at the start
}

func rootFS() fs.FS { return os.DirFS("/") }

// readMachine reads what /proc and /sys tell, and remarks on what makes times
// vary. What is not there is not remarked on.
func readMachine(root fs.FS) (Machine, []string) {
	m := Machine{CPUs: runtime.NumCPU(), Model: runtime.GOARCH}
	info := text(root, "proc/cpuinfo")
	if model := field(info, "model name"); model != "" {
		m.Model = model
	}
	load, _, _ := strings.Cut(text(root, "proc/loadavg"), " ")
	if value, err := strconv.ParseFloat(load, 64); err == nil {
		m.Load = value
	}
	var notes []string
	if m.Load > float64(m.CPUs)/2 {
		notes = append(notes, fmt.Sprintf("the load was %.1f on %d cores at the start: something else was running", m.Load, m.CPUs))
	}
	if governor := text(root, "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); governor != "" && governor != "performance" {
		notes = append(notes, "the frequency governor is "+governor+": times vary with the frequency; cpupower frequency-set -g performance holds it")
	}
	if text(root, "sys/devices/system/cpu/intel_pstate/no_turbo") == "0" || text(root, "sys/devices/system/cpu/cpufreq/boost") == "1" {
		notes = append(notes, "turbo is on: times vary with the temperature")
	}
	if strings.Contains(" "+field(info, "flags")+" ", " hypervisor ") {
		notes = append(notes, "this is a virtual machine: what its neighbours do is measured, too")
	}
	return m, notes
}

func text(root fs.FS, name string) string {
	all, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(all))
}

// field is the first value of that name in /proc/cpuinfo.
func field(info, name string) string {
	for line := range strings.Lines(info) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
