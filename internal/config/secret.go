package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"iact-infra/internal/fault"
)

// Password reads the source's password_file when it is needed, and never
// earlier: the configuration itself holds no secret. It is "" when the source
// has none. The file holds the password alone; one line break at its end is
// not part of it.
func (s Source) Password() (string, error) {
	if s.PasswordFile == "" {
		return "", nil
	}
	if what, rule := secretProblem(s.PasswordFile); what != "" {
		return "", fault.New(fault.Usage, rule, fmt.Errorf("read password of %s: %s", s.Name, what))
	}
	data, err := os.ReadFile(s.PasswordFile)
	if err != nil {
		return "", fault.New(fault.Usage, "", fmt.Errorf("read password of %s: %s: %w", s.Name, s.PasswordFile, cause(err)))
	}
	data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	if len(data) == 0 || bytes.ContainsAny(data, "\n\r\x00") {
		return "", fault.New(fault.Usage, "the file holds the password alone, on one line",
			fmt.Errorf("read password of %s: %w", s.Name, errors.New(s.PasswordFile+" is empty or has more than one line")))
	}
	return string(data), nil
}

// secretProblem says why a file may not hold a secret.
func secretProblem(file string) (what, rule string) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %v", file, cause(err)), "create it with mode 0600; it holds the password alone"
	case !info.Mode().IsRegular():
		return file + " is not a file", "name a file of mode 0600 that holds the password alone"
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Sprintf("%s has mode %04o: others can read it", file, info.Mode().Perm()), "chmod 600 " + file
	}
	return "", ""
}
