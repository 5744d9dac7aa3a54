package engine_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/devcontainer/engine"
	"iact-infra/internal/devcontainer/scene/scenetest"
)

// silent is an engine at a socket that does not answer; the client says so in the
// words of version 28.2, with {socket} for the path.
func silent(t *testing.T, socket, said string) *scenetest.Rig {
	t.Helper()
	fake := commandtest.New(t)
	fake.Expect(
		commandtest.Expect("docker", "info", "--format", "{{json .}}").Complains(strings.ReplaceAll(said, "{socket}", socket)).Exits(1).AnyTimes(),
		commandtest.Expect("docker", commandtest.Rest).Exits(1).AnyTimes(),
	)
	r := scenetest.Over(t, scenetest.Answers(fake))
	r.Options.Docker = []string{"DOCKER_HOST=unix://" + socket}
	return r
}

const nobody = "Cannot connect to the Docker daemon at unix://{socket}. Is the docker daemon running?"

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAStoppedDaemonIsExplainedByWhatItLeft(t *testing.T) {
	t.Parallel()
	type files map[string]string
	for name, test := range map[string]struct {
		files
		code, evidence, cause, fix string
	}{
		"nothing but its files": {files{"daemon.json": "{}"}, "DC-ENG-001", "Cannot connect", "does not run", "dockerd --config-file"},
		"a broken daemon.json":  {files{"daemon.json": "{\n\"debug\": true,\n}"}, "DC-ENG-006", "invalid character", "no JSON", "sudoedit"},
		"an unknown key":        {files{"daemon.json": `{"log-drivers": "json-file"}`}, "DC-ENG-006", `"log-driver" is`, "does not know", "sudoedit"},
		"a full disk": {
			files{"docker.log": "failed to start daemon: Error initializing network controller: write /x/db: no space left on device\n"},
			"DC-ENG-001", "no space left", "disk of the daemon's data is full", "df -h",
		},
		"no containerd": {
			files{"docker.log": "time=\"x\" level=info msg=\"Starting up\"\nfailed to start daemon: failed to dial \"/run/containerd/containerd.sock\": context deadline exceeded\n"},
			"DC-ENG-001", "failed to dial", "containerd", "restart containerd",
		},
		"a key that is a flag, too": {
			files{"docker.log": "unable to configure the Docker daemon with file /x/daemon.json: the following directives are specified both as a flag and in the configuration file: hosts: (from flag: [fd://], from file: [unix:///x])\n"},
			"DC-ENG-006", "hosts: (from flag", "same setting", "",
		},
		"a driver that it does not have": {
			files{"docker.log": "failed to start daemon: error initializing graphdriver: prerequisites for driver not satisfied (wrong filesystem?)\n", "daemon.json": `{"storage-driver": "zfs"}`},
			"DC-ENG-001", `storage-driver "zfs"`, "storage driver", "",
		},
		"a pid file of another process": {files{"docker.pid": "1"}, "DC-ENG-001", "holds 1, which is", "earlier daemon", "sudo rm"},
		"a failure of long ago, and then an order to stop": {
			files{"docker.log": "failed to start daemon: no space left on device\nlevel=info msg=\"API listen on /x\"\nlevel=info msg=\"Processing signal 'terminated'\"\n"},
			"DC-ENG-001", "Cannot connect", "does not run", "dockerd --config-file",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range test.files {
				write(t, dir, file, text)
			}
			f := silent(t, filepath.Join(dir, "docker.sock"), nobody).First(engine.Checks())
			if f.Code != test.code || !strings.Contains(f.Evidence, test.evidence) || !strings.Contains(f.Cause.EN, test.cause) || !strings.Contains(f.Fix, test.fix) {
				t.Errorf("first is %s: %s\n%s\n%s", f.Code, f.Evidence, f.Cause.EN, f.Fix)
			}
		})
	}
}

func TestWhatStandsInThePlaceOfTheSocketIsSaid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "file.sock", "")
	if err := os.Mkdir(filepath.Join(dir, "dir.sock"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"file.sock": "a plain file, no socket", "dir.sock": "is a directory"} {
		f := silent(t, filepath.Join(dir, name), nobody).First(engine.Checks())
		if f.Code != "DC-ENG-001" || !strings.Contains(f.Evidence, want) {
			t.Errorf("%s: %s %s", name, f.Code, f.Evidence)
		}
	}
}

