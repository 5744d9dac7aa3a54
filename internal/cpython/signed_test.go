package cpython_test

import (
	"os"
	"strings"
	"testing"

	"iact-infra/internal/command"
)

// signs gives the rig a key of its own, and a file that says that it may sign.
func (r *rig) signs() {
	r.t.Helper()
	must(r.t, command.NewDoor(command.Local()).Run(r.t.Context(), command.Change("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", r.path("key"))))
	public, err := os.ReadFile(r.path("key.pub"))
	must(r.t, err)
	put(r.t, r.path("signers"), "builds@example "+string(public))
}

func TestABuildThatNobodyTrustedHasSignedIsMadeAnew(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.signs()
	r.release("3.13.5")
	r.good("3.13.5", "cpython:install") // without a signature
	r.more = ", optimizations: false, sign_key: " + r.path("key") + ", signers: " + r.path("signers")
	again := func(made int, said string) {
		t.Helper()
		must(t, os.RemoveAll(r.path("opt/python-3.13.5")))
		must(t, os.RemoveAll(r.path("work")))
		if all := r.good("3.13.5", "cpython:install"); r.made() != made || !strings.Contains(all, said) {
			t.Errorf("made %d times, want %d, and %q:\n%s", r.made(), made, said, all)
		}
	}
	again(2, "it is not signed")
	again(2, "from the cache")
	put(t, r.path("signers"), "") // trust is withdrawn
	again(3, "it is signed by nobody whom")
}
