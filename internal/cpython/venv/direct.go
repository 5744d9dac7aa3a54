package venv

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"iact-infra/internal/fault"
)

// origin is a direct_url.json: where a distribution came from that no index
// gave (PEP 610).
type origin struct {
	URL    string `json:"url"`
	Subdir string `json:"subdirectory"`
	VCS    *struct {
		Kind   string `json:"vcs"`
		Commit string `json:"commit_id"`
	} `json:"vcs_info"`
	Archive *struct {
		Hash   string            `json:"hash"`
		Hashes map[string]string `json:"hashes"`
	} `json:"archive_info"`
	Folder *struct {
		Editable bool `json:"editable"`
	} `json:"dir_info"`
}

// reference is the requirement for what came from elsewhere than an index: to
// the commit of a repository, to the hash of an archive.
func reference(dir, name string, text []byte) (string, error) {
	var from origin
	if err := json.Unmarshal(text, &from); err != nil {
		return "", fault.New(fault.Invalid, "install it again", fmt.Errorf("read direct_url.json: %w", err))
	}
	// A line end would begin another line of the requirements, a blank a comment.
	if from.URL == "" || strings.ContainsFunc(from.URL+from.Subdir, unicode.IsSpace) {
		return "", fault.New(fault.Invalid, "install it again", fmt.Errorf("direct_url.json holds no URL: %q", from.URL))
	}
	where, parts := from.URL, []string(nil)
	switch {
	case from.VCS != nil:
		where = from.VCS.Kind + "+" + where + "@" + from.VCS.Commit
	case from.Archive != nil && from.Archive.Hashes["sha256"] != "":
		parts = append(parts, "sha256="+from.Archive.Hashes["sha256"])
	case from.Archive != nil && from.Archive.Hash != "":
		parts = append(parts, from.Archive.Hash)
	case from.Folder != nil:
		if err := outside(dir, where); err != nil {
			return "", err
		}
	}
	if from.Subdir != "" {
		parts = append(parts, "subdirectory="+from.Subdir)
	}
	if len(parts) > 0 {
		where += "#" + strings.Join(parts, "&")
	}
	if strings.ContainsFunc(where, unicode.IsSpace) {
		return "", fault.New(fault.Invalid, "install it again", fmt.Errorf("direct_url.json holds blanks: %q", where))
	}
	if from.Folder != nil && from.Folder.Editable {
		return "-e " + where, nil
	}
	return name + " @ " + where, nil
}

// outside refuses sources within the environment that is to be replaced.
func outside(dir, where string) error {
	path := where
	if at, err := url.Parse(where); err == nil && at.Scheme == "file" {
		path = at.Path
	}
	if path == dir || strings.HasPrefix(path, dir+"/") {
		return fault.New(fault.Missing, "install it from its repository, or move the sources out of the environment", errors.New("its sources are inside the environment: "+path))
	}
	return nil
}
