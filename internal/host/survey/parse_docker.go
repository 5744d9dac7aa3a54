package survey

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
)

// packagesOf reads lines of status, name and version, as dpkg shows them; rpm and
// apk list what is installed and are made to look alike.
func packagesOf(manager string) reader {
	return func(f *Facts, s *section) error {
		for _, line := range s.lines {
			// The second letter is what the package is, the first what it shall be.
			row := strings.Fields(line)
			if len(row) < 3 || len(row[0]) < 2 || row[0][1] != 'i' {
				continue
			}
			f.Packages = append(f.Packages, Package{manager, row[1], row[2]})
		}
		// Its exit code counts what is not installed; a broken database shows here.
		if len(s.lines) == 0 && len(s.said) > 0 {
			return errors.New(s.said[0])
		}
		return nil
	}
}

func readSnap(f *Facts, s *section) error {
	for _, line := range s.lines {
		f.Snap = words(line, 1)[0]
	}
	return nil
}

// version reads "Docker version 28.2.2, build e6534b4" and podman's imitation.
func version(lines []string) (number string, podman bool) {
	for _, line := range lines {
		row := strings.Fields(line)
		for i, word := range row {
			if word == "version" && i > 0 && i+1 < len(row) {
				return strings.TrimSuffix(row[i+1], ","), strings.EqualFold(row[0], "podman")
			}
		}
	}
	return "", false
}

func readClient(f *Facts, s *section) error {
	f.Docker.Client, f.Docker.Podman = version(s.lines)
	if f.Docker.Client == "" {
		return errEmpty("its version")
	}
	return nil
}

func readDockerd(f *Facts, s *section) error {
	f.Docker.Binary, _ = version(s.lines)
	if f.Docker.Binary == "" {
		return errEmpty("its version")
	}
	return nil
}

func readContext(f *Facts, s *section) error {
	for _, line := range s.lines {
		f.Docker.Context = line
	}
	return nil
}

func readSockets(f *Facts, s *section) error {
	for _, line := range s.lines {
		// yes srw-rw---- 1 root docker 0 Nov 1 10:00 /var/run/docker.sock
		row := strings.Fields(line)
		if at := strings.IndexByte(line, '/'); len(row) >= 6 && at > 0 {
			f.Docker.Sockets = append(f.Docker.Sockets, Socket{
				Path: line[at:], Mode: row[1], Owner: row[3], Group: row[4], Writable: row[0] == "yes",
			})
		}
	}
	return nil
}

// readServer reads docker info. Its failure is an answer as well: nobody there, or
// no right to ask.
func readServer(f *Facts, s *section) {
	if s == nil || s.word != "" {
		return
	}
	for _, line := range s.lines {
		row := strings.Split(line, "|")
		if len(row) < 6 || row[0] == "" {
			continue
		}
		f.Docker.Server, f.Docker.Root, f.Docker.Driver = row[0], row[1], row[2]
		return
	}
	f.Docker.Refused = s.trouble()
	if f.Docker.Refused == "" {
		f.Docker.Refused = "it answers without a version"
	}
	for _, line := range append(s.lines, s.said...) {
		if strings.Contains(line, "permission denied") || strings.Contains(line, "Cannot connect") {
			f.Docker.Refused = strings.TrimPrefix(line, "ERROR: ")
		}
	}
}

// daemonFile is what matters here of daemon.json.
type daemonFile struct {
	Root    string            `json:"data-root"`
	Proxies map[string]string `json:"proxies"`
	Pools   []struct {
		Base string `json:"base"`
		Size int    `json:"size"`
	} `json:"default-address-pools"`
}

// readDaemon reads daemon.json. An empty file counts as an empty object, as it
// does for dockerd.
func readDaemon(f *Facts, s *section) error {
	f.Daemon.Exists = true
	text := strings.Join(s.lines, "\n")
	if strings.TrimSpace(text) == "" {
		return nil
	}
	var file daemonFile
	if err := json.Unmarshal([]byte(text), &file); err != nil {
		var shape *json.UnmarshalTypeError
		if errors.As(err, &shape) && shape.Field != "" {
			f.Daemon.Bad = shape.Field + " has the wrong type: " + shape.Value
		} else {
			f.Daemon.Bad = err.Error()
		}
		return nil
	}
	f.Daemon.Root, f.Daemon.Proxy = file.Root, map[string]string{}
	for name, value := range file.Proxies {
		if value != "" {
			f.Daemon.Proxy[strings.ReplaceAll(name, "-", "_")] = value
		}
	}
	for _, p := range file.Pools {
		base, err := netip.ParsePrefix(p.Base)
		if err != nil || p.Size < base.Bits() {
			f.Daemon.Bad = "default-address-pools has " + p.Base + ", which is no network"
			continue
		}
		f.Daemon.Pools = append(f.Daemon.Pools, Pool{base.Masked(), p.Size})
	}
	return nil
}
