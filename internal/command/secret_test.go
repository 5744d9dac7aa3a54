package command_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"iact-infra/internal/command"
)

func TestSecretsNeverShow(t *testing.T) {
	t.Parallel()
	const secret = "p4ss/w'rd öä"
	var shown []string
	door := local(command.Observe(func(e command.Event) {
		shown = append(shown, fmt.Sprintf("%+v %v", e, e.Err))
	}))
	c := command.Read("sh", "-c", `echo "$1" >&2; echo "url=$2" >&2; exit 1`, "sh", secret, "postgres://u:p4ss%2Fw%27rd+%C3%B6%C3%A4@h/")
	c.Env = []string{"PGPASSWORD=" + secret}
	c.Dir = "/"
	c.Secrets = []string{secret + "\n", ""}
	errs := []error{door.Run(t.Context(), c), door.Text(t.Context(), c).Error()}
	c.Args = []string{"-c", "cat"}
	errs = append(errs, door.Feed(t.Context(), c, iotest.ErrReader(errors.New("login with "+secret))))
	c.Program = "/no/such/" + secret
	errs = append(errs, door.Run(t.Context(), c))
	for _, err := range errs {
		var e *command.Error
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		shown = append(shown, err.Error(), fmt.Sprintf("%+v", *e), fmt.Sprintf("%+v", errors.Unwrap(err)))
	}
	all := strings.Join(append(shown, c.String()), "\n")
	for _, part := range []string{"p4ss", "rd öä", "%2Fw%27"} {
		if strings.Contains(all, part) {
			t.Errorf("%q shows in:\n%s", part, all)
		}
	}
	if !strings.Contains(all, "url=postgres://u:***@h/") {
		t.Errorf("what is not secret should stay:\n%s", all)
	}
}

func TestTheCutEndOfASecretDoesNotShow(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("secret-key-", 40)
	// Every possible cut of the ring falls into a copy of the secret.
	c := command.Read("sh", "-c", "cat >&2; exit 1")
	c.Secrets = []string{secret}
	c.Stdin = struct{ io.Reader }{strings.NewReader(strings.Repeat(secret+"\n", 200) + "bad")}
	err := local().Run(t.Context(), c)
	var e *command.Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if strings.Contains(e.Stderr, "key") || !strings.HasSuffix(e.Stderr, "bad") {
		t.Errorf("stderr: %.200q", e.Stderr)
	}
}

func TestTheLongerSecretIsMaskedWhole(t *testing.T) {
	t.Parallel()
	c := command.Read("x", "password1", "pass", "-----BEGIN-----\n  line-one-of-key\n}")
	c.Secrets = []string{"pass", "password1", "-----BEGIN-----\nline-one-of-key\n}"}
	if got := c.String(); strings.Contains(got, "word1") || strings.Contains(got, "line-one") {
		t.Errorf("got %s", got)
	}
}

func TestOnlyTheEndOfStderrIsKeptAndItsLastMeaningfulLineSaid(t *testing.T) {
	t.Parallel()
	for want, stderr := range map[string]string{
		"sh: exit 1: error: query failed: permission denied": "pg_dump: x\nsh: error: query failed: permission denied\nsh: detail: Query was: LOCK\nHINT: ask\n\n",
		"sh: exit 1: red alert":                              "\x1b[31mred alert\x1b[0m\r\n   ^^^^\n",
		"sh: exit 1: hint: only this":                        "hint: only this\n",
		"sh: exit 1":                                         " \n\n",
	} {
		c := command.Read("sh", "-c", "cat >&2; exit 1")
		c.Stdin = struct{ io.Reader }{strings.NewReader(stderr)}
		if err := local().Run(t.Context(), c); err == nil || err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	err := local().Run(t.Context(), sh("head -c 100000 /dev/zero | tr '\\0' x >&2; echo; exit 1"))
	var e *command.Error
	if !errors.As(err, &e) || len(e.Stderr) != 8<<10 || len(err.Error()) > 400 {
		t.Errorf("kept %d bytes, said %d", len(e.Stderr), len(err.Error()))
	}
}
