package backup_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/backup"
	"iact-infra/internal/command"
)

// withSets is a rig with two sets of a tree in several parts.
func withSets(t *testing.T) *rig {
	t.Helper()
	r := newRig(t)
	for i, name := range []string{"a", "b", "c"} {
		must(t, os.WriteFile(filepath.Join(r.project, name), noise(uint64(i), 3<<20), 0o600))
	}
	r.good("backup:all")
	r.put("project/later.txt", "later")
	r.good("backup:all")
	return r
}

// copy is a rig with the same project and a store of its own that holds the
// same sets. Their files are links: replace them, never write into them.
func (r *rig) copy(t *testing.T) (fresh *rig, newest backup.View) {
	t.Helper()
	fresh = newRig(t)
	fresh.project = r.project
	fresh.configure()
	must(t, command.NewDoor(command.Local()).Run(context.Background(), command.Change("cp", "-al", r.store, fresh.store)))
	must(t, os.Remove(filepath.Join(fresh.store, ".lock"))) // the lock too is one file
	return fresh, fresh.newest()
}

// replace gives a file other content under a new inode, as whoever tampers
// with one set does: the other sets keep theirs.
func replace(t testing.TB, path string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, change(bytes.Clone(data)), 0o400))
}

func flip(data []byte) []byte {
	data[len(data)/2] ^= 4
	return data
}

func TestSlowEveryDamageOfASetIsNamedAndRestoresNothing(t *testing.T) {
	t.Parallel()
	base := withSets(t)
	move := func(from, to string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			must(t, os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)))
		}
	}
	edit := func(name string, change func([]byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, dir string) { replace(t, filepath.Join(dir, name), change) }
	}
	for name, c := range map[string]struct {
		damage   func(t *testing.T, dir string)
		part     string
		problem  string
		restores bool // the parts themselves are whole
	}{
		"a missing part":   {func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "00000002.zst"))) }, "00000002.zst", "missing", false},
		"a truncated part": {edit("00000002.zst", func(b []byte) []byte { return b[:len(b)/3] }), "00000002.zst", "bytes,", false},
		"an empty part":    {edit("00000001.zst", func([]byte) []byte { return nil }), "00000001.zst", "0 bytes,", false},
		"a longer part":    {edit("00000002.zst", func(b []byte) []byte { return append(b, 0) }), "00000002.zst", "bytes,", false},
		"a flipped bit":    {edit("00000002.zst", flip), "00000002.zst", "its bytes are not what was written", false},
		"a renamed part":   {move("00000002.zst", "00000077.zst"), "00000002.zst", "missing", false},
		"an added part":    {func(t *testing.T, dir string) { must(t, os.WriteFile(filepath.Join(dir, "00000077.zst"), nil, 0o400)) }, "00000077.zst", "no part of this set", true},
		"swapped parts": {func(t *testing.T, dir string) {
			move("00000002.zst", "x")(t, dir)
			move("00000003.zst", "00000002.zst")(t, dir)
			move("x", "00000003.zst")(t, dir)
		}, "00000002.zst", "", false},
		"a part that is a link": {func(t *testing.T, dir string) {
			move("00000002.zst", "../part")(t, dir)
			must(t, os.Symlink("../part", filepath.Join(dir, "00000002.zst")))
		}, "00000002.zst", "not a regular file", false},
		"a missing index":        {func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "00000001.idx"))) }, "00000001.idx", "missing", true},
		"a flipped index":        {edit("00000001.idx", flip), "00000001.idx", "not what was written", true},
		"an edited list":         {edit("parts.jsonl", flip), "parts.jsonl", "not what was written", false},
		"a missing list":         {func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "parts.jsonl"))) }, "parts.jsonl", "no such file", false},
		"an edited recipe":       {edit("../RESTORE.md", flip), "RESTORE.md", "not what was written", true},
		"a missing recipe":       {func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "../RESTORE.md"))) }, "RESTORE.md", "missing", true},
		"edited checksums":       {edit("../SHA256SUMS", flip), "SHA256SUMS", "not what was written", true},
		"a whole missing source": {func(t *testing.T, dir string) { must(t, os.RemoveAll(dir)) }, "parts.jsonl", "no such file", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, set := base.copy(t)
			earlier := r.sets()[1].ID
			before := r.held()
			for path := range before {
				if strings.Contains(path, set.ID) {
					delete(before, path)
				}
			}
			c.damage(t, filepath.Join(r.store, set.ID, "files-config"))
			checked := r.runWith([]string{"IACT_FORMAT=json"}, "backup:verify")
			checked.refused(3, "verify set "+set.ID+": ", "run backup:all now")
			result := parse[backup.Verification](t, checked.out)
			found := false
			for _, f := range result.Findings {
				found = found || strings.HasSuffix(f.Part, c.part) && strings.Contains(f.Problem, c.problem)
			}
			if !found || result.OK {
				t.Errorf("the findings %+v do not name %s: %s", result.Findings, c.part, c.problem)
			}
			to := filepath.Join(r.root, "restored")
			if c.restores {
				r.good("backup:restore", "-source=config", "-to="+to)
			} else {
				r.run("backup:restore", "-source=config", "-to="+to).refused(3, set.ID, "backup:")
				if left, _ := filepath.Glob(filepath.Join(r.root, "*restor*")); len(left) > 0 {
					t.Errorf("a restore that failed left %v", left)
				}
				r.good("backup:restore", "-set="+earlier, "-source=config", "-to="+to)
			}
			r.good("backup:all")
			r.good("backup:verify", "-set=latest")
			r.untouched(before)
		})
	}
}

