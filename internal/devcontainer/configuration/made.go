package configuration

import (
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// made is what the container shows of the configuration it was made of: where the
// files can only be guessed from, it knows.
type made struct {
	container bool
	placed    bool // the workspace is mounted, and so that its folder is in there
	lost      bool // the workspace is mounted, and not where it belongs
}

func madeOf(s *scene.Scene) made {
	main, err := s.Main()
	if err != nil || main == nil {
		return made{}
	}
	m := made{container: true}
	folder, _ := s.Folder(main)
	at, is := s.Mounted(main)
	below := strings.HasPrefix(folder+"/", at+"/")
	m.placed, m.lost = is && below, is && !below
	if m.placed {
		_, err := os.Stat(filepath.Join(s.Workspace, strings.TrimPrefix(folder, at)))
		m.lost = err != nil
	}
	return m
}

// knowsBetter says whether a finding is about what is seen in the container
// itself: who is there, whether its command lasts, where the workspace is.
func (m made) knowsBetter(f devjson.Finding) bool {
	return m.container && (f.Code == "DC-USER" || f.Code == "DC-COMMAND" || f.Code == "DC-WORKSPACE" && m.placed)
}
