// Package configuration judges what the container is made of: devcontainer.json,
// and the Dockerfile and Compose files that it names.
package configuration

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
	"iact-infra/internal/procedure"
)

// Checks are the checks of step 2.
func Checks() []doctor.Check {
	return []doctor.Check{
		doctor.Row("DC-CFG-001", "devcontainer.json y los archivos que nombra", "devcontainer.json and the files that it names", written),
		{Code: "DC-CFG-002", Title: doctor.Say("Compose acepta sus archivos", "Compose takes its files"), Limit: 7 * time.Second, Look: composed},
	}
}

// written is what internal/devjson finds, under its own codes.
func written(_ context.Context, s *scene.Scene) []doctor.Finding {
	path, err := s.ConfigPath()
	if err != nil {
		return doctor.Unseen(err)
	}
	found := []devjson.Finding{devjson.Absent()}
	if path != "" {
		text, err := s.ConfigText()
		if err != nil {
			return doctor.Unseen(err)
		}
		found = devjson.Judge(path, text, devjson.Options{Files: os.DirFS(s.Workspace), Folder: s.Workspace, Env: s.Env()})
	}
	var lost bool // the workspace is mounted, and not where it belongs
	if main, err := s.Main(); err == nil && main != nil {
		// Who is there, whether its command lasts, and that the workspace is where it belongs, is seen in the container itself.
		folder, _ := s.Folder(main)
		at, is := s.Mounted(main)
		below := strings.HasPrefix(folder+"/", at+"/")
		if lost = is && !below; is && below {
			_, err := os.Stat(filepath.Join(s.Workspace, strings.TrimPrefix(folder, at)))
			lost = err != nil
		}
		found = slices.DeleteFunc(found, func(f devjson.Finding) bool {
			return f.Code == "DC-USER" || f.Code == "DC-COMMAND" || f.Code == "DC-WORKSPACE" && is && below
		})
	}
	if len(found) == 0 {
		return doctor.Good("%s", path)
	}
	all := make([]doctor.Finding, 0, len(found))
	for _, f := range found {
		state := doctor.State(f.State)
		if f.State == devjson.Note {
			state = doctor.OK // it works, and -all=true tells
		}
		one := doctor.Finding{
			Code: f.Code, State: state, Title: f.Title, Where: f.Where, Evidence: f.Evidence,
			Cause: procedure.Text{ES: f.Cause, EN: f.Cause}, Fix: f.Fix,
		}
		if lost && f.Code == "DC-VARIABLE" && !strings.HasPrefix(f.Where, path) { // in a Compose file: it is why
			one.State, one.Explains = doctor.Fail, []string{"DC-VOL-007", "DC-STA-011"}
		}
		all = append(all, one)
	}
	return all
}
