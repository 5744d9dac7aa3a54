package cache_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/ci/cache"
	"iact-infra/internal/fault"
)

func TestTheLevelOfARunIsWhatItsSystemSaysOfIt(t *testing.T) {
	t.Parallel()
	github := "GITHUB_ACTIONS=true GITHUB_REPOSITORY=o/r GITHUB_RUN_ID=77 "
	for _, test := range []struct{ name, vars, most, want string }{
		{"a laptop", "", "", "local"},
		{"a laptop that lowers", "", "untrusted", "untrusted configured"},
		{"a laptop can't raise", "", "trusted", "local"},
		{"a protected branch", github + "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main GITHUB_REF_PROTECTED=true", "", "trusted"},
		{"a protected branch that lowers", github + "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/main GITHUB_REF_PROTECTED=true", "local", "local"},
		{"a branch", github + "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/x GITHUB_REF_PROTECTED=false", "trusted", "untrusted github o/r refs/heads/x"},
		{"a branch that the runner names", github + "GITHUB_EVENT_NAME=push GITHUB_REF=refs/heads/release/2 IACT_CI_PROTECTED=main,release/*", "", "trusted"},
		{"a tag that is called like it", github + "GITHUB_EVENT_NAME=push GITHUB_REF=refs/tags/main IACT_CI_PROTECTED=main", "", "untrusted github o/r refs/tags/main"},
		{"a pull request", github + "GITHUB_EVENT_NAME=pull_request GITHUB_REF=refs/pull/4/merge GITHUB_REF_PROTECTED=true", "", "untrusted github o/r refs/pull/4/merge"},
		{"a pull request of a fork, on the base", github + "GITHUB_EVENT_NAME=pull_request_target GITHUB_REF=refs/heads/main GITHUB_REF_PROTECTED=true", "", "untrusted github o/r run 77"},
		{"a comment", github + "GITHUB_EVENT_NAME=issue_comment GITHUB_REF=refs/heads/main GITHUB_REF_PROTECTED=true IACT_CI_PROTECTED=main", "", "untrusted github o/r run 77"},
		{"gitlab, protected", "GITLAB_CI=true CI_PROJECT_PATH=o/r CI_COMMIT_REF_NAME=main CI_COMMIT_REF_PROTECTED=true", "", "trusted"},
		{"gitlab, a merge request", "GITLAB_CI=true CI_PROJECT_PATH=f/r CI_COMMIT_REF_PROTECTED=true CI_MERGE_REQUEST_IID=9 CI_MERGE_REQUEST_PROJECT_PATH=o/r", "", "untrusted gitlab f/r o/r!9"},
		{"gitlab, a branch", "GITLAB_CI=true CI_PROJECT_PATH=o/r CI_COMMIT_REF_NAME=x", "", "untrusted gitlab o/r x"},
		{"gitlab, from outside", "GITLAB_CI=true CI_PROJECT_PATH=o/r CI_COMMIT_REF_NAME=main CI_COMMIT_REF_PROTECTED=true CI_PIPELINE_SOURCE=external_pull_request_event CI_EXTERNAL_PULL_REQUEST_IID=3", "", "untrusted gitlab o/r pull request 3"},
		{"jenkins, a change", "JENKINS_URL=http://j JOB_NAME=j BRANCH_NAME=main CHANGE_ID=5 BRANCH_IS_PRIMARY=true", "", "untrusted jenkins j change 5"},
		{"jenkins, the first branch", "JENKINS_URL=http://j JOB_NAME=j BRANCH_NAME=main BRANCH_IS_PRIMARY=true", "", "trusted"},
		{"jenkins, a branch", "JENKINS_URL=http://j JOB_NAME=j GIT_BRANCH=origin/x", "", "untrusted jenkins j x"},
		{"jenkins, a branch that the runner names", "JENKINS_URL=http://j JOB_NAME=j GIT_BRANCH=origin/main IACT_CI_PROTECTED=main", "", "trusted"},
		{"another system", "CI=true IACT_CI_PROTECTED=*", "", "untrusted ci"},
	} {
		vars := map[string]string{}
		for pair := range strings.FieldsSeq(test.vars) {
			name, value, _ := strings.Cut(pair, "=")
			vars[name] = strings.ReplaceAll(value, ",", " ")
		}
		got, err := cache.DecideTrust(func(name string) string { return vars[name] }, test.most)
		if shown := strings.TrimSpace(string(got.Trust) + " " + got.Scope); err != nil || shown != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.name, shown, err, test.want)
		}
	}
	if _, err := cache.DecideTrust(func(string) string { return "" }, "yes"); fault.Code(err) != fault.Usage || fault.Hint(err) == "" {
		t.Errorf("got %v", err)
	}
}

func TestAScopeIsADirectoryOfItsOwnWhateverItHolds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, scope := range []string{"", "a/b", "a-b", "A-b", "../../trusted", "a\nb", strings.Repeat("x", 500), "ñ"} {
		name := cache.Level{Trust: cache.Untrusted, Scope: scope}.String()
		if seen[name] || !filepath.IsLocal(name) || strings.ContainsAny(name, "/.\n") || len(name) > 100 {
			t.Errorf("%q is %q", scope, name)
		}
		seen[name] = true
	}
}

// TestWhoReadsWhom saves as each level and restores as each level.
func TestWhoReadsWhom(t *testing.T) {
	t.Parallel()
	levels := map[string]cache.Level{
		"trusted": {Trust: cache.Trusted}, "local": {Trust: cache.Local},
		"one": {Trust: cache.Untrusted, Scope: "one"}, "two": {Trust: cache.Untrusted, Scope: "two"},
	}
	reads := map[string]string{"trusted": "trusted", "local": "local trusted", "one": "one trusted", "two": "two trusted"}
	for writer, from := range levels {
		r := newRig(t)
		r.build("one")
		r.cache.Level = from
		r.save(1)
		for reader, as := range levels {
			o := r.other()
			o.cache.Level = as
			_, err := o.restore(1)
			if want := strings.Contains(" "+reads[reader]+" ", " "+writer+" "); want != (err == nil) || err != nil && !errors.Is(err, cache.ErrMiss) {
				t.Errorf("%s reads what %s has written: %v", reader, writer, err)
			}
		}
		dirs, err := os.ReadDir(r.store.Dir)
		if err != nil || len(dirs) != 1 || dirs[0].Name() != from.String() {
			t.Errorf("%s has written %v, %v", writer, dirs, err)
		}
	}
}

func TestARunDoesNotRemoveWhatAnotherLevelHasBroken(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.build("one")
	r.cache.Level = cache.Level{Trust: cache.Trusted}
	r.save(1)
	for _, file := range r.objects() {
		r.must(os.Truncate(file, 10))
	}
	o := r.other()
	o.cache.Level = cache.Level{Trust: cache.Untrusted}
	if _, err := o.restore(1); !errors.Is(err, cache.ErrMiss) || len(r.objects()) != 2 {
		t.Errorf("got %v, and %d objects are left", err, len(r.objects()))
	}
}
