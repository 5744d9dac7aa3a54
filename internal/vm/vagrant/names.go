package vagrant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
	"iact-infra/internal/whole"
)

// File is the path of the Vagrantfile.
func (p Project) File() string { return filepath.Join(p.Dir, "Vagrantfile") }

// Names are the machines that the Vagrantfile defines, in its order; the first
// one is "default" where it defines none by name. A file that computes names is
// given to Vagrant, which takes seconds; its answer is kept for as long as the
// file, and those beside it that it may read, are what they were.
func (p Project) Names(ctx context.Context, door *command.Door) ([]string, error) {
	text, err := os.ReadFile(p.File())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Missing, "go tool mage vm:fetch gets one; vm: {dir: PATH} in config/iact.yaml says where it is", fmt.Errorf("find machines: there is no Vagrantfile in %s", p.Dir))
	}
	if err != nil {
		return nil, fmt.Errorf("read Vagrantfile: %w", err)
	}
	if names, plain := defined(string(text)); plain {
		return names, nil
	}
	digest := p.digest()
	if known, err := os.ReadFile(p.namesFile()); err == nil {
		if first, names, _ := strings.Cut(strings.TrimSpace(string(known)), "\n"); first == digest && names != "" {
			return strings.Split(names, "\n"), nil
		}
	}
	out, err := door.Text(ctx, p.Read("status", "--machine-readable")).String()
	if err != nil {
		return nil, fmt.Errorf("ask vagrant for its machines: %w", Explained(err))
	}
	names := readable(out)
	if len(names) == 0 {
		return nil, fault.New(fault.Failed, "see what vagrant status says in "+p.Dir, errors.New("ask vagrant for its machines: it names none"))
	}
	return names, p.keep(digest, names)
}

func (p Project) namesFile() string { return filepath.Join(p.Cache, "machines") }

// digest is of the Vagrantfile and of what it may compute its machines from.
func (p Project) digest() string {
	sum := sha256.New()
	for _, pattern := range []string{"Vagrantfile", "*.rb", "*.json", "*.yml", "*.yaml", ".env"} {
		files, _ := filepath.Glob(filepath.Join(p.Dir, pattern)) // the patterns are good ones
		for _, file := range files {
			text, err := os.ReadFile(file)
			fmt.Fprintf(sum, "%q %v %q\n", file, err != nil, text)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (p Project) keep(digest string, names []string) error {
	if p.Cache == "" {
		return nil
	}
	if err := whole.Text(p.namesFile(), []byte(digest+"\n"+strings.Join(names, "\n")+"\n")); err != nil {
		return fmt.Errorf("keep the names of the machines: %w", err)
	}
	return nil
}

// defined reads `config.vm.define "NAME"` of a Vagrantfile. It is plain when
// every name is written out.
func defined(text string) (names []string, plain bool) {
	code := regexp.MustCompile(`(?m)^\s*#.*$`).ReplaceAllString(text, "")
	calls := regexp.MustCompile(`\.vm\.define\b`).FindAllString(code, -1)
	for _, one := range regexp.MustCompile(`\.vm\.define[ (]*(?:"([^"#]+)"|'([^']+)'|:([A-Za-z0-9_]+))`).FindAllStringSubmatch(code, -1) {
		names = append(names, one[1]+one[2]+one[3])
	}
	if len(calls) == 0 && strings.Contains(code, "Vagrant.configure") && !regexp.MustCompile(`\b(load|require_relative|instance_eval)\b`).MatchString(code) {
		return []string{"default"}, true
	}
	return names, len(calls) > 0 && len(names) == len(calls)
}

// readable are the machines of `vagrant status --machine-readable`. A
// Vagrantfile may print what it likes in between.
func readable(out string) []string {
	var names []string
	for line := range strings.Lines(out) {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) >= 4 && f[2] == "state" && regexp.MustCompile(`^[0-9]+$`).MatchString(f[0]) && !slices.Contains(names, f[1]) {
			names = append(names, f[1])
		}
	}
	return names
}

// Text is the Vagrantfile; "" where there is none.
func (p Project) Text() string {
	text, _ := os.ReadFile(p.File())
	return string(text)
}
