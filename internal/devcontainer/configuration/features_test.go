package configuration_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/devcontainer/configuration"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
)

// registry has team/tool:1 for who brings the token that it gives to everybody,
// and lets nobody see what is private.
func registry(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/token", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Query().Get("scope"), "private") {
			http.Error(w, "denied", http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(`{"token": "for-all"}`))
	})
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer for-all":
			scope := "repository:" + strings.Split(r.URL.Path, "/")[2] + ":pull"
			w.Header().Set("WWW-Authenticate", `Bearer realm="`+server.URL+`/token",service="x",scope="`+scope+`"`)
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path != "/v2/team/tool/manifests/1":
			http.NotFound(w, r)
		}
	})
	return strings.TrimPrefix(server.URL, "http://")
}

func TestAFeatureThatNoRegistryGivesIsNamed(t *testing.T) {
	t.Parallel()
	at := registry(t)
	for name, c := range map[string]struct {
		id    string
		state doctor.State
		shows string
	}{
		"one that is there":                    {at + "/team/tool:1", doctor.OK, "1 asked for"},
		"one that is not":                      {at + "/team/nosuch:1", doctor.Fail, "404"},
		"a version that is not":                {at + "/team/tool:9", doctor.Fail, "404"},
		"one of a team that lets nobody see":   {at + "/private/tool:1", doctor.Warn, "403"},
		"a registry where nobody listens":      {"127.0.0.1:1/team/tool:1", doctor.Fail, "refused"},
		"one of the project needs no registry": {"./tool", doctor.OK, "0 asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := commandtest.New(t,
				commandtest.Expect("docker", "ps", commandtest.Rest).AnyTimes(),
				commandtest.Expect("docker", "info", commandtest.Rest).Prints(`{"ServerVersion": "20.10.24", "ClientInfo": {"Version": "20.10.24"}}`).AnyTimes(),
				commandtest.Expect("docker", "context", commandtest.Rest).Prints("default unix:///var/run/docker.sock").AnyTimes())
			rig := scenetest.Over(t, fake)
			rig.Config(`{"image": "x", "features": {"` + c.id + `": {}}}`)
			var said []string
			for _, f := range rig.Examine(configuration.Checks()) {
				if f.State == c.state && strings.Contains(f.Evidence, c.shows) {
					return
				}
				said = append(said, f.Code+" "+string(f.State)+" "+f.Evidence)
			}
			t.Errorf("no %s with %q in\n%s", c.state, c.shows, strings.Join(said, "\n"))
		})
	}
}

func TestADevcontainerJSONThatIsADirectoryIsAFailure(t *testing.T) {
	t.Parallel()
	rig := scenetest.Over(t, commandtest.New(t))
	if err := os.MkdirAll(filepath.Join(rig.Workspace, ".devcontainer", "devcontainer.json"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range rig.Examine(configuration.Checks()) {
		if f.Code == "DC-CFG-001" && (f.State != doctor.Fail || !strings.Contains(f.Fix, "mv ")) {
			t.Errorf("got %s %q %q", f.State, f.Evidence, f.Fix)
		}
	}
}
