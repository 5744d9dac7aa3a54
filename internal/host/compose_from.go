package host

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"iact-infra/internal/config"
	"iact-infra/internal/fault"
	"iact-infra/internal/host/compose"
	"iact-infra/internal/host/packages"
)

// composeFrom is where Compose comes from: a package, or a file.
type composeFrom struct {
	pack packages.Wanted
	file compose.Source
}

func (f composeFrom) String() string {
	if f.pack.Name != "" {
		return "the package " + f.pack.String()
	}
	return "the file " + compose.File
}

// composeFrom chooses.
func (r *Room) composeFrom(ctx context.Context, m *machine, apt *packages.Apt, c config.Compose) (composeFrom, error) {
	file := composeFrom{file: compose.Source{Version: c.Version, SHA256: c.SHA256}}
	switch {
	case strings.Contains(c.From, "://"):
		file.file.URL = c.From
		return file, nil
	case c.From != "auto" && c.From != "package":
		all, err := r.o.Config()
		if err != nil {
			return file, err
		}
		if file.file.Path = c.From; !filepath.IsAbs(c.From) {
			file.file.Path = filepath.Join(all.Root, c.From)
		}
		return file, nil
	}
	pinned := c.From == "auto" && c.Version != "" && c.SHA256 != ""
	has, err := m.has(ctx, "apt-cache")
	if err != nil {
		return file, err
	}
	name, versions := "", packages.Versions(nil)
	if has {
		if name, versions, err = apt.ComposePackage(ctx); err != nil {
			return file, err
		}
	}
	if name == "" && pinned {
		return file, nil
	}
	if name == "" {
		return file, fault.New(fault.Missing, "host.compose.version with host.compose.sha256 takes the release; host.compose.from names another place, or a file of this machine", errors.New("install Compose: no repository here has version 2 of it"))
	}
	pack := composeFrom{pack: packages.Wanted{Name: name}}
	if c.Version == "" {
		return pack, nil
	}
	version, err := versions.Pick(name, c.Version)
	if err != nil && pinned {
		return file, nil
	}
	pack.pack.Version = version
	return pack, err
}
