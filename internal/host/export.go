package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"iact-infra/internal/fault"
	"iact-infra/internal/host/export"
	"iact-infra/internal/whole"
)

// Exported is what host:export has written. Its JSON is the result of the target.
type Exported struct {
	Format string `json:"format"`
	Path   string `json:"path,omitempty"`
	Text   string `json:"text,omitempty"` // where no file was asked for
}

// Export writes what host:all would do to a bare machine for another engine, into
// a file of this machine or, without one, as text. It needs no Docker and no host.
func (r *Room) Export(format, distribution, to string) (Exported, error) {
	c, err := r.o.Config()
	if err != nil {
		return Exported{}, err
	}
	if distribution != "" && format == export.Ansible {
		return Exported{}, fault.New(fault.Usage, "leave -distribution out", errors.New("export as ansible: a playbook finds out itself which distribution it is at"))
	}
	text, err := export.Text(format, export.Wants{
		User: c.Host.User, Base: c.Host.Packages, Upgrade: c.Host.Upgrade, Docker: dockerOptions(c.Host.Docker), Hello: c.Host.Hello, Daemon: settings(c.Host.Daemon), Distribution: distribution,
	})
	if err != nil || to == "" {
		return Exported{Format: format, Text: text}, err
	}
	return Exported{Format: format, Path: to}, put(to, text)
}

// put writes a file whole or not at all. One that somebody has changed stays.
func put(to, text string) error {
	switch old, err := os.ReadFile(to); {
	case err == nil && string(old) == text:
		return nil
	case err == nil:
		return fault.New(fault.Usage, "let -to name something new, or move it away", fmt.Errorf("export to %s: it exists and holds something else", to))
	case !errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Usage, "let -to name a file", fmt.Errorf("export to %s: %w", to, err))
	}
	if err := whole.Replace(to, []byte(text), 0o644); err != nil {
		return fault.New(fault.Usage, "let -to name a place that can be written to", fmt.Errorf("export to %s: %w", to, err))
	}
	return nil
}
