package cache

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// namespace keeps a signature over anything else from being taken for one over
// a build.
const namespace = "iact-cpython"

// Signing names OpenSSH keys. By hand an entry is checked like this:
//
//	jq -r .signature ID.json >SIG
//	jq -cj .body ID.json | ssh-keygen -Y verify -n iact-cpython -I WHO -f ALLOWED -s SIG
type Signing struct {
	Key     string // private key file, or a public one whose private half an agent holds; empty: nothing is signed
	Allowed string // an allowed_signers file; empty: signatures are not looked at
}

// sign gives the signature over body, or "" where no key is configured.
func (c *Cache) sign(ctx context.Context, body []byte) (string, error) {
	if c.Signing.Key == "" {
		return "", nil
	}
	out, err := c.keygen(ctx, body, "sign", "-n", namespace, "-f", c.Signing.Key)
	if err != nil {
		return "", fault.New(fault.Usage, "name a key that ssh-keygen -Y sign can use without a question: "+
			"without a passphrase, or its .pub with an agent that holds it", fmt.Errorf("sign with %s: %w", c.Signing.Key, err))
	}
	return out, nil
}

// verify gives who signed, or "" where signatures are not looked at.
func (c *Cache) verify(ctx context.Context, s sealed) (string, error) {
	if c.Signing.Allowed == "" {
		return "", nil
	}
	if f, err := os.Open(c.Signing.Allowed); err != nil {
		return "", fault.New(fault.Usage, "list who may sign in it, as ssh-keygen(1) tells below ALLOWED SIGNERS", fmt.Errorf("read allowed signers: %w", err))
	} else if err := f.Close(); err != nil {
		return "", err
	}
	if s.Signature == "" {
		return "", damaged("it is not signed")
	}
	dir, err := os.MkdirTemp("", "iact-signature-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "signature")
	if err := os.WriteFile(file, []byte(s.Signature), 0o600); err != nil {
		return "", err
	}
	out, err := c.keygen(ctx, nil, "find-principals", "-f", c.Signing.Allowed, "-s", file)
	if err != nil {
		return "", unverified(err, "it is signed by nobody whom "+c.Signing.Allowed+" names")
	}
	who, _, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if _, err := c.keygen(ctx, s.Body, "verify", "-n", namespace, "-f", c.Signing.Allowed, "-s", file, "-I", who); err != nil {
		return "", unverified(err, "its signature by "+who+" does not hold")
	}
	return who, nil
}

// unverified is damage only if ssh-keygen came to that verdict.
func unverified(err error, verdict string) error {
	var failed *command.Error
	if errors.As(err, &failed) && failed.Err == nil && failed.Exit > 0 {
		return damaged("%s: %w", verdict, err)
	}
	return fmt.Errorf("check signature: %w", err)
}

// keygen runs ssh-keygen so that it never asks anybody anything.
func (c *Cache) keygen(ctx context.Context, input []byte, args ...string) (string, error) {
	cmd := command.Read("ssh-keygen", append([]string{"-Y"}, args...)...)
	cmd.Env = []string{"SSH_ASKPASS_REQUIRE=force", "SSH_ASKPASS=/bin/false", "DISPLAY=none"}
	cmd.Stdin = bytes.NewReader(input)
	cmd.Timeout = time.Minute
	return c.Door.Text(ctx, cmd).String()
}
