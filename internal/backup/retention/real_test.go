package retention_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/backup/retention"
	"iact-infra/internal/command"
	"iact-infra/internal/config"
)

// TestRealSlowResticForgetsTheSame lets restic make a repository with a history
// and asks both what some policies would keep of it, and why. Before 0.16 restic
// did not keep the oldest snapshot besides.
func TestRealSlowResticForgetsTheSame(t *testing.T) {
	t.Parallel()
	r := newRestic(t)
	var sets []retention.Set
	for n, at := range []string{
		"2026-11-23 15:16:48", "2026-11-23 15:01:00", "2026-11-23 02:00:00", "2026-11-22 23:59:59", "2026-11-16 00:00:00", "2026-11-15 23:59:59",
		"2026-10-31 12:00:00", "2026-10-23 15:16:48", "2026-01-01 00:00:00", "2025-12-31 23:00:00", "2025-12-29 08:00:00", "2024-02-29 10:00:00", "2024-02-28 10:00:00",
	} {
		moment, err := time.Parse("2006-01-02 15:04:05", at)
		if err != nil {
			t.Fatal(err)
		}
		set := retention.Set{Time: moment}
		args := []string{"backup", "--time", at, "--host", "h"}
		if n%4 == 3 {
			set.Tags = []string{"a", "b"}[:1+n%2]
			args = append(args, "--tag", strings.Join(set.Tags, ","))
		}
		r.run(append(args, filepath.Join(r.dir, "file"))...)
		sets = append(sets, set)
	}
	for flags, keep := range map[string]config.Keep{
		"--keep-last 2":                                                  {Last: 2},
		"--keep-hourly 3 --keep-daily 3":                                 {Hourly: 3, Daily: 3},
		"--keep-weekly 4 --keep-yearly 9":                                {Weekly: 4, Yearly: 9},
		"--keep-monthly 5":                                               {Monthly: 5},
		"--keep-within 1m":                                               {Within: span(t, "1m")},
		"--keep-within-daily 8d --keep-within-yearly 2y9m":               {WithinDaily: span(t, "8d"), WithinYearly: span(t, "2y9m")},
		"--keep-within-hourly 14h --keep-within-weekly 1y":               {WithinHourly: span(t, "14h"), WithinWeekly: span(t, "1y")},
		"--keep-within-monthly 40y":                                      {WithinMonthly: span(t, "40y")},
		"--keep-last 1 --keep-tag b --keep-tag a":                        {Last: 1, Tags: []string{"b", "a"}},
		"--keep-last 3 --keep-daily 7 --keep-weekly 5 --keep-monthly 12": {Last: 3, Daily: 7, Weekly: 5, Monthly: 12},
	} {
		if have, want := r.judged(sets, keep), r.forgets(strings.Fields(flags)...); !slices.Equal(have, want) {
			t.Errorf("%s:\nwe keep\n%s\nrestic keeps\n%s", flags, strings.Join(have, "\n"), strings.Join(want, "\n"))
		}
	}
}

// restic is a repository of its own.
type restic struct {
	t      *testing.T
	dir    string
	oldest bool // this version keeps the oldest snapshot as well
}

func newRestic(t *testing.T) *restic {
	t.Helper()
	r := &restic{t: t, dir: t.TempDir()}
	if err := os.WriteFile(filepath.Join(r.dir, "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(r.run("version"), "restic %d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	r.oldest = major > 0 || minor >= 16
	r.run("init")
	return r
}

func (r *restic) run(args ...string) string {
	r.t.Helper()
	c := command.Change("restic", append([]string{"--no-cache"}, args...)...)
	c.Env = []string{"RESTIC_REPOSITORY=" + filepath.Join(r.dir, "repository"), "RESTIC_PASSWORD=x", "TZ=UTC"}
	c.Timeout = 2 * time.Minute
	out, err := command.NewDoor(command.Local()).Text(context.Background(), c).String()
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// forgets is what restic would keep: a time and its reasons a line.
func (r *restic) forgets(policy ...string) []string {
	r.t.Helper()
	var groups []struct {
		Reasons []struct {
			Snapshot struct{ Time time.Time }
			Matches  []string
		}
	}
	out := r.run(append([]string{"forget", "--dry-run", "--json", "--group-by", ""}, policy...)...)
	if err := json.NewDecoder(strings.NewReader(out)).Decode(&groups); err != nil || len(groups) != 1 {
		r.t.Fatalf("restic says %v\n%s", err, out)
	}
	var list []string
	for _, kept := range groups[0].Reasons {
		list = append(list, kept.Snapshot.Time.UTC().Format(time.RFC3339)+" "+strings.Join(kept.Matches, ", "))
	}
	return list
}

func (r *restic) judged(sets []retention.Set, keep config.Keep) []string {
	var list []string
	for _, v := range retention.Apply(sets, keep, late()) {
		reasons := slices.DeleteFunc(v.Reasons, func(reason string) bool { return !r.oldest && strings.HasPrefix(reason, "oldest ") })
		if len(reasons) > 0 {
			list = append(list, sets[v.Set].Time.Format(time.RFC3339)+" "+strings.Join(reasons, ", "))
		}
	}
	return list
}
