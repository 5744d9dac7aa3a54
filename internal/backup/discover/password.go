package discover

import (
	"fmt"
	"os"
	"path/filepath"

	"iact-infra/internal/command"
	"iact-infra/internal/config"
)

// intoFile is a shell line that writes what a program prints into a file that
// nobody else can read.
func intoFile(file string, c command.Command) string {
	return fmt.Sprintf("(umask 077; %s; %s >%s)", command.Read("mkdir", "-p", filepath.Dir(file)), c, word(file))
}

// word is a word of a shell line.
func word(s string) string { return command.Read(s).String() }

// putPassword says where the password of a server belongs.
func putPassword(s *Server) string {
	return fmt.Sprintf("(umask 077; %s; cat >%s), then type the password of %s and Ctrl-D", command.Read("mkdir", "-p", filepath.Dir(s.PasswordFile)), word(s.PasswordFile), s.User)
}

// password is the one that was put there, "" when none was.
func (s *Server) password() (string, error) {
	if _, err := os.Stat(s.PasswordFile); err != nil {
		return "", nil //nolint:nilerr // there is none yet
	}
	return config.Source{Name: s.Via, PasswordFile: s.PasswordFile}.Password()
}
