package venv

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// Freeze is what is installed in the environment in dir, as requirements for
// pip: sorted, one for each distribution, to a version or to where it came from.
// It is read from the files, so it needs no interpreter that starts. pip,
// setuptools and wheel belong to the interpreter and are left out; what the
// interpreter has for all its environments is not in dir.
func Freeze(dir string) ([]string, error) {
	found, err := packages(dir)
	if err != nil {
		return nil, err
	}
	all := make([]string, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[name])
	}
	return all, nil
}

// packages are the requirements by their names, as pip compares them.
func packages(dir string) (map[string]string, error) {
	sites, err := sites(dir)
	if err != nil {
		return nil, err
	}
	found := map[string]string{}
	for _, site := range sites {
		entries, err := os.ReadDir(site)
		if err != nil {
			return nil, fmt.Errorf("read packages: %w", err)
		}
		for _, entry := range entries {
			name, requirement, err := installed(dir, filepath.Join(site, entry.Name()))
			if err != nil {
				return nil, fmt.Errorf("read package %s: %w", filepath.Join(site, entry.Name()), err)
			}
			if requirement == "" || slices.Contains([]string{"pip", "setuptools", "wheel"}, name) {
				continue
			}
			if other, twice := found[name]; twice && other != requirement {
				return nil, fault.New(fault.Invalid, "install one of them again, with pip install --force-reinstall", fmt.Errorf("read packages of %s: %s is there twice: %s, %s", dir, name, other, requirement))
			}
			found[name] = requirement
		}
	}
	return found, nil
}

// sites are the directories for packages; lib64 mostly is another name of lib.
func sites(dir string) ([]string, error) {
	var all []string
	for _, lib := range []string{"lib", "lib64"} {
		pythons, err := os.ReadDir(filepath.Join(dir, lib))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read packages: %w", err)
		}
		for _, one := range pythons {
			site, err := filepath.EvalSymlinks(filepath.Join(dir, lib, one.Name(), "site-packages"))
			if err == nil && !slices.Contains(all, site) {
				all = append(all, site)
			}
		}
	}
	return all, nil
}

// installed is the requirement that path, an entry of site-packages, stands for;
// "" when it is no record of a distribution.
func installed(dir, path string) (name, requirement string, err error) {
	base := filepath.Base(path)
	switch {
	case strings.HasPrefix(base, "~"): // what pip moved aside when it was killed
		return "", "", nil
	case strings.HasSuffix(base, ".dist-info"):
		return distribution(dir, filepath.Join(path, "METADATA"), filepath.Join(path, "direct_url.json"))
	case strings.HasSuffix(base, ".egg-info"):
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return distribution(dir, path, "")
		}
		return distribution(dir, filepath.Join(path, "PKG-INFO"), "")
	case strings.HasSuffix(base, ".egg-link"): // setup.py develop
		text, err := os.ReadFile(path)
		where, _, _ := strings.Cut(string(text), "\n")
		if err == nil {
			err = outside(dir, where)
		}
		return normal(strings.TrimSuffix(base, ".egg-link")), "-e " + where, err
	}
	return "", "", nil
}

func distribution(dir, metadata, direct string) (name, requirement string, err error) {
	name, version, err := header(metadata)
	if errors.Is(err, fs.ErrNotExist) {
		return "", "", fault.New(fault.Invalid, "it was installed or removed by halves: install it again, or remove the directory", err)
	}
	if err != nil {
		return "", "", err
	}
	text, err := os.ReadFile(direct)
	switch {
	case direct == "" || errors.Is(err, fs.ErrNotExist):
		return normal(name), name + "==" + version, nil
	case err != nil:
		return "", "", err
	}
	requirement, err = reference(dir, name, text)
	return normal(name), requirement, err
}

// header reads the name and the version at the beginning of METADATA.
func header(path string) (name, version string, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer file.Close()
	lines := bufio.NewReader(file)
	for name == "" || version == "" {
		line, err := lines.ReadString('\n')
		key, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.ToLower(key) {
		case "name":
			name = value
		case "version":
			version = value
		}
		if err != nil || strings.TrimSpace(line) == "" {
			break
		}
	}
	// What goes into a requirements file must not be an option of pip.
	if !regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`).MatchString(name) ||
		!regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+!_-]*$`).MatchString(version) {
		return "", "", fault.New(fault.Invalid, "install it again", fmt.Errorf("its metadata names no distribution: name %q, version %q", name, version))
	}
	return name, version, nil
}

// normal is a name as pip compares it.
func normal(name string) string {
	return strings.ToLower(regexp.MustCompile(`[-_.]+`).ReplaceAllString(name, "-"))
}
