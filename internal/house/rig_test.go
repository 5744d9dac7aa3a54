package house_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"iact-infra/internal/command"
	"iact-infra/internal/house"
	"iact-infra/internal/procedure"
)

// rig is a house in a checkout of its own.
type rig struct {
	*house.House
	root     string
	out, err *os.File
}

// newRig builds a house over a made-up room. files are written into its
// checkout; env is all of its environment.
func newRig(t *testing.T, env map[string]string, files map[string]string, args ...string) *rig {
	t.Helper()
	root := t.TempDir()
	write(t, root, "go.mod", "module iact-infra\n")
	return open(t, root, demo, env, files, args...)
}

// open builds a house in a checkout that is there already, over one room.
func open(t *testing.T, root string, room house.Room, env map[string]string, files map[string]string, args ...string) *rig {
	t.Helper()
	r := &rig{root: root}
	for name, content := range files {
		write(t, r.root, name, content)
	}
	streams := t.TempDir()
	r.out, r.err = stream(t, streams, "out"), stream(t, streams, "err")
	input, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = input.Close() })
	if log, piped := files["stdin"]; piped {
		write(t, streams, "in", log)
		if input, err = os.Open(filepath.Join(streams, "in")); err != nil {
			t.Fatal(err)
		}
	}
	r.House = house.New(house.Environment{
		Args:    args,
		Getenv:  func(name string) string { return env[name] },
		Stdin:   input,
		Stdout:  r.out,
		Stderr:  r.err,
		Workdir: r.root,
		Now:     time.Now,
		Random:  rand.Reader,
		Rooms:   []house.Room{room},
	})
	return r
}

// demo is a made-up room.
func demo(h *house.House) (procedure.Procedure, error) {
	second := time.Second
	first := procedure.Step{
		Number: 1, Target: "demo:store",
		Title:    procedure.Text{ES: "Preparar el almacén", EN: "Prepare the store"},
		Estimate: procedure.Span{Min: second, Max: 5 * time.Minute},
		Symptoms: []string{"B-1"},
		Run: func(ctx context.Context, w *procedure.Work) error {
			root, err := h.Root()
			if err != nil {
				return err
			}
			return w.Door.Run(ctx, command.Change("touch", filepath.Join(root, "store")))
		},
		Validate: func(context.Context, *procedure.Work) (procedure.Evidence, error) { return "there", nil },
		NoUndo:   procedure.Text{ES: "no hace falta", EN: "there is no need"},
	}
	look := procedure.Step{
		Number: 3, Target: "demo:look", Needs: []string{"demo:store"}, ReadOnly: true,
		Title:    procedure.Text{ES: "Mirar", EN: "Look"},
		Estimate: procedure.Span{Max: second},
		Run:      func(context.Context, *procedure.Work) error { return nil },
	}
	return procedure.Procedure{
		Code: "PROCED-TEST-001", Namespace: "demo",
		Title:   procedure.Text{ES: "Demostración", EN: "Demonstration"},
		Steps:   []procedure.Step{first, look},
		All:     [][]string{{"demo:store"}, {"demo:look"}},
		Missing: []int{2},
	}, nil
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func stream(t *testing.T, dir, name string) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return file
}

// said reads what was written to a stream so far.
func said(t *testing.T, file *os.File) string {
	t.Helper()
	content, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// shown is an error the way mage prints it, with its exit code.
func shown(err error) (string, int) {
	if err == nil {
		return "", 0
	}
	code := 1
	if coded, ok := err.(interface{ ExitStatus() int }); ok {
		code = coded.ExitStatus()
	}
	return fmt.Sprintf("Error: %+v", err), code
}

func name(of string) *string { return &of }
