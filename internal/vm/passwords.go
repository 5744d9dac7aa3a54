package vm

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// The names of the lines, which scripts/bootstrap.sh reads as well.
const (
	postgreSQLPassword = "POSTGRESQL_PASSWORD"
	mariaDBPassword    = "MARIADB_PASSWORD"
)

// newPasswords is the text of a file with random ones.
func newPasswords(random io.Reader) ([]byte, error) {
	text := "# Passwords of the application's user in the databases of the virtual machine. They stay out of git.\n"
	for _, name := range []string{postgreSQLPassword, mariaDBPassword} {
		var secret [24]byte
		if _, err := io.ReadFull(random, secret[:]); err != nil {
			return nil, fmt.Errorf("make a password: %w", err)
		}
		text += name + "=" + base64.RawURLEncoding.EncodeToString(secret[:]) + "\n"
	}
	return []byte(text), nil
}

// readPasswords are the passwords by their names. It refuses a file that others
// can read, or that scripts/bootstrap.sh would refuse. No message holds a password.
func readPasswords(file string) (map[string]string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("read the passwords: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fault.New(fault.Usage, "chmod 600 "+file, fmt.Errorf("read the passwords: %s has mode %04o, and others can read it", file, mode))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the passwords: %w", err)
	}
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, is := strings.Cut(strings.TrimRight(line, "\r\n"), "=")
		if _, twice := found[name]; is && !twice {
			found[name] = value
		}
	}
	for _, name := range []string{postgreSQLPassword, mariaDBPassword} {
		if wrong := passwordRule(found[name]); wrong != "" {
			return nil, fault.New(fault.Usage, "remove the file, and mage vm:bootstrap makes a new one; or write the line: "+name+"=…",
				fmt.Errorf("read the passwords in %s: %s %s", file, name, wrong))
		}
	}
	return found, nil
}

// passwordRule is that of scripts/bootstrap.sh.
func passwordRule(s string) string {
	const more = "._~+/=@%^:,-"
	switch {
	case s == "":
		return "is missing"
	case len(s) < 8 || len(s) > 128:
		return "has to have 8 to 128 characters"
	case strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(more, c)
	}):
		return "may only have A-Z a-z 0-9 " + more
	}
	return ""
}

// unseen refuses a file of passwords that git would take. Where there is no git,
// or no repository, there is nothing to take it.
func (s *scene) unseen(ctx context.Context) error {
	file := s.config.VM.Logins
	dir := filepath.Dir(file)
	for _, one := range fresh(file) {
		dir = filepath.Dir(one)
	}
	c := command.Read("git", "-C", dir, "check-ignore", "-q", "--", file)
	var failed *command.Error
	if err := s.Run(ctx, c); errors.As(err, &failed) && failed.Exit == 1 {
		return fault.New(fault.Usage, fmt.Sprintf("a line for it in %s, and git rm --cached where git has it already", filepath.Join(dir, ".gitignore")),
			fmt.Errorf("look at %s: git would take the passwords in it", file))
	}
	return nil
}
