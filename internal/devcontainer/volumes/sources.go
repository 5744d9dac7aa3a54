package volumes

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
	"iact-infra/internal/procedure"
)

// sources judges the binds that the configuration asks for, and those with which
// a container that does not run would have to start.
func sources(s *sightseen) []doctor.Finding {
	var found []doctor.Finding
	binds, looked := 0, 0
	told := map[string]bool{}
	judge := func(source, target, where string, creates bool) {
		binds++
		object, known := s.source(source)
		if known {
			looked++
		}
		if source == "" {
			found = append(found, unset(target, where))
		} else if known && object == nil && !told[source] && !s.runsWith(source, target) {
			told[source] = true
			found = append(found, s.missing(source, target, where, creates))
		}
	}
	for _, w := range s.wanted {
		if w.Type == "bind" {
			judge(w.Source, w.Target, w.where, w.creates)
		}
	}
	for _, c := range s.containers {
		for _, m := range c.Mounts {
			if m.Type == "bind" && !c.State.Running {
				judge(m.Source, m.Destination, c.Name, asked(c, m.Source))
			}
		}
	}
	switch {
	case len(found) == 0 && s.unsure != nil && s.main == nil:
		return doctor.Unseen(s.unsure)
	case len(found) == 0 && looked == 0 && binds > 0:
		return doctor.Good("%d binds; their sources are on the engine's machine, which is not this one", binds)
	}
	return verdict(found, "%d binds", binds)
}

// runsWith says whether a container that runs has that mount: then its source was
// there, and another check says what became of it.
func (s *sightseen) runsWith(source, target string) bool {
	return slices.ContainsFunc(s.containers, func(c *scene.Container) bool {
		return c.State.Running && slices.ContainsFunc(c.Mounts, func(m scene.Mount) bool { return m.Source == source && m.Destination == path.Clean(target) })
	})
}

// asked says whether a bind was asked for in the form of -v, with which Docker
// makes a source that is not there.
func asked(c *scene.Container, source string) bool {
	return slices.ContainsFunc(c.HostConfig.Binds, func(b string) bool { return strings.HasPrefix(b, source+":") })
}

func unset(target, where string) doctor.Finding {
	return doctor.Finding{
		State: doctor.Fail, Where: where, Evidence: "the bind at " + target + " has an empty source",
		Cause: doctor.Say("el origen es una variable que no está definida en esta máquina", "the source is a variable that is not set on this machine"),
		Fix:   "# give the variable a value, or a default: ${localEnv:NAME:/default}", Explains: []string{"DC-STA-001", "DC-STA-006"},
	}
}

func (s *sightseen) missing(source, target, where string, creates bool) doctor.Finding {
	f := doctor.Finding{State: doctor.Fail, Where: where, Evidence: fmt.Sprintf("%s is not there (mounted at %s)", source, target)}
	f.Repair = making(source, fileLike(source) || fileLike(target))
	f.Fix = strings.Join(f.Repair.Do, "\n")
	f.Cause = doctor.Say("Docker no crea el origen de un --mount: rechaza el contenedor", "Docker does not make the source of a --mount: it refuses the container")
	if creates {
		f.State = doctor.Warn
		f.Cause = doctor.Say("Docker creará en su lugar un directorio vacío, de root", "Docker will make an empty directory there, owned by root")
	}
	if strings.HasSuffix(source, ".sock") {
		f.Fix, f.Repair = "# start the service that has this socket, or take the mount out", nil
	}
	return f
}

// making makes a source, and the folders above it that are not there either. Its
// undo removes what is still empty, and leaves the rest.
func making(source string, file bool) *doctor.Repair {
	show := func(program string, words ...string) string { return command.Read(program, words...).String() }
	var do, undo []string
	dir := source
	if file {
		dir = filepath.Dir(source)
		do, undo = []string{show("touch", source)}, []string{show("find", source, "-empty", "-delete")}
	}
	var made []string
	for at := dir; absent(at); at = filepath.Dir(at) {
		made = append(made, at)
	}
	if len(made) > 0 {
		do, undo = slices.Insert(do, 0, show("mkdir", "-p", dir)), append(undo, show("rmdir", made...))
	}
	return &doctor.Repair{Safe: true, Do: do, Undo: undo, Was: show("ls", "-d", source)}
}

