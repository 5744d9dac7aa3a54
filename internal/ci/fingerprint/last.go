package fingerprint

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"iact-infra/internal/whole"
)

// Last remembers the key that each job had when it was run or restored last, one
// file a job, so that a run can say why it runs a job again. What can't be read is
// no key: an explanation is not worth a failure.
type Last struct{ Dir string }

// Load returns the key of a job, false when none is remembered.
func (l Last) Load(job string) (Key, bool) {
	text, err := os.ReadFile(l.file(job))
	if err != nil {
		return Key{}, false
	}
	var k Key
	if json.Unmarshal(text, &k) != nil {
		return Key{}, false
	}
	return k, true
}

// Save remembers the key of a job.
func (l Last) Save(job string, k Key) error {
	text, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("remember key: %w", err)
	}
	if was, err := os.ReadFile(l.file(job)); err == nil && string(was) == string(text) {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remember key: %w", err)
	}
	if err := whole.Text(l.file(job), text); err != nil {
		return fmt.Errorf("remember key: %w", err)
	}
	return nil
}

// file is named after the job, whatever its name holds.
func (l Last) file(job string) string { return filepath.Join(l.Dir, url.QueryEscape(job)+".json") }
