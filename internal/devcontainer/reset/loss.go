package reset

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/report"
)

// Loss is what a level takes away. What lies in the folder of the workspace is
// never touched.
type Loss struct {
	Container  string   `json:"container"`
	Processes  []string `json:"processes"`          // that end
	Files      int      `json:"files"`              // changed in the container since it was made
	Named      []string `json:"named"`              // some of them
	Size       int64    `json:"size_bytes"`         // -1: not known
	Extensions []string `json:"extensions"`         // of VS Code, installed in the container itself
	Loose      []string `json:"loose"`              // folders of volumes without a name, which a new container has not got
	Volumes    []Lost   `json:"volumes"`            // removed
	Stay       []string `json:"volumes_that_stay"`  // and why
	Kept       string   `json:"kept_in,omitempty"`  // the image in which the files of the container stay
	Commands   string   `json:"lifecycle_commands"` // run, do not run; "" where there are none
}

// Lost is a volume that is removed.
type Lost struct {
	Name string `json:"name"`
	At   string `json:"at"`
	Size int64  `json:"size_bytes"` // -1: not known
}

const named = 10 // how many are named of many

// Loss looks at what would be lost.
func (d *Desk) Loss(ctx context.Context) (*Loss, error) {
	l := &Loss{Container: d.Main.Name, Processes: []string{}, Named: []string{}, Extensions: []string{}, Loose: []string{}, Volumes: []Lost{}, Stay: []string{}}
	if d.Main.State.Running {
		if out, err := d.Ask(ctx, "top", d.Main.ID, "-eo", "pid,args"); err == nil {
			for _, line := range strings.Split(out, "\n")[1:] {
				_, args, _ := strings.Cut(strings.TrimSpace(line), " ")
				l.Processes = append(l.Processes, strings.TrimSpace(args))
			}
		}
	}
	if d.Level == Restart {
		return l, nil
	}
	if err := d.layer(ctx, l); err != nil {
		return nil, err
	}
	if s, err := d.Scene.Settings(); err == nil && len(s.Lifecycle) > 0 {
		l.Commands = "do not run"
		if _, is := d.maker.(official); is {
			l.Commands = "run"
		}
	}
	for _, m := range d.Main.Mounts {
		if _, isPlain := d.maker.(plain); m.Type == "volume" && anonymous(m.Name) && !isPlain && d.Level != Volumes {
			l.Loose = append(l.Loose, m.Destination)
		}
	}
	for _, v := range d.removes {
		l.Volumes = append(l.Volumes, Lost{Name: v.Name, At: d.mountedAt(v.Name), Size: d.size(ctx, v)})
	}
	if d.Level == Volumes {
		l.Stay = d.stay()
	}
	return l, nil
}

// layer counts what the container has written outside of its mounts.
func (d *Desk) layer(ctx context.Context, l *Loss) error {
	out, err := d.Ask(ctx, "diff", d.Main.ID)
	if err != nil {
		return fmt.Errorf("see what %s has written: %w", d.Main.Name, err)
	}
	lines := strings.Split(out, "\n")
	for i, line := range lines {
		kind, file, is := strings.Cut(line, " ")
		if !is || i+1 < len(lines) && kind == "C" && strings.HasPrefix(lines[i+1][min(2, len(lines[i+1])):], file+"/") {
			continue // a folder that changed since something in it has
		}
		if slices.ContainsFunc(d.Main.Mounts, func(m scene.Mount) bool { return m.Destination == file || strings.HasPrefix(m.Destination, file+"/") }) {
			continue // made for a mount
		}
		if dir := path.Dir(file); path.Base(dir) == "extensions" && strings.Contains(dir, "/.vscode-") && strings.Contains(path.Base(file), ".") && !strings.HasPrefix(path.Base(file), ".") {
			l.Extensions = append(l.Extensions, path.Base(file))
		}
		if l.Files++; len(l.Named) < named {
			l.Named = append(l.Named, line)
		}
	}
	l.Size = -1
	if out, err := d.Ask(ctx, "container", "inspect", "--size", "--format", "{{.SizeRw}}", d.Main.ID); err == nil {
		if n, err := strconv.ParseInt(out, 10, 64); err == nil {
			l.Size = n
		}
	}
	return nil
}