func absent(path string) bool {
	_, err := os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// fileLike says whether a path is the name of a file, and hardly one of a folder.
func fileLike(name string) bool {
	base := path.Base(name)
	if slices.Contains([]string{
		".env", ".gitconfig", ".git-credentials", ".npmrc", ".netrc", ".bashrc", ".zshrc", ".profile", ".bash_history", ".zsh_history",
		".pgpass", ".my.cnf", ".pypirc", ".vimrc", ".inputrc", ".tmux.conf", ".dockerignore", ".editorconfig", "Dockerfile", "id_rsa", "id_ed25519", "known_hosts",
	}, base) || strings.HasPrefix(base, ".env.") {
		return true
	}
	return slices.Contains([]string{
		".json", ".yml", ".yaml", ".toml", ".conf", ".cnf", ".ini", ".sh", ".py", ".sql", ".txt", ".env", ".pem", ".crt", ".cer", ".key", ".pub", ".sock", ".xml", ".lock", ".properties", ".cfg", ".md", ".csv",
	}, path.Ext(strings.TrimPrefix(base, ".")))
}

// made judges the empty folders that stand where a file or a tree was meant.
func made(s *sightseen) []doctor.Finding {
	var found []doctor.Finding
	for _, c := range s.containers {
		for _, m := range c.Mounts {
			object, known := s.source(m.Source)
			if m.Type != "bind" || !known || object == nil {
				continue
			}
			if f := s.judgeMade(c, m, object); f != nil {
				found = append(found, *f)
			}
		}
	}
	return verdict(found, "none")
}

// judgeMade is about an empty folder of root. That Docker made it is proved by
// its time; that a file was meant, by the image or by the name.
func (s *sightseen) judgeMade(c *scene.Container, m scene.Mount, object *hostObject) *doctor.Finding {
	if !object.IsDir() || !object.empty || object.uid != s.owner {
		return nil
	}
	byDocker := asked(c, m.Source) && !object.ModTime().Before(c.Created.Add(-20*time.Millisecond)) && object.ModTime().Before(c.Created.Add(time.Minute))
	brings := s.brings(c, m.Destination)
	f := doctor.Finding{
		State: doctor.Fail, Where: c.Name, Code: "DC-VOL-002",
		Fix: command.Read("rmdir", m.Source).String() + "\n# put there what " + m.Destination + " is to have, then:\n" + s.rebuild(),
	}
	empty := fmt.Sprintf("%s is an empty directory of root, of %s", m.Source, object.ModTime().Format(time.DateTime))
	switch {
	case brings.file || fileLike(m.Destination):
		f.Evidence = fmt.Sprintf("%s; %s is to be a file", empty, m.Destination)
		f.Cause = doctor.Say("el archivo no existía al crear el contenedor, y Docker puso un directorio", "the file was not there when the container was made, and Docker put a directory")
	case byDocker && len(brings.names) > 0:
		f.Evidence = fmt.Sprintf("%s, and hides %s of the image at %s", empty, few(brings.names), m.Destination)
		f.Cause = doctor.Say("el directorio no existía al crear el contenedor; Docker lo creó vacío", "the directory was not there when the container was made; Docker made an empty one")
	case byDocker && !within(m.Source, s.Workspace):
		f.State = doctor.Warn
		f.Evidence = fmt.Sprintf("%s, made when %s was (mounted at %s)", empty, c.Name, m.Destination)
		f.Cause = doctor.Say("el origen no existía (¿un nombre mal escrito?): Docker lo creó vacío", "the source was not there (a mistyped name?): Docker made an empty one")
	case byDocker && neighbour(m.Source) != "":
		f.State = doctor.Warn
		f.Evidence = fmt.Sprintf("%s, made when %s was; beside it is %s", empty, c.Name, neighbour(m.Source))
		f.Cause = doctor.Say("el origen no existía: ¿se quería decir %s?", "the source was not there: was %s meant?", path.Base(neighbour(m.Source)))
	default:
		return nil
	}
	return &f
}

// neighbour is a folder with something in it that stands beside an empty one, and
// has nearly its name: the one that was meant. "" when there is none.
func neighbour(name string) string {
	entries, _ := os.ReadDir(filepath.Dir(name)) // what cannot be read shows nothing
	for _, e := range entries {
		if e.IsDir() && e.Name() != filepath.Base(name) && devjson.Near(filepath.Base(name), []string{e.Name()}) != "" {
			if in, err := os.ReadDir(filepath.Join(filepath.Dir(name), e.Name())); err == nil && len(in) > 0 {
				return filepath.Join(filepath.Dir(name), e.Name())
			}
		}
	}
	return ""
}

// few are the first names of several.
func few(names []string) string {
	if len(names) > 3 {
		return strings.Join(names[:3], ", ") + fmt.Sprintf(" and %d more", len(names)-3)
	}
	return strings.Join(names, ", ")
}

// again is the repair that mounts everything anew.
func again(c *scene.Container) *doctor.Repair {
	return &doctor.Repair{
		Do:    []string{command.Read("docker", "restart", c.Name).String()},
		Loses: procedure.Text{ES: "lo que se ejecuta en el contenedor termina", EN: "what runs in the container ends"},
	}
}
