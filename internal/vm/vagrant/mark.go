package vagrant

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/whole"
)

// Marks are notes about what has become of machines. Vagrant's own mark says
// that provisioning was begun; these say that it has ended well, and whether a
// start was cut off.
type Marks struct{ Dir string }

// Mark is the note about one machine.
type Mark struct {
	ID          string `json:"id"`                 // "" until it is made
	Starting    bool   `json:"starting,omitempty"` // and has not come so far that Vagrant provisions
	Provisioned bool   `json:"provisioned"`
}

func (m Marks) file(name string) string { return filepath.Join(m.Dir, name+".json") }

// Set notes how it stands with a machine. A reader sees the old note or the new
// one, never half of it.
func (m Marks) Set(name string, mark Mark) error {
	text, err := json.Marshal(mark)
	if err != nil {
		return fmt.Errorf("note how it stands with %s: %w", name, err)
	}
	if err := whole.Text(m.file(name), text); err != nil {
		return fmt.Errorf("note how it stands with %s: %w", name, err)
	}
	return nil
}

// Of is the last note about a machine; false when there is none that can be read.
func (m Marks) Of(name string) (Mark, bool) {
	var mark Mark
	text, err := os.ReadFile(m.file(name))
	return mark, err == nil && json.Unmarshal(text, &mark) == nil
}

// Forget drops the note about a machine.
func (m Marks) Forget(name string) error {
	if err := os.Remove(m.file(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forget how it stands with %s: %w", name, err)
	}
	return nil
}

// Mark is how it stands with a machine that is there. Of one that somebody has
// made without this program, Vagrant's own mark is believed.
func (p Project) Mark(marks Marks, one Made) Mark {
	if known, found := marks.Of(one.Name); found && (known.ID == one.ID || known.ID == "") {
		known.ID = one.ID
		return known
	}
	text, err := os.ReadFile(filepath.Join(p.Dir, ".vagrant", "machines", one.Name, one.Provider, "action_provision"))
	return Mark{ID: one.ID, Provisioned: err == nil && strings.HasSuffix(strings.TrimSpace(string(text)), one.ID)}
}
