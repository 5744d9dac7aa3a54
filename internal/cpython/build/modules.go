package build

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// complete refuses a build without a module that may not be missing.
func (b *Build) complete(missing []string) error {
	var wanted []string
	for _, module := range missing {
		if !slices.Contains(b.Allowed, module) {
			wanted = append(wanted, module)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	return fault.New(fault.Invalid, remedy(wanted), fmt.Errorf("python %s was built without %s", b.Version, strings.Join(wanted, ", ")))
}

// remedy is what to type so that modules get built.
func remedy(modules []string) string {
	var packages []string
	for _, need := range Needs() {
		if need.Debian != "" && slices.ContainsFunc(need.Modules, func(m string) bool { return slices.Contains(modules, m) }) {
			packages = append(packages, need.Debian)
		}
	}
	allow := "or let cpython.allow_missing name them"
	if len(packages) == 0 {
		return "the log of make says why; " + allow
	}
	return "cpython:deps installs what they need (" + strings.Join(packages, ", ") + "), then build again; " + allow
}

// Imports starts an interpreter and imports what was promised. It returns what
// the interpreter says it is; the error names every module that does not import.
func (b *Build) Imports(ctx context.Context, python string) (string, error) {
	script := `import importlib, sys
bad = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except BaseException as e:
        bad.append(name + "\t" + type(e).__name__ + ": " + " ".join(str(e).split()))
print(sys.version.split()[0])
print(sys.prefix)
print("\n".join(bad))
`
	c := command.Read(python, append([]string{"-E", "-s", "-S", "-B", "-c", script}, b.Modules...)...)
	c.Dir = "/"
	c.Env = []string{"LD_LIBRARY_PATH="} // another libpython could pass for its own
	out, err := b.Door.Text(ctx, c).String()
	if err != nil {
		return "", fmt.Errorf("start %s: %w", python, err)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) < 2 {
		return "", fmt.Errorf("start %s: it says %q", python, out)
	}
	if lines[0] != b.Version {
		return "", fault.New(fault.Invalid, "", fmt.Errorf("%s is python %s, not %s", python, lines[0], b.Version))
	}
	var names, why []string
	for _, line := range lines[2:] {
		name, reason, _ := strings.Cut(line, "\t")
		names = append(names, name)
		why = append(why, "import "+name+": "+reason)
	}
	if len(names) > 0 {
		return "", fault.New(fault.Invalid, remedy(names), fmt.Errorf("python %s lacks what was promised: %s", b.Version, strings.Join(why, "; ")))
	}
	if len(b.Modules) == 0 {
		return "python " + lines[0] + " starts", nil
	}
	return fmt.Sprintf("python %s starts and imports %s", lines[0], strings.Join(b.Modules, ", ")), nil
}
