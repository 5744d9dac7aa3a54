// Package configuration judges what the container is made of: devcontainer.json,
// and the Dockerfile and Compose files that it names.
package configuration

import (
	"context"
	"os"
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
		doctor.Row("DC-CFG-003", "Las features se pueden descargar", "The features can be fetched", fetched),
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
			return unread(path, err)
		}
		found = devjson.Judge(path, text, devjson.Options{Files: os.DirFS(s.Workspace), Folder: s.Workspace, Env: s.Env()})
	}
	if len(found) == 0 {
		return doctor.Good("%s", path)
	}
	made := madeOf(s)
	if found = slices.DeleteFunc(found, made.knowsBetter); len(found) == 0 {
		return doctor.Good("%s", path)
	}
	all := make([]doctor.Finding, 0, len(found))
	for _, f := range found {
		one := doctor.Finding{
			Code: f.Code, State: doctor.State(f.State), Title: f.Title, Where: f.Where, Evidence: f.Evidence,
			Cause: procedure.Text{ES: f.Cause, EN: f.Cause}, Fix: f.Fix,
			// A container that somebody has started by hand needs none to be ill.
			Last: path == "" && made.container,
		}
		if f.State == devjson.Note {
			one.State = doctor.OK // it works, and -all=true tells
		}
		if made.lost && f.Code == "DC-VARIABLE" && !strings.HasPrefix(f.Where, path) { // in a Compose file: it is why
			one.State, one.Explains = doctor.Fail, []string{"DC-VOL-007", "DC-STA-011"}
		}
		all = append(all, one)
	}
	return all
}