func TestAClientThatWasSentElsewhereIsToldWhere(t *testing.T) {
	t.Parallel()
	for host, test := range map[string]struct{ said, code, cause string }{
		"unix:///no/such/docker.sock": {"Cannot connect to the Docker daemon at unix:///no/such/docker.sock. Is the docker daemon running?", "DC-ENG-004", "a socket that does not exist"},
		"tcp://127.0.0.1:1":           {"Cannot connect to the Docker daemon at tcp://127.0.0.1:1. Is the docker daemon running?", "DC-ENG-004", "no engine answers"},
		"tcp://nosuch.invalid:2375":   {"error during connect: Get \"http://nosuch.invalid:2375/v1.50/info\": dial tcp: lookup nosuch.invalid: no such host", "DC-ENG-004", "does not exist"},
		"tcp://10.0.0.9:2376":         {"error during connect: tls: failed to verify certificate: x509: certificate signed by unknown authority", "DC-ENG-004", "TLS"},
		"tcp://10.0.0.8:2376":         {"error during connect: Client sent an HTTP request to an HTTPS server.", "DC-ENG-004", "TLS"},
		"tcp://10.0.0.7:2376":         {"Failed to initialize: unable to resolve docker endpoint: open /home/dev/.docker/ca.pem: no such file or directory", "DC-ENG-004", "TLS"},
		"foo://bar":                   {"Failed to initialize: unable to resolve docker endpoint: invalid bind address format: foo://bar", "DC-ENG-004", "no address"},
		"ssh://dev@nosuch.invalid":    {"error during connect: Get \"http://docker.example.com/v1.50/info\": command [ssh -T -- nosuch.invalid docker system dial-stdio] has exited with exit status 255", "DC-ENG-004", "ssh does not reach"},
		"unix:///x/old.sock":          {"Error response from daemon: client version 1.50 is too new. Maximum supported API version is 1.41", "DC-ENG-008", "a version of the API"},
	} {
		r := silent(t, "/none", test.said)
		r.Options.Docker = []string{"DOCKER_HOST=" + host}
		f := r.First(engine.Checks())
		if f.Code != test.code || !strings.Contains(f.Cause.EN, test.cause) {
			t.Errorf("%s: %s %s: %s", host, f.Code, f.Evidence, f.Cause.EN)
		}
	}
}

func TestAContextThatDoesNotExistIsNamed(t *testing.T) {
	t.Parallel()
	r := silent(t, "/none", `Failed to initialize: unable to resolve docker endpoint: context "old": context not found: open /x/meta.json: no such file or directory`)
	r.Options.Docker = []string{"DOCKER_CONTEXT=old"}
	f := r.First(engine.Checks())
	if f.Code != "DC-ENG-004" || f.Where != "DOCKER_CONTEXT=old" || !strings.Contains(f.Fix, "unset DOCKER_CONTEXT") {
		t.Errorf("%+v", f)
	}
}

func TestAnAPIVersionThatWasFixedIsReleased(t *testing.T) {
	t.Parallel()
	r := silent(t, "/none", "Error response from daemon: client version 9.99 is too new. Maximum supported API version is 1.41")
	r.Options.Environ = append(r.Options.Environ, "DOCKER_API_VERSION=9.99")
	if f := r.First(engine.Checks()); f.Code != "DC-ENG-008" || f.Fix != "unset DOCKER_API_VERSION" {
		t.Errorf("%+v", f)
	}
}

func TestAMachineWithoutDockerIsToldSo(t *testing.T) {
	t.Parallel()
	fake := commandtest.New(t).Lacks("docker")
	f := scenetest.Over(t, scenetest.Answers(fake)).First(engine.Checks())
	if f.Code != "DC-ENG-005" || !strings.Contains(f.Evidence, "not in PATH") {
		t.Errorf("%+v", f)
	}
}

func TestAnEngineThatIsNoneIsNoStackTrace(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{`{"ServerErrors":["Error response from daemon: <!DOCTYPE HTML>\n<html>"],"ClientInfo":{}}`, `<html>`, `{}`, ``, `[`} {
		fake := commandtest.New(t,
			commandtest.Expect("docker", "info", commandtest.Rest).Prints(answer).AnyTimes(),
			commandtest.Expect("docker", commandtest.Rest).Exits(1).AnyTimes(),
		)
		r := scenetest.Over(t, scenetest.Answers(fake))
		r.Options.Docker = []string{"DOCKER_HOST=tcp://127.0.0.1:8080"}
		if f := r.First(engine.Checks()); f.Code != "DC-ENG-004" || strings.ContainsRune(f.Evidence, '\n') {
			t.Errorf("%s: %s %s", answer, f.Code, f.Evidence)
		}
	}
}

