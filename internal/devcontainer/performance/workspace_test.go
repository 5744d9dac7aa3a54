package performance_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/performance"
	"iact-infra/internal/devcontainer/scene/scenetest"
)

// alone is a rig without docker: what is in the workspace needs none.
func alone(t *testing.T) *scenetest.Rig {
	t.Helper()
	return scenetest.Over(t, commandtest.New(t).Lacks("docker", "sh"))
}

func TestTheInstallationThatEachChangeRepeatsIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ dockerfile, want string }{
		"pip":             {"FROM python:3.12\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n", "Dockerfile:3 COPY . . in line 3, before pip install -r in line 4"},
		"npm in lines":    {"FROM node AS base\nADD ./ /app/\n\nRUN cd /app \\\n  # a comment\n && npm ci\n", "Dockerfile:2 ADD ./ /app/ in line 2, before npm ci in line 4"},
		"apt":             {"FROM debian\nCOPY --chown=1000 [\".\", \"/src\"]\nRUN apt-get install -y gcc\n", "Dockerfile:2 COPY [\".\", \"/src\"] in line 2, before apt-get install in line 3"},
		"a document":      {"FROM node\nCOPY . .\nRUN <<EOF\nset -e\nyarn install\nEOF\n", "Dockerfile:2 COPY . . in line 2, before yarn install in line 3"},
		"the right order": {"FROM node\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\n", ""},
		"the code itself": {"FROM python\nCOPY . .\nRUN pip install -e .\n", ""},
		"another stage":   {"FROM node AS a\nCOPY . .\nFROM debian\nRUN apt-get install -y git\nCOPY --from=a . /app\nRUN apt-get clean\n", ""},
		"a mounted cache": {"FROM node\nCOPY . .\nRUN --mount=type=cache,target=/root/.npm npm ci\n", ""},
	} {
		rig := alone(t)
		rig.Config(`{"build": {"dockerfile": "Dockerfile", "context": ".."}}`)
		rig.Write(".devcontainer/Dockerfile", test.dockerfile)
		f := finding(t, rig.Examine(performance.Checks()), "DC-PRF-003")
		got := strings.TrimPrefix(f.Where, ".devcontainer/") + " " + f.Evidence
		if test.want == "" && f.State != doctor.OK || test.want != "" && (f.State != doctor.Warn || got != test.want) {
			t.Errorf("%s: %s %s, want %s", name, f.State, got, test.want)
		}
	}
}

func TestTheBuildContextIsWeighedWithoutWhatIsIgnored(t *testing.T) {
	t.Parallel()
	rig := alone(t)
	rig.Config(`{"dockerComposeFile": "compose.yml", "service": "app"}`)
	rig.Write(".devcontainer/compose.yml", "services:\n  app:\n    build: {context: .., dockerfile: docker/Dockerfile}\n  db: {image: x}\n")
	rig.Write("docker/Dockerfile", "FROM x\nCOPY . .\n")
	rig.Write(".dockerignore", "node_modules\n**/*.log\n!keep.log\n")
	rig.Write("node_modules/a/b.js", strings.Repeat("x", 5000))
	rig.Write("x/a.log", "12345")
	rig.Write("keep.log", "123")
	for i := range 5 {
		rig.Write(fmt.Sprintf("src/%d.py", i), "1234567890")
	}
	f := finding(t, rig.Examine(performance.Checks()), "DC-PRF-002")
	// The five sources, the kept log, .dockerignore, the Dockerfile and what is in .devcontainer.
	if f.State != doctor.OK || !strings.HasSuffix(f.Evidence, " in 10 files") || !strings.HasPrefix(f.Evidence, "2") {
		t.Errorf("got %s %q", f.State, f.Evidence)
	}
	rig.Write("docker/Dockerfile.dockerignore", "*\n!src\n")
	if f := finding(t, rig.Examine(performance.Checks()), "DC-PRF-002"); f.Evidence != "50 B in 5 files" {
		t.Errorf("with an ignore file of its own: %q", f.Evidence)
	}
}

func TestAContextThatIsTooLargeSaysWhatMakesItSo(t *testing.T) {
	t.Parallel()
	rig := alone(t)
	rig.Config(`{"build": {"dockerfile": "Dockerfile", "context": ".."}}`)
	rig.Write(".devcontainer/Dockerfile", "FROM x\nCOPY . .\n")
	for path, size := range map[string]int64{"web/node_modules/big": 400 << 20, ".git/objects/pack": 300 << 20} {
		if err := os.Truncate(rig.Write(path, ""), size); err != nil {
			t.Fatal(err)
		}
	}
	f := finding(t, rig.Examine(performance.Checks()), "DC-PRF-002")
	if f.State != doctor.Warn || !strings.Contains(f.Evidence, "700 MiB in 4 files; web/node_modules 400 MiB; .git 300 MiB;") || !strings.HasPrefix(f.Fix, "echo 'web/node_modules' >>.dockerignore\n") {
		t.Errorf("got %+v", f)
	}
}
