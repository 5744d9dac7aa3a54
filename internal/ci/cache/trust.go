package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"

	"iact-infra/internal/fault"
)

// Level is how far what a run makes can be trusted.
type Level struct {
	Trust Trust
	Scope string // of an untrusted run: what it shares its entries with
}

// Trust is a level without its scope.
type Trust string

// The levels.
const (
	Trusted   Trust = "trusted"   // a protected branch, on a CI system
	Local     Trust = "local"     // a person's own machine
	Untrusted Trust = "untrusted" // pull requests, and branches that nobody protects
)

// String is the level as entries and keys name it. A scope may hold anything, so
// what can't be shown is replaced and a hash keeps it apart from others.
func (l Level) String() string {
	if l.Trust != Untrusted {
		return string(l.Trust)
	}
	shown := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		default:
			return '-'
		}
	}, l.Scope)
	sum := sha256.Sum256([]byte(l.Scope))
	return fmt.Sprintf("%s-%s-%s", l.Trust, shown[:min(len(shown), 40)], hex.EncodeToString(sum[:4]))
}

// Reads lists the levels whose entries a run may use, its own first.
func (l Level) Reads() []Level {
	if l.Trust == Trusted {
		return []Level{l}
	}
	return []Level{l, {Trust: Trusted}}
}

// DecideTrust tells the level of this run from the variables of GitHub, GitLab and
// Jenkins. A pull or merge request is untrusted, wherever it comes from, and so is
// every event that a stranger can cause. A branch is trusted if the system says
// that it is protected, or if IACT_CI_PROTECTED names it (names or patterns, with
// blanks between): a variable of the runner, since a branch can edit whatever is
// kept in the repository. A CI system that is not known is untrusted.
//
// most is ci.trust of the configuration: "" or "auto" leaves the decision as it is,
// "local" and "untrusted" lower it. Nothing raises it.
func DecideTrust(getenv func(string) string, most string) (Level, error) {
	level := decide(getenv)
	switch Trust(most) {
	case "", "auto", Trusted:
	case Local:
		if level.Trust == Trusted {
			level = Level{Trust: Local}
		}
	case Untrusted:
		if level.Trust != Untrusted {
			level = Level{Untrusted, "configured"}
		}
	default:
		return Level{}, fault.New(fault.Usage, "set ci.trust to auto, local or untrusted", fmt.Errorf("read ci.trust: there is no level %q", most))
	}
	return level, nil
}

func decide(getenv func(string) string) Level {
	switch {
	case getenv("GITHUB_ACTIONS") == "true":
		return github(getenv)
	case getenv("GITLAB_CI") != "":
		return gitlab(getenv)
	case getenv("JENKINS_URL") != "":
		return jenkins(getenv)
	case getenv("CI") != "" && getenv("CI") != "false":
		return Level{Untrusted, "ci"}
	default:
		return Level{Trust: Local}
	}
}

func github(getenv func(string) string) Level {
	where := "github " + getenv("GITHUB_REPOSITORY") + " "
	ref := getenv("GITHUB_REF")
	switch getenv("GITHUB_EVENT_NAME") {
	case "push", "schedule", "workflow_dispatch", "release", "merge_group":
		branch, isBranch := strings.CutPrefix(ref, "refs/heads/")
		if getenv("GITHUB_REF_PROTECTED") == "true" || isBranch && named(getenv, branch) {
			return Level{Trust: Trusted}
		}
		return Level{Untrusted, where + ref}
	case "pull_request":
		return Level{Untrusted, where + ref} // refs/pull/N/merge
	default:
		// pull_request_target, workflow_run, issue_comment and others run with the ref
		// of the main branch on what a stranger wrote.
		return Level{Untrusted, where + "run " + getenv("GITHUB_RUN_ID")}
	}
}

func gitlab(getenv func(string) string) Level {
	where := "gitlab " + getenv("CI_PROJECT_PATH") + " "
	if iid := getenv("CI_MERGE_REQUEST_IID"); iid != "" {
		return Level{Untrusted, where + getenv("CI_MERGE_REQUEST_PROJECT_PATH") + "!" + iid}
	}
	ref := getenv("CI_COMMIT_REF_NAME")
	if getenv("CI_PIPELINE_SOURCE") == "external_pull_request_event" {
		return Level{Untrusted, where + "pull request " + getenv("CI_EXTERNAL_PULL_REQUEST_IID")}
	}
	if getenv("CI_COMMIT_REF_PROTECTED") == "true" || getenv("CI_COMMIT_TAG") == "" && named(getenv, ref) {
		return Level{Trust: Trusted}
	}
	return Level{Untrusted, where + ref}
}

func jenkins(getenv func(string) string) Level {
	where := "jenkins " + getenv("JOB_NAME") + " "
	if change := getenv("CHANGE_ID"); change != "" {
		return Level{Untrusted, where + "change " + change}
	}
	branch := getenv("BRANCH_NAME")
	if branch == "" {
		branch = strings.TrimPrefix(getenv("GIT_BRANCH"), "origin/")
	}
	if getenv("BRANCH_IS_PRIMARY") == "true" || getenv("TAG_NAME") == "" && named(getenv, branch) {
		return Level{Trust: Trusted}
	}
	return Level{Untrusted, where + branch}
}

// named tells whether the runner says that a branch is protected.
func named(getenv func(string) string, branch string) bool {
	for pattern := range strings.FieldsSeq(getenv("IACT_CI_PROTECTED")) {
		if ok, err := path.Match(pattern, branch); ok && err == nil && branch != "" {
			return true
		}
	}
	return false
}
