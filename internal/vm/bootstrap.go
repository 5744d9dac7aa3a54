package vm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/vagrantfile"
)

// bootstrapName is the script beside the Vagrantfile.
const bootstrapName = "bootstrap.sh"

// bootstrapKey is where step 3 notes what it is about to change.
const bootstrapKey = "bootstrap"

// readied is what step 3 did. Of the passwords it holds a digest alone.
type readied struct {
	Files []laid        `json:"files,omitempty"`
	Dirs  []string      `json:"dirs,omitempty"`
	Modes []changedMode `json:"modes,omitempty"`
}

// changedMode is a script that was not executable.
type changedMode struct {
	Path string      `json:"path"`
	Old  fs.FileMode `json:"old"`
}

// provisioning is what the Vagrantfile wants for it.
type provisioning struct {
	ours    bool     // it takes our script and our passwords
	scripts []string // paths
}

// provisioning reads the Vagrantfile; one that is not there will be ours.
func (s *scene) provisioning() (provisioning, error) {
	f, err := s.read()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return provisioning{ours: true, scripts: []string{filepath.Join(s.project.Dir, bootstrapName)}}, nil
	case err != nil:
		return provisioning{}, err
	}
	p := provisioning{ours: f.Ours}
	names := f.Scripts
	if f.Ours {
		names = append([]string{bootstrapName}, names...)
	}
	for _, name := range names {
		p.add(s.project.Dir, name)
	}
	for _, name := range f.Called {
		if _, err := os.Stat(filepath.Join(s.project.Dir, name)); err == nil {
			p.add(s.project.Dir, name)
		}
	}
	return p, nil
}

func (p *provisioning) add(dir, name string) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	if !slices.Contains(p.scripts, name) {
		p.scripts = append(p.scripts, name)
	}
}

// prepared is Done and Validate of step 3: the scripts are there, executable and
// sound, and so is the file of passwords where the Vagrantfile takes it.
func (r *Room) prepared(ctx context.Context, w *procedure.Work) (procedure.Evidence, error) {
	s, err := r.scene(w.Door)
	if err != nil {
		return "", err
	}
	p, err := s.provisioning()
	if err != nil {
		return "", err
	}
	for _, script := range p.scripts {
		info, err := os.Stat(script)
		if errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("%w: %s is not there", procedure.ErrNotDone, script)
		}
		if err != nil {
			return "", err
		}
		if err := s.sound(ctx, w, script); err != nil {
			return "", err
		}
		if info.Mode()&0o111 == 0 {
			return "", fmt.Errorf("%w: %s is not executable", procedure.ErrNotDone, script)
		}
	}
	evidence := fmt.Sprintf("%d scripts are sound: %s", len(p.scripts), strings.Join(p.scripts, ", "))
	if len(p.scripts) == 0 {
		evidence = "the Vagrantfile provisions by no script"
	}
	if !p.ours {
		return procedure.Evidence(evidence), nil
	}
	if err := s.unseen(ctx); err != nil {
		return "", err
	}
	if _, err := readPasswords(s.config.VM.Logins); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%w: %s is not there", procedure.ErrNotDone, s.config.VM.Logins)
	} else if err != nil {
		return "", err
	}
	return procedure.Evidence(evidence + "; passwords in " + s.config.VM.Logins + ", mode 0600"), nil
}

// sound refuses a script that cannot work in the machine, and warns of passwords.
func (s *scene) sound(ctx context.Context, w *procedure.Work, script string) error {
	text, err := os.ReadFile(script)
	if err != nil {
		return err
	}
	if at := strings.Index(string(text), "\r\n"); at >= 0 {
		return fault.New(fault.Invalid, fmt.Sprintf(`sed -i 's/\r$//' %s; in git: *.sh text eol=lf in .gitattributes`, script),
			fmt.Errorf("look at %s: line %d ends as in Windows, which bash in the machine takes for a part of the command", script, strings.Count(string(text[:at]), "\n")+1))
	}
	if err := s.Run(ctx, command.Read("bash", "-n", script)); err != nil {
		var failed *command.Error
		if errors.As(err, &failed) && failed.Exit > 0 {
			return fault.New(fault.Invalid, "mend the line that bash names", fmt.Errorf("look at %s: %w", script, err))
		}
		return err
	}
	if lines := vagrantfile.Passwords(string(text)); len(lines) > 0 {
		w.Say.Warn("%s: a password stands in clear in line %s; whoever has the file has it", script, strings.Trim(strings.ReplaceAll(fmt.Sprint(lines), " ", ", "), "[]"))
	}
	return nil
}

