package compat

import (
	"bytes"
	"cmp"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
)

// command is one for a side. A script of the environment runs in that
// environment, whatever its first line says: in one that was moved aside it
// names the interpreter that has taken its place.
func (r *run) command(s *side, one smokeCommand) (command.Command, error) {
	bin := filepath.Dir(s.program)
	program, args := one.words[0], one.words[1:]
	switch path := filepath.Join(bin, program); {
	case strings.Contains(program, "/"):
	case slices.Contains([]string{"python", "python3"}, program):
		program = s.program
	case script(path):
		program, args = s.program, append([]string{path}, args...)
	case executable(path):
		program = path
	}
	c := command.Read(program, args...)
	c.Changes = !one.ours
	c.Dir, c.As = r.Project, s.as
	scratch, err := os.MkdirTemp(s.home, "smoke-")
	if err != nil {
		return c, err
	}
	c.Env = append([]string{
		"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "VIRTUAL_ENV=" + s.Env,
		"PYTHONHOME=", "PYTHONDONTWRITEBYTECODE=1", "PYTHONFAULTHANDLER=1", "XDG_CACHE_HOME=" + scratch, "TMPDIR=" + scratch,
		"PYTEST_ADDOPTS=" + strings.TrimSpace(os.Getenv("PYTEST_ADDOPTS")+" -p no:cacheprovider"), "COVERAGE_FILE=" + filepath.Join(scratch, "coverage"),
		"PIP_DISABLE_PIP_VERSION_CHECK=1", "PIP_NO_INPUT=1",
	}, one.env...)
	c.Timeout = cmp.Or(r.SmokeTimeout, 10*time.Minute)
	return c, chownLike(s, scratch)
}

// script says whether a program of the environment is Python's to run.
func script(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	head := make([]byte, 512)
	n, _ := io.ReadFull(file, head)
	line, rest, _ := bytes.Cut(head[:n], []byte("\n"))
	// A path that is too long for a first line is written as a shell's exec.
	return bytes.HasPrefix(line, []byte("#!")) && (bytes.Contains(line, []byte("python")) || bytes.HasPrefix(rest, []byte("'''exec'")))
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
