package vm

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"iact-infra/internal/vm/vagrantfile"
)

// settings is vm.json, by which the configuration reaches a Vagrantfile of ours.
// The digest is of all the rest: by it a file that a person has changed is known,
// and left alone.
type settings struct {
	About          string `json:"about"`
	Box            string `json:"box"`
	BoxVersion     string `json:"box_version"`
	Memory         int    `json:"memory"`
	CPUs           int    `json:"cpus"`
	PostgreSQL     string `json:"postgresql"`
	MariaDB        string `json:"mariadb"`
	PostgreSQLPort int    `json:"postgresql_port"`
	MariaDBPort    int    `json:"mariadb_port"`
	Analytics      string `json:"analytics"`
	Legacy         string `json:"legacy"`
	User           string `json:"user"`
	Timezone       string `json:"timezone"`
	Logins         string `json:"logins"`
	Digest         string `json:"digest"`
}

func (s *scene) settingsFile() string { return filepath.Join(s.project.Dir, vagrantfile.SettingsName) }

// settings is what the file has to hold.
func (s *scene) settings() ([]byte, error) {
	c := s.config.VM
	logins, err := filepath.Rel(c.Dir, c.Logins)
	if err != nil {
		logins = c.Logins
	}
	return settings{
		About: "mage vm:fetch writes this from config/iact.yaml: change it there",
		Box:   c.Box, BoxVersion: c.BoxVersion, Memory: c.Memory, CPUs: c.CPUs,
		PostgreSQL: c.PostgreSQL, MariaDB: c.MariaDB, PostgreSQLPort: c.PostgreSQLPort, MariaDBPort: c.MariaDBPort,
		Analytics: c.Analytics, Legacy: c.Legacy, User: c.User, Timezone: c.Timezone, Logins: filepath.ToSlash(logins),
	}.sealed()
}

// sealed is the text with its digest.
func (v settings) sealed() ([]byte, error) {
	v.Digest = ""
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	v.Digest = digest(text)
	text, err = json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}

// How a file of settings stands to the configuration.
const (
	settingsAbsent = "absent"
	settingsRight  = "right"
	settingsOld    = "old"    // ours, of another configuration
	settingsEdited = "edited" // somebody's
)

// settled looks at the file: how it is, and what is in it.
func (s *scene) settled() (how string, old []byte, err error) {
	want, err := s.settings()
	if err != nil {
		return "", nil, err
	}
	old, err = os.ReadFile(s.settingsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return settingsAbsent, nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	if string(old) == string(want) {
		return settingsRight, old, nil
	}
	var v settings
	if json.Unmarshal(old, &v) == nil {
		if sealed, err := v.sealed(); err == nil && string(sealed) == string(old) {
			return settingsOld, old, nil
		}
	}
	return settingsEdited, old, nil
}
