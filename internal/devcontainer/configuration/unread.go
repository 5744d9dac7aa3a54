package configuration

import (
	"errors"
	"io/fs"
	"syscall"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/procedure"
)

// unread is a file that is there and cannot be read: no tool can, either.
func unread(path string, err error) []doctor.Finding {
	var cause procedure.Text
	fix := "ls -ld " + path
	switch {
	case errors.Is(err, syscall.EISDIR):
		cause = doctor.Say("hay un directorio en el lugar del archivo", "a directory stands in the place of the file")
		fix = "mv " + path + " " + path + ".dir\n" + `echo '{"image": "mcr.microsoft.com/devcontainers/base:bookworm"}' >` + path
	case errors.Is(err, fs.ErrPermission):
		cause = doctor.Say("este usuario no puede leerlo", "this user may not read it")
		fix = "sudo chmod a+r " + path
	case errors.Is(err, fs.ErrNotExist):
		cause = doctor.Say("es un enlace que no lleva a ningún archivo", "it is a link that leads to no file")
		fix += "\nreadlink -f " + path
	default:
		return doctor.Unseen(err)
	}
	return []doctor.Finding{{State: doctor.Fail, Title: doctor.Say("devcontainer.json no se puede leer", "devcontainer.json cannot be read"), Where: path, Evidence: err.Error(), Cause: cause, Fix: fix}}
}
