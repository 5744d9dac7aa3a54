package extensions

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/devjson"
)

// proxy names a container that was not given the machine's proxy, when a download
// has failed in it.
func proxy(ctx context.Context, s *scene.Scene) []doctor.Finding {
	return judge(func(f *facts) []doctor.Finding { return unproxied(f, hostProxy(s.Environ)) })(ctx, s)
}

// hostProxy is the proxy by which this machine reaches the network; "" without.
func hostProxy(environ []string) string {
	config := ""
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		switch strings.ToLower(name) {
		case "https_proxy":
			if value != "" {
				return value
			}
		case "docker_config":
			config = value
		case "home":
			config = cmp.Or(config, filepath.Join(value, ".docker"))
		}
	}
	var client struct {
		Proxies map[string]struct {
			HTTPS string `json:"httpsProxy"`
		} `json:"proxies"`
	}
	if text, err := os.ReadFile(filepath.Join(config, "config.json")); err == nil && json.Unmarshal(text, &client) == nil {
		return client.Proxies["default"].HTTPS
	}
	return ""
}

func unproxied(f *facts, host string) []doctor.Finding {
	given := ""
	for _, line := range f.container.Config.Env {
		if name, value, _ := strings.Cut(line, "="); strings.EqualFold(name, "https_proxy") {
			given = value
		}
	}
	failed := ""
	for _, i := range f.servers {
		for line := range strings.Lines(i.install + "\n" + i.session) {
			for _, sign := range []string{"download failed", "Failed to download", "getaddrinfo ENOTFOUND", "getaddrinfo EAI_AGAIN", "connect ETIMEDOUT"} {
				if strings.Contains(line, sign) {
					failed = strings.TrimSpace(line)
				}
			}
		}
	}
	switch {
	case failed == "":
		return doctor.Good("no download has failed")
	case host == "" || given != "":
		return doctor.Good("the machine and the container go the same way")
	}
	return []doctor.Finding{{
		State: doctor.Warn, Where: f.container.Name, Evidence: failed,
		Cause: doctor.Say("la máquina sale a la red por un proxy y el contenedor no lo conoce: las descargas del servidor y de las extensiones fallan",
			"the machine goes out by a proxy that the container does not know: downloads of the server and of extensions fail"),
		Fix:      "# in devcontainer.json: \"containerEnv\": {\"HTTPS_PROXY\": \"${localEnv:HTTPS_PROXY}\", \"NO_PROXY\": \"${localEnv:NO_PROXY}\"}, then rebuild",
		Explains: []string{"DC-EXT-003", "DC-EXT-007"},
	}}
}

// interpreterPath is the program that python.defaultInterpreterPath names, as it
// is in the container; "" where it cannot be told.
func interpreterPath(s *scene.Scene, settings devjson.Settings, c *scene.Container) string {
	named := settings.Editor["python.defaultInterpreterPath"]
	if folder, is := s.Mounted(c); is {
		named = strings.ReplaceAll(named, "${workspaceFolder}", folder)
	}
	if strings.ContainsAny(named, "$~") {
		return ""
	}
	return named
}

func interpreter(f *facts) []doctor.Finding {
	named := f.settings.Editor["python.defaultInterpreterPath"]
	switch f.interpreter {
	case "":
		return doctor.Good("none is named")
	case "yes":
		return doctor.Good("%s", named)
	}
	return []doctor.Finding{{
		State: doctor.Warn, Where: f.config, Evidence: named + " is not in the container",
		Cause: doctor.Say("los ajustes nombran un intérprete que no existe en el contenedor: la extensión de Python no analiza ni ejecuta nada",
			"the settings name an interpreter that is not in the container: the Python extension neither analyses nor runs anything"),
		Fix: fmt.Sprintf("docker exec %s sh -c 'command -v python3; ls /opt /usr/local/bin'   # then correct python.defaultInterpreterPath in %s", f.container.Name, f.config),
	}}
}
