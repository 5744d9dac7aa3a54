package state

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
)

// programLimit is for reading the start of a file of a container.
const programLimit = 2 * time.Second

// unrunnable is a program that the kernel would not run, or that its shell did
// not find: what runc, an init or the shell wrote into the log instead of it.
func unrunnable(ctx context.Context, s *scene.Scene, c *scene.Container, said []string, f *doctor.Finding) bool {
	kernel := regexp.MustCompile(`^(?:exec ([^:]+): |standard_init_linux\.go:\d+: exec user process caused:? "?|\[FATAL +tini \(\d+\)\] exec (\S+) failed: )(?i:(exec format error|no such file or directory|permission denied))`)
	shell := regexp.MustCompile(`^(?:\S*sh: )(?:\d+: |line \d+: )?(?:exec: )?(\S+?): (?:command )?(not found|Permission denied|No such file or directory|Exec format error)`)
	for i := len(said) - 1; i >= max(0, len(said)-5); i-- {
		if m := kernel.FindStringSubmatch(said[i]); m != nil {
			name := strings.TrimSpace(m[1] + m[2])
			if name == "" {
				name = c.Path
			}
			f.Evidence = clip(said[i])
			judge(ctx, s, c, name, strings.ToLower(m[3]), f)
			return true
		}
		if m := shell.FindStringSubmatch(said[i]); m != nil && (c.State.ExitCode == 126 || c.State.ExitCode == 127) {
			f.Code = "DC-STA-008"
			f.Evidence = fmt.Sprintf("exit code %d; last said: %s", c.State.ExitCode, clip(said[i]))
			f.Cause = doctor.Say("la orden %s con la que empieza no existe o no es ejecutable en el contenedor", "the command %s with which it begins is not there, or not executable, in the container", m[1])
			f.Fix = show(c) + "\n" + up(s)
			return true
		}
	}
	return false
}

// show prints what a container is started with.
func show(c *scene.Container) string {
	return "docker inspect -f '{{json .Config.Entrypoint}} {{json .Config.Cmd}}' " + c.Name
}

// judge says why the kernel did not run a file, of what the file holds.
func judge(ctx context.Context, s *scene.Scene, c *scene.Container, name, refused string, f *doctor.Finding) {
	f.Fix = show(c) + "\n" + up(s)
	arch := ""
	if e, err := s.Engine(); err == nil {
		arch = goArch(e.Arch)
	}
	p := look(ctx, s, c, name)
	if p.seen {
		f.Evidence += "; " + p.evidence(name)
	}
	switch {
	case refused == "permission denied":
		f.Code = "DC-STA-008"
		f.Cause = doctor.Say("%s no es ejecutable", "%s is not executable", name)
		f.Fix = "chmod +x " + command.Quote(path.Base(name)) + "\n" + up(s)
	case p.crlf:
		f.Code = "DC-STA-008"
		f.Cause = doctor.Say("%s tiene finales de línea de Windows (CRLF): el núcleo busca un intérprete cuyo nombre acaba en retorno", "%s has the line ends of Windows (CRLF): the kernel looks for an interpreter whose name ends in a carriage return", name)
		f.Fix = "sed -i 's/\\r$//' " + command.Quote(path.Base(name)) + "\n" + up(s)
	case refused == "no such file or directory":
		f.Code = "DC-STA-008"
		f.Cause = doctor.Say("%s no existe, o no existe el intérprete que pide", "%s does not exist, or the interpreter that it asks for does not", name)
		if p.interpreter != "" {
			f.Cause = doctor.Say("el intérprete de %s, %s, no existe en el contenedor", "the interpreter of %s, %s, does not exist in the container", name, p.interpreter)
		}
	case p.arch != "" && arch != "" && p.arch != arch:
		f.Code = "DC-STA-007"
		f.Cause = doctor.Say("%s es un programa para %s, y el motor es %s", "%s is a program for %s, and the engine is %s", name, p.arch, arch)
	case p.seen && p.arch == "" && p.interpreter == "":
		f.Code = "DC-STA-007"
		f.Cause = doctor.Say("%s es un script sin su primera línea #!, o no es un programa", "%s is a script without its first line #!, or no program at all", name)
		f.Fix = "head -n 1 " + command.Quote(path.Base(name)) + "   # must be #!/bin/sh or the like\n" + up(s)
	default:
		f.Code = "DC-STA-007"
		f.Cause = doctor.Say("%s es de otra arquitectura, o un script sin #!", "%s is of another architecture, or a script without #!", name)
	}
}

// program is what the beginning of a file tells.
type program struct {
	seen        bool
	mode        int64
	arch        string // of an ELF file
	interpreter string // of a script, or of an ELF file
	crlf        bool
	returns     bool // its first line ends as on Windows
}

func (p program) evidence(name string) string {
	switch {
	case p.crlf:
		return name + ` begins with "#!` + p.interpreter + `\r"`
	case p.arch != "":
		return name + " is ELF for " + p.arch
	case p.interpreter != "":
		return name + " begins with #!" + p.interpreter
	}
	return name + " does not begin with #!"
}

// look reads the beginning of a file of a container, that runs or not.
func look(ctx context.Context, s *scene.Scene, c *scene.Container, name string) program {
	if !path.IsAbs(name) {
		return program{}
	}
	ask := command.Read("sh", "-c", `docker cp --follow-link "$1:$2" - 2>/dev/null | head -c 8192`, "doctor", c.ID, name)
	ask.Env, ask.Timeout = s.Docker, s.Within(programLimit)
	out, err := s.Door.Text(ctx, ask).String()
	if err != nil {
		return program{}
	}
	archive := tar.NewReader(strings.NewReader(out))
	header, err := archive.Next()
	if err != nil || header.Typeflag != tar.TypeReg {
		return program{}
	}
	head, _ := io.ReadAll(archive)
	p := read(head)
	p.mode = header.Mode
	return p
}

// read takes the beginning of a program apart.
func read(head []byte) program {
	first, _, whole := bytes.Cut(head, []byte("\n"))
	p := program{seen: true, returns: whole && bytes.HasSuffix(first, []byte("\r"))}
	switch {
	case bytes.HasPrefix(head, []byte("#!")):
		line, _, _ := bytes.Cut(head[2:], []byte("\n"))
		p.crlf = bytes.HasSuffix(line, []byte("\r"))
		if words := strings.Fields(string(line)); len(words) > 0 {
			p.interpreter = words[0]
		}
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)) && len(head) > 20:
		machine := int(head[18]) | int(head[19])<<8
		if elf.Data(head[5]) == elf.ELFDATA2MSB {
			machine = int(head[19]) | int(head[18])<<8
		}
		p.arch = strings.ToLower(strings.TrimPrefix(elf.Machine(machine).String(), "EM_"))
		p.arch = goArch(p.arch)
		if loader := regexp.MustCompile(`/lib(?:64|32)?/ld-[\w.-]+`).Find(head); loader != nil {
			p.interpreter = string(loader)
		}
	}
	return p
}

// goArch is the name of an architecture as images have it.
func goArch(name string) string {
	switch name {
	case "x86_64":
		return "amd64"
	case "aarch64":
		return "arm64"
	case "armv7l", "armv6l", "armhf":
		return "arm"
	case "i386", "i686", "x86":
		return "386"
	}
	return name
}
