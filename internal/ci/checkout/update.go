package checkout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/command"
	"iact-infra/internal/fault"
)

// Options say what is wanted.
type Options struct {
	Dir    string // of the working copy; it need not be there yet
	URL    string // where to clone from; a copy that is there must come from there. May be empty
	Branch string // "": the branch that is checked out, or the remote's own
	Remote string // "": origin
	// Depth makes a new copy shallow. One that is there keeps the history it has.
	Depth      int
	Submodules bool // get them, too
	Offline    bool // ask no server
	Run        string
	// Record keeps a change for Back, before it is made and again when it is done.
	Record func(Change) error
}

// Did is what Update has done.
type Did string

// The kinds of change.
const (
	Current  Did = "current" // nothing was to be done
	Cloned   Did = "cloned"
	Updated  Did = "updated"  // went forward
	Switched Did = "switched" // to another branch, and forward if that was behind
)

// Change is what Update did, as much as Back needs to know.
type Change struct {
	Did        Did    `json:"did"`
	Dir        string `json:"dir"`
	FromBranch string `json:"from_branch,omitempty"` // "" for a detached HEAD
	FromHead   string `json:"from_head,omitempty"`
	Branch     string `json:"branch,omitempty"`
	Before     string `json:"before,omitempty"` // the commit of Branch; "" when it was made
	After      string `json:"after,omitempty"`
	Ref        string `json:"ref,omitempty"` // keeps FromHead
	Commits    int    `json:"commits"`       // that came
}

// refs is where the commits before are kept.
const refs = "refs/iact/before-"

// Update clones the repository, or brings the working copy forward. What is there
// and would be lost is an error that names it, and then nothing has changed.
func Update(ctx context.Context, door *command.Door, o Options) (Change, error) {
	if o.Remote == "" {
		o.Remote = "origin"
	}
	if o.Record == nil {
		o.Record = func(Change) error { return nil }
	}
	if err := o.check(ctx, door); err != nil {
		return Change{}, err
	}
	if o.URL != "" && !strings.Contains(o.URL, ":") { // a path counts from here
		if full, err := filepath.Abs(o.URL); err == nil {
			o.URL = full
		}
	}
	entries, err := os.ReadDir(o.Dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return clone(ctx, door, o)
	}
	if err != nil {
		return Change{}, fmt.Errorf("look at %s: %w", o.Dir, err)
	}
	s, err := Look(ctx, door, o.Dir)
	if err != nil {
		return Change{}, err
	}
	if err := o.fits(s); err != nil {
		return Change{}, err
	}
	return o.forward(ctx, repo{door, s.Dir}, s)
}

// check refuses names that git could take for something else.
func (o Options) check(ctx context.Context, door *command.Door) error {
	if strings.HasPrefix(o.URL, "-") || strings.Contains(o.URL, "::") {
		return fault.New(fault.Usage, "give an https:// or git@ address, or a path", fmt.Errorf("read address: %q is none", Mask(o.URL)))
	}
	if o.Branch == "" {
		return nil
	}
	if strings.HasPrefix(o.Branch, "-") || door.Run(ctx, command.Read("git", "check-ref-format", "refs/heads/"+o.Branch)) != nil {
		return fault.New(fault.Usage, "a branch has a name like develop or feature/x", fmt.Errorf("read branch: %q is no name of one", o.Branch))
	}
	return nil
}

// fits refuses a copy that nothing may be done in.
func (o Options) fits(s State) error {
	dir := command.Quote(s.Dir)
	given, err := filepath.EvalSymlinks(o.Dir)
	if err == nil {
		given, err = filepath.Abs(given)
	}
	switch {
	case err == nil && given != s.Dir:
		return fault.New(fault.Usage, "name "+dir+", or a directory outside of it", fmt.Errorf("update %s: it is a part of the repository %s", o.Dir, s.Dir))
	case o.URL != "" && s.url != "" && address(o.URL) != address(s.url):
		return fault.New(fault.Usage, "name another directory, or: git -C "+dir+" remote set-url "+o.Remote+" "+command.Quote(Mask(o.URL)),
			fmt.Errorf("update %s: it comes from %s, not from %s", s.Dir, s.URL, Mask(o.URL)))
	case s.Unborn:
		return fault.New(fault.Failed, "git -C "+dir+" pull "+o.Remote+" BRANCH, or name another directory", fmt.Errorf("update %s: there is no commit yet", s.Dir))
	case s.Lock != "":
		return fault.New(fault.Locked, lockHint(dir), fmt.Errorf("update %s: another git works there, or one was killed: %s is there", s.Dir, s.Lock))
	case s.Doing != "":
		end := s.Doing + " --continue or --abort"
		if s.Doing == "bisect" {
			end = "bisect reset"
		}
		return fault.New(fault.Failed, "git -C "+dir+" "+end, fmt.Errorf("update %s: a %s was begun and not ended%s", s.Dir, s.Doing, named(", conflicts in", s.Conflicts)))
	}
	return nil
}

// address is a form in which two spellings of one address are the same.
func address(url string) string {
	url = strings.TrimPrefix(url, "file://")
	url = strings.TrimSuffix(strings.TrimSuffix(url, "/"), ".git")
	if rest, is := strings.CutPrefix(url, "git@"); is {
		return strings.ToLower(strings.Replace(rest, ":", "/", 1))
	}
	if _, rest, is := strings.Cut(url, "://"); is {
		if at := strings.LastIndex(rest, "@"); at >= 0 && !strings.Contains(rest[:at], "/") {
			rest = rest[at+1:]
		}
		return strings.ToLower(rest)
	}
	return url
}
