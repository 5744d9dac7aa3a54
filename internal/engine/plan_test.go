package engine_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command"
	"iact-infra/internal/engine"
	"iact-infra/internal/fault"
	"iact-infra/internal/journal"
	"iact-infra/internal/procedure"
)

// planned is a table of every kind of step. What runs would write into dir.
func planned(dir string) []procedure.Step {
	done := changing(1, "demo:store")
	done.Title = procedure.Text{ES: "Almacén", EN: "Store"}
	done.Done = evident("0700, ours")
	lines := doing(changing(2, "demo:db", "demo:store"), func(context.Context, *procedure.Work) error {
		return os.WriteFile(filepath.Join(dir, "db"), nil, 0o600)
	})
	lines.Title = procedure.Text{ES: "Volcar", EN: "Dump"}
	lines.Done = notYet
	lines.Plan = func(ctx context.Context, w *procedure.Work) ([]string, error) {
		seen, err := w.Door.Text(ctx, command.Read("echo", "iact")).String()
		return []string{"pg_dump " + strings.TrimSpace(seen) + " | zstd >part"}, err
	}
	door := doing(changing(3, "demo:service", "demo:db"), func(ctx context.Context, w *procedure.Work) error {
		if err := w.Record("service", "x"); err != nil {
			return err
		}
		return w.Door.Run(ctx, command.Change("touch", filepath.Join(dir, "a b")))
	})
	look := procedure.Step{Number: 4, Target: "demo:verify", ReadOnly: true, Needs: []string{"demo:service"}, Run: func(context.Context, *procedure.Work) error {
		return errors.New("a reading step has nothing to plan and must not run")
	}}
	return []procedure.Step{done, lines, door, look}
}

func TestPlanShowsWhatWouldRunAndChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, func(o *engine.Options) {
		o.Planning = true
		o.JournalDir = filepath.Join(dir, ".iact", "journal")
	}, planned(dir)...)
	before := treeHash(t, dir)
	if err := r.Target(context.Background(), "demo:verify"); err != nil {
		t.Fatal(err)
	}
	want := `# 1 demo:store  Store
#   already done: 0700, ours

# 2 demo:db  Dump
pg_dump iact | zstd >part

# 3 demo:service  Step
touch '` + dir + `/a b'

# 4 demo:verify  
#   reads only, changes nothing
`
	if got := r.out.String(); got != want {
		t.Errorf("the plan is\n%s\nwant\n%s", got, want)
	}
	if after := treeHash(t, dir); after != before {
		t.Errorf("the plan changed the tree:\n%s\n%s", before, after)
	}
}

func TestPlanOfChainedTargetsShowsASharedNeedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(o *engine.Options) { o.Planning = true },
		changing(1, "demo:base"), changing(2, "demo:left", "demo:base"), changing(3, "demo:right", "demo:base"))
	for _, target := range []string{"demo:left", "demo:right"} {
		if err := r.Target(context.Background(), target); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(r.out.String(), "# 1 demo:base"); got != 1 {
		t.Errorf("demo:base is planned %d times, want once:\n%s", got, &r.out)
	}
}

func TestPlanIsOneJSONDocument(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, func(o *engine.Options) {
		o.Lang = "es"
		o.Header = journal.Header{Args: []string{"json"}}
	}, planned(dir)...)
	if err := r.Plan(context.Background(), "demo"); err != nil {
		t.Fatal(err)
	}
	var plan engine.Planned
	if err := json.Unmarshal(r.out.Bytes(), &plan); err != nil || len(plan.Steps) != 4 {
		t.Fatalf("the plan is no document of four steps: %v\n%s", err, &r.out)
	}
	if s := plan.Steps[0]; !s.Done || s.Title != "Almacén" || s.Commands == nil {
		t.Errorf("step 1 is %+v", s)
	}
	if s := plan.Steps[2]; len(s.Commands) != 1 || s.Commands[0] != "touch '"+dir+"/a b'" {
		t.Errorf("step 3 is %+v", s)
	}
	if !plan.Steps[3].ReadOnly {
		t.Error("step 4 is not marked as reading")
	}
}

func TestPlanSaysWhereItIsIncomplete(t *testing.T) {
	t.Parallel()
	blind := failing(changing(1, "demo:blind"), fault.New(4, "", errors.New("no server to ask")))
	blind.Done = func(context.Context, *procedure.Work) (procedure.Evidence, error) {
		return "", errors.New("no answer")
	}
	r := newRig(t, func(o *engine.Options) { o.Planning = true }, blind, changing(2, "demo:top", "demo:blind"))
	err := r.Target(context.Background(), "demo:top")
	if fault.Code(err) != 4 || !strings.Contains(err.Error(), "plan demo:blind: no server to ask") {
		t.Errorf("Target = %v with code %d", err, fault.Code(err))
	}
	for _, want := range []string{"cannot tell whether it is done: no answer", "cannot be planned: no server to ask", "# 2 demo:top"} {
		if !strings.Contains(r.out.String(), want) {
			t.Errorf("the plan does not say %q:\n%s", want, &r.out)
		}
	}
}

func TestPlanOfAnUnknownNameIsWrongUse(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, changing(1, "demo:base"))
	for _, name := range []string{"nowhere", "demo:nowhere", ""} {
		if code := fault.Code(r.Plan(context.Background(), name)); code != 2 {
			t.Errorf("Plan(%q) has code %d, want 2", name, code)
		}
	}
}

// treeHash is one line for each file and directory of a tree.
func treeHash(t *testing.T, root string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintln(&all, path, info.Mode(), info.ModTime().UnixNano())
		if d.Type().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			_, _ = fmt.Fprintf(&all, "%x\n", sha256.Sum256(content))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
