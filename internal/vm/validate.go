package vm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/procedure"
	"iact-infra/internal/vm/vagrantfile"
)

// validated proves that the file can be used: reading it changes nothing here, and
// Vagrant itself finds it valid. That it would not change anything comes first.
func (r *Room) validated(ctx context.Context, w *procedure.Work, s *scene, f vagrantfile.File) (procedure.Evidence, error) {
	if err := r.harmless(s, f); err != nil {
		return "", err
	}
	for _, line := range remarks(f.Notes, w.Lang) {
		w.Say.Warn("%s: %s", vagrantfile.Name, line)
	}
	if how, _, err := s.settled(); err == nil && how == settingsEdited && f.Ours {
		w.Say.Warn("%s was changed by hand and stays so: what config/iact.yaml says of the machine does not count", s.settingsFile())
	}
	c := s.project.Read("validate")
	if s.config.VM.Provider != "auto" {
		c.Env = append(c.Env, "VAGRANT_DEFAULT_PROVIDER="+s.config.VM.Provider)
	}
	c.Timeout = 3 * time.Minute
	said, err := s.Text(ctx, c).String()
	var missing *command.NotFound
	var failed *command.Error
	if errors.As(err, &failed) {
		for line := range strings.Lines(failed.Stderr) {
			w.Say.Info("vagrant: %s", strings.TrimSpace(line))
		}
	}
	switch {
	case errors.As(err, &missing):
		return "", fault.New(fault.Missing, "mage vm:check says what is missing, and how to get it", err)
	case err != nil:
		return "", fault.New(fault.Invalid, "mage vm:fetch once it is mended", fmt.Errorf("validate %s: %w", s.vagrantfile(), err))
	case !strings.Contains(said, "validated successfully"):
		// A file may end Vagrant itself, with exit code 0.
		return "", fault.New(fault.Invalid, "look for an exit in it", fmt.Errorf("validate %s: vagrant ended without an error and did not say that it is valid", s.vagrantfile()))
	}
	names := make([]string, 0, len(f.Machines))
	for _, m := range f.Machines {
		names = append(names, m.Name)
	}
	return procedure.Evidence(fmt.Sprintf("vagrant finds %s valid: %s", s.vagrantfile(), strings.Join(names, ", "))), nil
}

// harmless refuses a file that installs something on this host whenever Vagrant
// reads it, also for a command that only looks.
func (r *Room) harmless(s *scene, f vagrantfile.File) error {
	here := r.plugins(s.project.Dir)
	for _, one := range f.Installs {
		var lacking []string
		for _, name := range one.Plugins {
			if !slices.Contains(here, name) {
				lacking = append(lacking, name)
			}
		}
		if len(one.Plugins) > 0 && len(lacking) == 0 {
			continue
		}
		what, cure := "plugins", ""
		if len(lacking) > 0 {
			what = strings.Join(lacking, ", ")
			cure = "install it yourself: vagrant plugin install " + strings.Join(lacking, " ") + "; or "
		}
		ends := ""
		if one.Ends {
			ends = ", and ends Vagrant with exit code 0 after that"
		}
		return fault.New(fault.Missing, cure+"take these lines out of the file",
			fmt.Errorf("read %s: line %d installs %s whenever Vagrant reads it, even to look%s", s.vagrantfile(), one.Line, what, ends))
	}
	return nil
}

// plugins are those that are installed here, for this user, for the project and by
// the distribution. A list that cannot be read has none.
func (r *Room) plugins(dir string) []string {
	home := r.o.Getenv("VAGRANT_HOME")
	if home == "" {
		home = filepath.Join(r.o.Getenv("HOME"), ".vagrant.d")
	}
	files := []string{filepath.Join(home, "plugins.json"), filepath.Join(dir, ".vagrant", "plugins.json")}
	packaged, _ := filepath.Glob("/usr/share/vagrant-plugins/plugins.d/*.json") // the pattern is a good one
	var all []string
	for _, file := range append(files, packaged...) {
		var list struct {
			Installed map[string]json.RawMessage `json:"installed"`
		}
		if text, err := os.ReadFile(file); err == nil && json.Unmarshal(text, &list) == nil {
			all = append(all, slices.Sorted(maps.Keys(list.Installed))...)
		}
		if strings.HasPrefix(file, "/usr/") {
			all = append(all, strings.TrimSuffix(filepath.Base(file), ".json"))
		}
	}
	return all
}

// remarks are the notes as lines; the same thing on many lines is one.
func remarks(notes []vagrantfile.Note, lang string) []string {
	var order []string
	at := map[string][]string{}
	for _, n := range notes {
		text, line := n.EN, "line"
		if lang == "es" {
			text, line = n.ES, "línea"
		}
		if len(at[text]) == 0 {
			order = append(order, text)
			at[text] = []string{fmt.Sprintf("%s %d", line, n.Line)}
			continue
		}
		at[text] = append(at[text], fmt.Sprint(n.Line))
	}
	for i, text := range order {
		order[i] = strings.Join(at[text], ", ") + ": " + text
	}
	return order
}
