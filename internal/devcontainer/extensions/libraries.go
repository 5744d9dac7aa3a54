package extensions

import (
	"cmp"
	"fmt"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/report"
)

// What the server is built for, since version 1.99 of VS Code. The number of the
// file libstdc++.so.6.0.N is that of GLIBCXX_3.4.N.
const (
	oldestGlibc  = "2.28"
	oldestLibcxx = "6.0.25"
)

// wanted says whether an editor is meant to work in the container: one has tried,
// or the configuration asks for its extensions.
func (f *facts) wanted() bool { return len(f.servers) > 0 || len(f.settings.Extensions) > 0 }

// ran says whether a server has come to work there: then it can.
func (f *facts) ran() bool {
	for _, i := range f.servers {
		if i.hasSession {
			return true
		}
	}
	return false
}

// libraries judges what the server is linked against. What is not known is not
// missing: an image without any libc is a test's, or runs one static program.
func libraries(f *facts) []doctor.Finding {
	said := strings.TrimSpace(f.arch + ", " + f.libc + " libstdc++ " + cmp.Or(f.libcxx, "none"))
	glibc, isGlibc := strings.CutPrefix(f.libc, "glibc ")
	bad := doctor.Finding{State: doctor.Fail, Evidence: said, Explains: []string{"DC-EXT-003", "DC-EXT-007"}}
	switch {
	case !f.wanted() || f.ran():
		return doctor.Good("%s", said)
	case f.arch == "armv6l" || f.arch == "i686" || f.arch == "i386":
		bad.Cause = doctor.Say("no hay servidor de VS Code para esta arquitectura de 32 bits", "there is no server of VS Code for this 32-bit architecture")
		bad.Fix = "# an image of a 64-bit architecture: docker pull --platform linux/amd64 IMAGE"
	case isGlibc && newer(oldestGlibc, glibc), f.libcxx != "" && newer(oldestLibcxx, f.libcxx):
		bad.Cause = doctor.Say("la imagen es demasiado antigua para el servidor de VS Code: pide glibc %[1]s y libstdc++ %[2]s",
			"the image is too old for the server of VS Code: it wants glibc %[1]s and libstdc++ %[2]s", oldestGlibc, oldestLibcxx)
		bad.Fix = "# a newer base image (Debian 10, Ubuntu 20.04 or later), or VS Code 1.98 or older"
	case f.libc == "musl" && f.libcxx == "":
		bad.Cause = doctor.Say("en Alpine el servidor de VS Code necesita libstdc++, que no está", "on Alpine the server of VS Code needs libstdc++, which is not there")
		bad.Fix = fmt.Sprintf("docker exec -u 0 %s apk add libstdc++   # for good: RUN apk add --no-cache libstdc++ in the Dockerfile", f.container.Name)
	default:
		return doctor.Good("%s", said)
	}
	if len(f.servers) == 0 {
		bad.State = doctor.Warn // nobody has tried yet
	}
	return []doctor.Finding{bad}
}

// disk judges the room for a server, which takes some 300 MB, and more with its
// extensions.
func disk(f *facts) []doctor.Finding {
	said := fmt.Sprintf("%s free at %s", report.Bytes(f.free), f.home)
	if f.size == 0 || f.free > 100<<20 || len(f.servers) == 0 {
		return doctor.Good("%s", said)
	}
	state := doctor.Warn
	if f.free < 5<<20 {
		state = doctor.Fail
	}
	return []doctor.Finding{{
		State: state, Where: f.home, Evidence: said,
		Cause: doctor.Say("no queda sitio para el servidor del editor y sus extensiones", "there is no room left for the editor's server and its extensions"),
		Fix: fmt.Sprintf("docker exec %s sh -c 'du -xhd1 %s/.vscode-server; ls %s/.vscode-server/bin'   # then remove servers of old versions",
			f.container.Name, f.home, f.home),
		Explains: []string{"DC-EXT-003", "DC-EXT-007"},
	}}
}

// rights judges whether the user may write where the server is. A home that is
// not writable is another check's: here it counts once an editor has tried.
func rights(f *facts) []doctor.Finding {
	var found []doctor.Finding
	for _, i := range f.servers {
		bad := doctor.Finding{State: doctor.Fail, Where: i.path, Explains: []string{"DC-EXT-003", "DC-EXT-007"}}
		switch {
		case i.readOnly:
			bad.Evidence = i.path + " is on a file system that is read-only"
			bad.Cause = doctor.Say("el editor no puede instalar ni actualizar su servidor en un sistema de archivos de solo lectura", "the editor cannot install or update its server on a file system that is read-only")
			bad.Fix = fmt.Sprintf("# \"mounts\": [\"source=vscode-server,target=%s,type=volume\"], then rebuild", i.path)
		case !i.writable:
			bad.Evidence = fmt.Sprintf("%s belongs to %s and is not writable for the user %s", i.path, i.owner, cmp.Or(f.user, f.uid))
			bad.Cause = doctor.Say("el usuario del editor no puede escribir en la carpeta de su servidor: a menudo la creó root, o un volumen", "the editor's user may not write to the folder of its server: often root made it, or a volume")
			fix := fmt.Sprintf("docker exec -u 0 %s chown -R %s %s", f.container.Name, f.uid, i.path)
			bad.Fix = fix
			bad.Repair = &doctor.Repair{
				Do: []string{fix}, Undo: []string{fmt.Sprintf("docker exec -u 0 %s chown -R %s %s", f.container.Name, i.owner, i.path)},
				Was:   fmt.Sprintf("docker exec -u 0 %s stat -c %%U %s", f.container.Name, i.path),
				Loses: doctor.Say("quien era dueño de algo de la carpeta deja de serlo", "who was the owner of something in the folder is no more"),
			}
		default:
			continue
		}
		found = append(found, bad)
	}
	if len(found) == 0 {
		return doctor.Good("%d folders", len(f.servers))
	}
	return found
}