func TestSlowADamageThatNobodyHasSeenYetDoesNotSpoilTheNextBackup(t *testing.T) {
	t.Parallel()
	base := withSets(t)
	for name, damage := range map[string]func(t *testing.T, part string){
		"a missing part":   func(t *testing.T, part string) { must(t, os.Remove(part)) },
		"a truncated part": func(t *testing.T, part string) { replace(t, part, func(b []byte) []byte { return b[:len(b)-1] }) },
		"a missing index":  func(t *testing.T, part string) { must(t, os.Remove(strings.Replace(part, ".zst", ".idx", 1))) },
		"a missing list":   func(t *testing.T, part string) { must(t, os.Remove(filepath.Join(filepath.Dir(part), "parts.jsonl"))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, set := base.copy(t)
			damage(t, filepath.Join(r.store, set.ID, "files-config", "00000001.zst"))
			r.good("backup:all")
			r.good("backup:verify", "-set="+r.newest().ID)
			to := filepath.Join(r.root, "restored")
			r.good("backup:restore", "-source=config", "-to="+to)
			if !bytes.Equal(noise(0, 3<<20), []byte(read(t, filepath.Join(to, "a")))) {
				t.Error("the new set does not hold what the project does")
			}
		})
	}
}

func TestSlowAPartThatManySetsShareIsWrittenAnewOnceItsDamageIsKnown(t *testing.T) {
	t.Parallel()
	r := withSets(t)
	set := r.newest()
	part := filepath.Join(r.store, set.ID, "files-config", "00000001.zst")
	data, err := os.ReadFile(part)
	must(t, err)
	must(t, os.Chmod(part, 0o600))
	must(t, os.WriteFile(part, flip(data), 0o600)) // in place: a bad sector hits every set
	for _, one := range r.sets() {
		r.run("backup:verify", "-set="+one.ID).refused(3, "00000001.zst: its bytes are not what was written", "run backup:all now")
	}
	r.good("backup:all")
	r.good("backup:verify", "-set="+r.newest().ID)
	if now := source(t, r.newest(), "config"); now.New < 3<<20 {
		t.Errorf("%d bytes are new: the bad part was linked again", now.New)
	}
}

func TestSlowAManifestThatIsNotWhatWasWrittenIsRefused(t *testing.T) {
	t.Parallel()
	base := withSets(t)
	newer := func(data []byte) []byte {
		var envelope map[string]json.RawMessage
		if json.Unmarshal(data, &envelope) != nil {
			return nil
		}
		envelope["format"] = json.RawMessage("2")
		data, _ = json.Marshal(envelope)
		return data
	}
	for name, c := range map[string]struct {
		change func([]byte) []byte
		code   int
		what   string
		wayOut string
	}{
		"tampered with": {func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"stored_bytes":`), []byte(`"stored_bytes":1`), 1)
		}, 3, "it was changed after it was written", "RESTORE.md"},
		"of a newer format": {newer, 4, "format 2, this program knows formats up to 1", "newer release"},
		"of format 0":       {func(b []byte) []byte { return bytes.Replace(b, []byte(`"format":1`), []byte(`"format":0`), 1) }, 3, "format 0", "take another set"},
		"cut short":         {func(b []byte) []byte { return b[:len(b)/2] }, 3, "read manifest: ", "take another set"},
		"empty":             {func([]byte) []byte { return nil }, 3, "read manifest: ", "take another set"},
		"of another set":    {nil, 3, "its manifest is that of set", "give the directory its name back"},
		"missing":           {nil, 3, "manifest.json: no such file", "take another set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, set := base.copy(t)
			earlier := r.sets()[1].ID
			file := filepath.Join(r.store, set.ID, "manifest.json")
			switch name {
			case "of another set":
				data := read(t, filepath.Join(r.store, earlier, "manifest.json"))
				replace(t, file, func([]byte) []byte { return []byte(data) })
			case "missing":
				must(t, os.Remove(file))
			default:
				replace(t, file, c.change)
			}
			before := r.held()
			for _, target := range []string{"backup:verify", "backup:show", "backup:restore"} {
				bad := r.run(target, "-set="+set.ID, "-to="+filepath.Join(r.root, "to"))
				bad.refused(c.code, "open set "+set.ID, c.wayOut)
				bad.refused(c.code, c.what, c.wayOut)
			}
			listed := false
			for _, one := range r.sets() {
				listed = listed || one.ID == set.ID && one.State == "damaged" && one.Error != ""
			}
			if !listed {
				t.Errorf("the list does not say that %s is damaged: %+v", set.ID, r.sets())
			}
			r.good("backup:verify", "-set="+earlier)
			r.good("backup:all")
			r.untouched(before)
		})
	}
}

func TestTheNumberOfASetWhoseManifestIsBrokenIsNotGivenTwice(t *testing.T) {
	t.Parallel()
	r := withSets(t)
	set := r.newest()
	file := filepath.Join(r.store, set.ID, "manifest.json")
	whole := read(t, file)
	replace(t, file, func(b []byte) []byte { return b[:10] })
	r.good("backup:all")
	replace(t, file, func([]byte) []byte { return []byte(whole) })
	seen := map[int64]string{}
	for _, one := range r.sets() {
		if other, taken := seen[one.Sequence]; taken {
			t.Errorf("%s and %s both have number %d", one.ID, other, one.Sequence)
		}
		seen[one.Sequence] = one.ID
	}
}
