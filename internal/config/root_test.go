package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/config"
	"iact-infra/internal/fault"
)

func TestTheCheckoutIsFoundFromAnyFolderInsideIt(t *testing.T) {
	t.Parallel()
	for name, files := range map[string][]string{
		"by its module":        {"go.mod", "// the toolkit\nmodule iact-infra // it\n\ngo 1.25\n"},
		"by its configuration": {"config/iact.yaml", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A module of its own inside the checkout does not hide it.
			root := checkout(t, append(files, "tools/go.mod", "module iact-infra/tools\n", "tools/deep/x", "")...)
			for _, dir := range []string{"", "tools", "tools/deep"} {
				have, err := config.FindRoot(env(), filepath.Join(root, dir))
				if err != nil || have != root {
					t.Errorf("from %q: got %s, %v; want %s", dir, have, err, root)
				}
			}
		})
	}
}

func TestTheEnvironmentNamesTheCheckoutFromElsewhere(t *testing.T) {
	t.Parallel()
	root := checkout(t, "go.mod", "module iact-infra\n")
	other := checkout(t, "config/iact.yaml", "")
	if have, err := config.FindRoot(env("IACT_DIR", root+"/"), other); have != root || err != nil {
		t.Errorf("got %s, %v; want %s", have, err, root)
	}
	if have, err := config.FindRoot(env("IACT_DIR", "../"+filepath.Base(root)), filepath.Join(filepath.Dir(root), "x")); have != root || err != nil {
		t.Errorf("relative: got %s, %v; want %s", have, err, root)
	}
}

func TestADirectoryThatIsNoCheckoutIsNamed(t *testing.T) {
	t.Parallel()
	wrong := checkout(t, "go.mod", "module other\n")
	if err := os.MkdirAll(filepath.Join(wrong, "config/iact.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	right := checkout(t, "go.mod", "module iact-infra\n")
	for _, test := range []struct{ named, workdir, want string }{
		{wrong, right, "IACT_DIR=" + wrong},
		{wrong + "/none", right, "IACT_DIR=" + wrong + "/none"},
		{"", wrong, wrong},
	} {
		have, err := config.FindRoot(env("IACT_DIR", test.named), test.workdir)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Fatalf("got %s, %v; want an error that names %s", have, err, test.want)
		}
		if fault.Code(err) != fault.Usage || !strings.Contains(fault.Hint(err), "IACT_DIR") {
			t.Errorf("code %d, hint %q", fault.Code(err), fault.Hint(err))
		}
	}
}