func (d *Desk) mountedAt(volume string) string {
	mine, _ := d.Scene.Containers() // they were asked for before
	for _, c := range mine {
		for _, m := range c.Mounts {
			if m.Name == volume {
				return c.Name + ":" + m.Destination
			}
		}
	}
	return ""
}

// size is that of a volume, where its files can be reached; else -1.
func (d *Desk) size(ctx context.Context, v scene.Volume) int64 {
	if e, err := d.Scene.Engine(); err != nil || !e.Local || v.Mountpoint == "" {
		return -1
	}
	ask := command.Read("du", "--summarize", "--bytes", "--one-file-system", v.Mountpoint)
	ask.Timeout = d.Wait
	out, err := d.Door.Text(ctx, ask).String()
	first, _, _ := strings.Cut(out, "\t")
	n, wrong := strconv.ParseInt(first, 10, 64)
	if err != nil || wrong != nil {
		return -1
	}
	return n
}

// anonymous says whether a volume has no name of its own.
func anonymous(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// Lines say the loss, in a language.
func (l *Loss) Lines(lang string) []string {
	say := func(es, en string, args ...any) string {
		if lang == "es" {
			return fmt.Sprintf(es, args...)
		}
		return fmt.Sprintf(en, args...)
	}
	some := func(all []string) string {
		if len(all) > named {
			return strings.Join(all[:named], ", ") + fmt.Sprintf(", … (%d)", len(all))
		}
		return strings.Join(all, ", ")
	}
	var lines []string
	if len(l.Processes) > 0 {
		lines = append(lines, say("terminan %d procesos de %s: %s", "%d processes of %s end: %s", len(l.Processes), l.Container, some(l.Processes)))
	}
	if l.Files > 0 {
		lines = append(lines, say("%s ha cambiado %d archivos fuera de sus montajes (%s), que el contenedor nuevo no tiene: %s",
			"%s has changed %d files outside of its mounts (%s), which the new container has not got: %s", l.Container, l.Files, sized(l.Size), some(l.Named)))
	}
	if len(l.Extensions) > 0 {
		lines = append(lines, say("extensiones instaladas en él: %s", "extensions installed in it: %s", some(l.Extensions)))
	}
	if len(l.Loose) > 0 {
		lines = append(lines, say("volúmenes sin nombre que el contenedor nuevo no tiene (se quedan en Docker): %s", "volumes without a name that the new container has not got (they stay in Docker): %s", some(l.Loose)))
	}
	for _, v := range l.Volumes {
		lines = append(lines, say("se elimina el volumen %s (%s, %s), después de respaldarlo", "volume %s is removed (%s, %s), after a backup of it", v.Name, v.At, sized(v.Size)))
	}
	for _, why := range l.Stay {
		lines = append(lines, say("se queda %s", "%s", why))
	}
	switch l.Commands {
	case "run":
		lines = append(lines, say("las órdenes del ciclo de vida se ejecutan de nuevo", "the lifecycle commands run again"))
	case "do not run":
		lines = append(lines, say("las órdenes del ciclo de vida no se ejecutan: falta la CLI de devcontainers", "the lifecycle commands do not run: the devcontainers CLI is not installed"))
	}
	if len(lines) == 0 {
		lines = append(lines, say("no se pierde nada", "nothing is lost"))
	}
	return append(lines, say("lo que hay en la carpeta del proyecto no se toca", "what lies in the folder of the workspace is not touched"))
}

func sized(n int64) string {
	if n < 0 {
		return "?"
	}
	return report.Bytes(n)
}