// prepare is step 3.
func (r *Room) prepare(ctx context.Context, w *procedure.Work) error {
	s, err := r.scene(w.Door)
	if err != nil {
		return err
	}
	done, err := r.lacking(ctx, s)
	if err != nil {
		return err
	}
	var earlier readied
	if _, err := w.Recall(bootstrapKey, &earlier); err != nil {
		return err
	}
	note := readied{Files: slices.Concat(earlier.Files, done.Files), Dirs: slices.Concat(earlier.Dirs, done.Dirs), Modes: slices.Concat(earlier.Modes, done.Modes)}
	if err := w.Record(bootstrapKey, note); err != nil {
		return err
	}
	for _, one := range done.Files {
		if err := one.lay(); err != nil {
			return err
		}
	}
	for _, one := range done.Modes {
		if err := os.Chmod(one.Path, one.Old|0o111); err != nil {
			return err
		}
	}
	w.Publish(done.result(), func(out io.Writer) {
		for _, one := range done.Files {
			fmt.Fprintf(out, "wrote %s\n", one.Path)
		}
		for _, one := range done.Modes {
			fmt.Fprintf(out, "made %s executable\n", one.Path)
		}
	})
	return nil
}

// result is what was done, for programs.
func (d readied) result() any {
	out := struct {
		Written    []string `json:"written"`
		Executable []string `json:"executable"`
	}{paths(d.Files), []string{}}
	for _, one := range d.Modes {
		out.Executable = append(out.Executable, one.Path)
	}
	return out
}

// lacking is what step 3 has to put down. Nothing that is there is replaced.
func (r *Room) lacking(ctx context.Context, s *scene) (readied, error) {
	var done readied
	p, err := s.provisioning()
	if err != nil {
		return done, err
	}
	if p.ours {
		// What is wrong with the passwords is told before anything is put down.
		if err := s.unseen(ctx); err != nil {
			return done, err
		}
		if _, err := readPasswords(s.config.VM.Logins); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return done, err
		}
	}
	ours := filepath.Join(s.project.Dir, bootstrapName)
	for _, script := range p.scripts {
		info, err := os.Stat(script)
		switch {
		case err == nil && info.Mode()&0o111 == 0:
			done.Modes = append(done.Modes, changedMode{Path: script, Old: info.Mode().Perm()})
		case errors.Is(err, fs.ErrNotExist) && p.ours && script == ours:
			text, err := Script(s.config.Root)
			if err != nil {
				return done, fault.New(fault.Missing, "git checkout -- scripts in the toolkit brings it back", fmt.Errorf("read our own script: %w", err))
			}
			done.add(newLaid(script, []byte(text), 0o755))
		case errors.Is(err, fs.ErrNotExist):
			return done, fault.New(fault.Missing, "get it from the project, or take its line out of the Vagrantfile; ours is scripts/bootstrap.sh of the toolkit, with its parts in scripts/bootstrap",
				fmt.Errorf("find %s: the Vagrantfile provisions by it, and it is not there", script))
		case err != nil:
			return done, err
		}
	}
	if _, err := os.Lstat(s.config.VM.Logins); !p.ours || !errors.Is(err, fs.ErrNotExist) {
		return done, nil
	}
	text, err := newPasswords(r.o.Random)
	if err != nil {
		return done, err
	}
	done.add(newLaid(s.config.VM.Logins, text, 0o600))
	return done, nil
}

func (d *readied) add(one laid) {
	d.Files = append(d.Files, one)
	d.Dirs = append(d.Dirs, fresh(one.Path)...)
}