// other engines answer in their own way; nothing of that is a fault.
func TestOtherEnginesAreTakenForWhatTheyAre(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ info, line string }{
		"podman":   {`{"ID":"c0f4f509-2683-45a7-8538-01000beafd98","Driver":"vfs","DriverStatus":[],"Plugins":{"Volume":["local"],"Network":["bridge","macvlan","ipvlan"],"Authorization":null},"LoggingDriver":"","CgroupDriver":"cgroupfs","CgroupVersion":"1","KernelVersion":"6.1.0","OperatingSystem":"debian","OSType":"linux","Architecture":"amd64","DockerRootDir":"/srv/root","Name":"dev","ServerVersion":"4.3.1","DefaultRuntime":"runc","Swarm":{"NodeID":"","LocalNodeState":"inactive","RemoteManagers":null},"SecurityOptions":["name=seccomp,profile=default"],"ProductLicense":"Apache-2.0","Warnings":[],"ClientInfo":{"Debug":false,"Version":"28.2.2","Context":"default","Plugins":[],"Warnings":null}}`, "podman 4.3.1"},
		"desktop":  {`{"ServerVersion":"28.0.1","OperatingSystem":"Docker Desktop","DockerRootDir":"/var/lib/docker","CgroupVersion":"2","Warnings":["WARNING: daemon is not using the default seccomp profile"]}`, "docker 28.0.1"},
		"rootless": {`{"ServerVersion":"27.1.0","DockerRootDir":"/home/dev/.local/share/docker","CgroupVersion":"2","SecurityOptions":["name=seccomp,profile=builtin","name=rootless"],"Warnings":["WARNING: No cpu cfs quota support"]}`, "docker 27.1.0"},
	} {
		fake := commandtest.New(t,
			commandtest.Expect("docker", "info", commandtest.Rest).Prints(test.info).AnyTimes(),
			commandtest.Expect("docker", commandtest.Rest).Exits(1).AnyTimes(),
		)
		r := scenetest.Over(t, scenetest.Answers(fake))
		r.Options.Docker = []string{"DOCKER_HOST=unix:///none/docker.sock"}
		r.Healthy(engine.Checks())
		e, err := r.Scene().Engine()
		if err != nil || !strings.HasPrefix(e.Line(), test.line) || e.Local {
			t.Errorf("%s: %v %+v", name, err, e)
		}
	}
}

func TestOnlyWarningsThatMatterArePassedOn(t *testing.T) {
	t.Parallel()
	for warning, want := range map[string]int{
		"WARNING: No swap limit support":                                   0,
		"WARNING: bridge-nf-call-iptables is disabled":                     0,
		"WARNING: No blkio throttle.read_bps_device support":               0,
		"[DEPRECATION NOTICE]: API is accessible on http://127.0.0.1:2375": 0,
		"WARNING: API is accessible on tcp://0.0.0.0:2375 without encryption.\n         Access to the remote API is equivalent to root access on the host.": 1,
	} {
		fake := commandtest.New(t,
			commandtest.Expect("docker", "info", commandtest.Rest).Prints(`{"ServerVersion":"28.0.1","Warnings":[`+quoted(warning)+`]}`).AnyTimes(),
			commandtest.Expect("docker", commandtest.Rest).Exits(1).AnyTimes(),
		)
		r := scenetest.Over(t, scenetest.Answers(fake))
		r.Options.Docker = []string{"DOCKER_HOST=unix:///none/docker.sock"}
		if found := scenetest.Bad(r.Examine(engine.Checks())); len(found) != want {
			t.Errorf("%s: %s", warning, scenetest.Lines(found))
		}
	}
}

func quoted(text string) string { return `"` + strings.ReplaceAll(text, "\n", `\n`) + `"` }

func TestComposeIsAskedForOnlyWhereItIsUsed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		config string
		answer *commandtest.Call
		want   []string
	}{
		"an image":        {`{"image": "x"}`, nil, nil},
		"a plugin":        {`{"dockerComposeFile": "c.yml", "service": "app"}`, commandtest.Expect("docker", "compose", "version").Prints("Docker Compose version v2.40.3\n"), nil},
		"no plugin":       {`{"dockerComposeFile": "c.yml", "service": "app"}`, commandtest.Expect("docker", "compose", "version").Complains("docker: unknown command: docker compose\n\nRun 'docker --help' for more information\n").Exits(1), []string{"DC-ENG-007"}},
		"no plugin of 20": {`{"dockerComposeFile": ["c.yml"], "service": "app"}`, commandtest.Expect("docker", "compose", "version").Complains("docker: 'compose' is not a docker command.\nSee 'docker --help'\n").Exits(1), []string{"DC-ENG-007"}},
	} {
		fake := commandtest.New(t)
		if test.answer != nil {
			fake.Expect(test.answer)
		}
		fake.Expect(
			commandtest.Expect("docker", "info", commandtest.Rest).Prints(`{"ServerVersion":"28.0.1"}`).AnyTimes(),
			commandtest.Expect("docker", commandtest.Rest).Exits(1).AnyTimes(),
		)
		r := scenetest.Over(t, scenetest.Answers(fake))
		r.Options.Docker = []string{"DOCKER_HOST=unix:///none/docker.sock", "DOCKER_CONFIG=/none"}
		r.Config(test.config)
		if found := scenetest.Bad(r.Examine(engine.Checks())); !slices.Equal(scenetest.Codes(found), test.want) && len(found)+len(test.want) > 0 {
			t.Errorf("%s: %s", name, scenetest.Lines(found))
		}
	}
}
