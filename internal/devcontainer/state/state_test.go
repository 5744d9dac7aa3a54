package state_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command/commandtest"
	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene/scenetest"
	"iact-infra/internal/devcontainer/state"
)

// rig is one with a client whose answers are made up.
type rig struct {
	*scenetest.Rig
	client *commandtest.Fake
}

// told is a workspace whose containers are as docker inspect tells them: parts of
// its JSON, filled up with what each has. Events are lines of docker events.
func told(t *testing.T, events string, containers ...string) rig {
	t.Helper()
	return inside(t, "", events, containers...)
}

// inside is told of containers in which each script says the same.
func inside(t *testing.T, said, events string, containers ...string) rig {
	t.Helper()
	fake := commandtest.New(t)
	r := rig{scenetest.Over(t, scenetest.Answers(fake)), fake}
	r.Options.Docker = []string{"DOCKER_HOST=unix:///none/docker.sock"}
	var all []map[string]any
	for i, c := range containers {
		one := map[string]any{}
		if err := json.Unmarshal([]byte(strings.ReplaceAll(c, "{ws}", r.Workspace)), &one); err != nil {
			t.Fatal(err)
		}
		if one["Id"] == nil {
			one["Id"] = strings.Repeat("abcdef"[i:i+1], 64)
		}
		if one["Name"] == nil {
			one["Name"] = "/app"
		}
		config, _ := one["Config"].(map[string]any)
		if config == nil {
			config = map[string]any{}
			one["Config"] = config
		}
		if config["Labels"] == nil {
			config["Labels"] = map[string]string{"devcontainer.local_folder": r.Workspace}
		}
		all = append(all, one)
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	says := func(answer string, words ...string) *commandtest.Call {
		return commandtest.Expect("docker", append(words, commandtest.Rest)...).Prints(answer).AnyTimes()
	}
	fake.Expect(
		says(`{"ServerVersion":"28.0.1","Architecture":"x86_64"}`, "info"), says("a\n", "ps"), says(string(text), "container", "inspect"), says(events, "events"),
		says(`[{"Id":"i","Architecture":"amd64","Os":"linux"}]`, "image", "inspect"),
		commandtest.Expect("sh", "-c", commandtest.Any, "doctor", "exec", commandtest.Rest).Prints(said).AnyTimes(), commandtest.Expect("sh", commandtest.Rest).AnyTimes(),
	)
	return r
}

// broken is a container that Docker did not start, and why.
func broken(said string) string {
	text, _ := json.Marshal(said)
	return `{"Path": "/go", "State": {"Status": "created", "ExitCode": 128, "Error": ` + string(text) + `}}`
}

func TestWhatDockerSaysOfAStartThatFailedIsExplained(t *testing.T) {
	t.Parallel()
	const runc = "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: "
	for said, want := range map[string]struct{ code, cause, fix string }{
		"driver failed programming external connectivity on endpoint x (acf1): Bind for 127.0.0.1:18765 failed: port is already allocated":                                                 {"DC-STA-006", "port 18765 is taken by another container", "publish=18765"},
		"driver failed programming external connectivity on endpoint x (53c9): Error starting userland proxy: listen tcp4 127.0.0.1:18766: bind: address already in use":                   {"DC-STA-006", "port 18766 is taken by a process", "sport = :18766"},
		"failed to set up container networking: driver failed programming external connectivity on endpoint x (53c9): failed to bind host port 127.0.0.1:8000/tcp: address already in use": {"DC-STA-006", "port 8000 is taken by a process", ""},
		"Ports are not available: exposing port TCP 0.0.0.0:5432 -> 0.0.0.0:0: listen tcp 0.0.0.0:5432: bind: address already in use":                                                      {"DC-STA-006", "port 5432 is taken by a process", ""},
		runc + `exec: "nosuch": executable file not found in $PATH: unknown`:                                                                                                               {"DC-STA-008", "nosuch is not in the PATH", "Entrypoint"},
		runc + `exec: "/app/start.sh": stat /app/start.sh: no such file or directory: unknown`:                                                                                             {"DC-STA-008", "/app/start.sh does not exist", ""},
		runc + `exec: "/app/start.sh": permission denied: unknown`:                                                                                                                         {"DC-STA-008", "/app/start.sh is not executable", ""},
		runc + `exec: "/app/start.sh": exec format error: unknown`:                                                                                                                         {"DC-STA-007", "cannot run /app/start.sh", ""},
		"unable to find user dev: no matching entries in passwd file":                                                                                                                      {"DC-STA-006", "user dev does not exist", ""},
		"network 5f0c not found": {"DC-STA-006", "network 5f0c does not exist any more", ""},
		"failed to set up container networking: network web_default not found":                 {"DC-STA-006", "network web_default", ""},
		`invalid mount config for type "bind": bind source path does not exist: /srv/data`:     {"DC-STA-006", "/srv/data, does not exist", "ls -ld /srv/data"},
		"error while creating mount source path '/srv/x y': mkdir /srv: read-only file system": {"DC-STA-006", "Docker cannot make /srv/x y", "ls -ld '/srv/x y'"},
		runc + `error during container init: error mounting "/p/f" to rootfs at "/etc": mount /p/f:/etc (via /proc/self/fd/6), flags: 0x5000: not a directory: unknown: Are you trying to mount a directory onto a file (or vice-versa)?`: {"DC-STA-006", "/p/f is mounted over /etc", "ls -ld /p/f"},
		`error gathering device information while adding custom device "/dev/kvm": no such file or directory`:                                                                                                                             {"DC-STA-006", "device /dev/kvm does not exist", ""},
		`could not select device driver "" with capabilities: [[gpu]]`:                                                                                                                                                                    {"DC-STA-006", "GPU", ""},
		"unknown or invalid runtime name: nvidia":                                                                {"DC-STA-006", "runtime nvidia", ""},
		runc + "error during container init: open /proc/sys/net/foo: no such file or directory: unknown":         {"DC-STA-006", "does not take the setting sys/net/foo", ""},
		runc + "error during container init: sethostname: invalid argument: unknown":                             {"DC-STA-006", "host name is too long", ""},
		runc + "unable to apply cgroup configuration: mkdir /sys/fs/cgroup/cpu/docker/a: cgroup deleted":         {"DC-STA-006", "cgroups", ""},
		runc + "unable to apply caps: operation not permitted: unknown":                                          {"DC-STA-006", "does not grant", ""},
		"write /var/lib/docker/containers/a/.tmp-config: no space left on device":                                {"DC-STA-006", "disk is full", "df -h"},
		"all predefined address pools have been fully subnetted":                                                 {"DC-STA-006", "no addresses", ""},
		"cannot join network of a non running container: 8c1f":                                                   {"DC-STA-006", "container 8c1f, which does not run", "docker start 8c1f"},
		`connection error: desc = "transport: error while dialing: dial unix:///run/containerd/containerd.sock"`: {"DC-STA-006", "containerd", ""},
		"apparmor failed to apply profile: write /proc/self/attr/apparmor/exec: no such file or directory":       {"DC-STA-006", "AppArmor", ""},
		"get iact_pgdata: no such volume":                                                                        {"DC-STA-006", "no volume iact_pgdata", ""}, // the catalogue knows
		"something of 2031 went wrong 100%":                                                                      {"DC-STA-006", "Docker could not start it", "docker start app"},
	} {
		f := told(t, "", broken(said)).First(state.Checks())
		if f.Code != want.code || f.State != doctor.Fail || !strings.Contains(f.Cause.EN, want.cause) || !strings.Contains(f.Fix, want.fix) {
			t.Errorf("%s\n%s: %s\n%s", said, f.Code, f.Cause.EN, f.Fix)
		}
	}
}

func TestEachExitCodeHasItsMeaning(t *testing.T) {
	t.Parallel()
	for code, cause := range map[string]string{
		"0": "ended well", "1": "code 1", "125": "docker itself", "126": "cannot be executed", "127": "not there", "128": "before its program", "130": "SIGINT",
		"134": "SIGABRT", "137": "SIGKILL", "139": "SIGSEGV", "132": "SIGILL", "143": "SIGTERM", "255": "daemon went down", "42": "code 42",
	} {
		f := told(t, "", `{"Path": "serve", "State": {"Status": "exited", "ExitCode": `+code+`}}`).First(state.Checks())
		if f.Code != "DC-STA-002" || !strings.Contains(f.Cause.EN, cause) || !strings.HasPrefix(f.Evidence, "exit code "+code) {
			t.Errorf("%s: %s %s: %s", code, f.Code, f.Evidence, f.Cause.EN)
		}
	}
}

// event is a line of docker events.
func event(action, attributes string) string {
	return `{"Type":"container","Action":"` + action + `","Actor":{"ID":"a","Attributes":{` + attributes + `}},"timeNano":` + jsonNow() + "}\n"
}

func jsonNow() string { text, _ := json.Marshal(time.Now().UnixNano()); return string(text) }

func TestMemoryIsTheCauseOnlyWhereNobodyElseKilled(t *testing.T) {
	t.Parallel()
	die := event("die", `"exitCode":"137"`)
	for name, test := range map[string]struct{ events, inspect, code, cause string }{
		"docker says so":              {"", `"OOMKilled": true`, "DC-STA-004", "want of memory"},
		"an event of a child":         {event("oom", "") + die, `"OOMKilled": false`, "DC-STA-004", "want of memory"},
		"a kill by somebody":          {event("kill", `"signal":"9"`) + die, `"OOMKilled": false`, "DC-STA-002", "docker kill"},
		"a stop that took too long":   {event("kill", `"signal":"15"`) + event("kill", `"signal":"9"`) + die + event("stop", ""), `"OOMKilled": false`, "DC-STA-002", "somebody stopped"},
		"a kill of an earlier life":   {event("kill", `"signal":"9"`) + die + event("start", "") + die, `"OOMKilled": false`, "DC-STA-002", "SIGKILL"},
		"nothing that is known of it": {"", `"OOMKilled": false`, "DC-STA-002", "SIGKILL"},
	} {
		f := told(t, test.events, `{"Path": "serve", "State": {"Status": "exited", "ExitCode": 137, `+test.inspect+`}}`).First(state.Checks())
		if f.Code != test.code || !strings.Contains(f.Cause.EN, test.cause) {
			t.Errorf("%s: %s %s: %s", name, f.Code, f.Evidence, f.Cause.EN)
		}
	}
}

func TestAContainerThatIsHalfRemovedIsTakenAwayWhole(t *testing.T) {
	t.Parallel()
	for _, status := range []string{`"Status": "dead", "Dead": true`, `"Status": "removing"`} {
		f := told(t, "", `{"State": {`+status+`}}`).First(state.Checks())
		if f.Code != "DC-STA-010" || !strings.HasPrefix(f.Fix, "docker rm --force app") {
			t.Errorf("%s: %+v", status, f)
		}
	}
}

const running = `"State": {"Status": "running", "Running": true, "StartedAt": "2020-01-01T00:00:00Z"}`

func TestAServiceIsDownOnlyWhenSomebodyNeedsIt(t *testing.T) {
	t.Parallel()
	app := func(needs string) string {
		return `{"Name": "/app", ` + running + `, "Config": {"Labels": {"devcontainer.local_folder": "{ws}", "com.docker.compose.project": "p", "com.docker.compose.service": "app", "com.docker.compose.depends_on": "` + needs + `"}}}`
	}
	service := func(rest string) string {
		return `{"Name": "/p-db-1", "Config": {"Labels": {"com.docker.compose.project": "p", "com.docker.compose.service": "db"}}, ` + rest + `}`
	}
	for name, test := range map[string]struct{ app, db, code, has string }{
		"runs":                      {app("db:service_started:false"), service(running), "", ""},
		"did its work":              {app(""), service(`"State": {"Status": "exited", "ExitCode": 0}`), "", ""},
		"did what was waited for":   {app("db:service_completed_successfully:false"), service(`"State": {"Status": "exited", "ExitCode": 0}`), "", ""},
		"ended, and is needed":      {app("db:service_started:false"), service(`"State": {"Status": "exited", "ExitCode": 0}`), "DC-STA-015", "exit code 0"},
		"was to stay up":            {app(""), service(`"State": {"Status": "exited", "ExitCode": 0}, "HostConfig": {"RestartPolicy": {"Name": "unless-stopped"}}`), "DC-STA-015", "exit code 0"},
		"failed":                    {app(""), service(`"State": {"Status": "exited", "ExitCode": 3}`), "DC-STA-015", "exit code 3"},
		"is unhealthy":              {app("db:service_healthy:false"), service(`"State": {"Status": "running", "Running": true, "Health": {"Status": "unhealthy", "FailingStreak": 4, "Log": [{"ExitCode": 2, "Output": "no response"}]}}`), "DC-STA-015", "no response"},
		"is paused":                 {app(""), service(`"State": {"Status": "paused", "Running": true, "Paused": true}`), "DC-STA-015", "paused"},
		"could not be started":      {app("db:service_started:false"), service(`"State": {"Status": "created", "Error": "Bind for 0.0.0.0:5432 failed: port is already allocated"}`), "DC-STA-015", "5432"},
		"was run once, by somebody": {app(""), `{"Name": "/p-db-run-1", "Config": {"Labels": {"com.docker.compose.project": "p", "com.docker.compose.service": "db", "com.docker.compose.oneoff": "True"}}, "State": {"Status": "exited", "ExitCode": 3}}`, "", ""},
	} {
		r := told(t, "", test.app, test.db)
		if test.code == "" {
			r.Healthy(state.Checks())
			continue
		}
		if f := r.First(state.Checks()); f.Code != test.code || !strings.Contains(f.Evidence, test.has) || f.Where != "p-db-1" || !strings.Contains(f.Cause.EN, "service db") {
			t.Errorf("%s: %s %s: %s", name, f.Code, f.Evidence, f.Cause.EN)
		}
	}
}

func TestAContainerIsHeldAgainstItsConfigurationByValues(t *testing.T) {
	t.Parallel()
	made := func(rest string) string {
		return `{` + running + `, "Config": {"Image": "debian:12", "User": "dev", "Env": ["A=1", "PATH=/bin"], "Labels": {"devcontainer.local_folder": "{ws}", "devcontainer.metadata": "[]"}}` + rest + `}`
	}
	for config, want := range map[string]string{
		`{"image": "debian:12", "containerEnv": {"A": "1"}}`:                                  "",
		`{"image": "debian:12", "containerEnv": {"A": "${localEnv:A}"}, "remoteUser": "vsc"}`: "",
		`{"image": "docker.io/library/debian:12", "remoteEnv": {"B": "2"}}`:                   "",
		`{"image": "debian:13"}`:                                                       "image: the container has debian:12, the configuration debian:13",
		`{"image": "debian"}`:                                                          "debian:latest",
		`{"image": "debian:12", "containerEnv": {"A": "2"}}`:                           "containerEnv.A is another one",
		`{"image": "debian:12", "init": true}`:                                         "init",
		`{"image": "debian:12", "capAdd": ["SYS_PTRACE"]}`:                             "SYS_PTRACE",
		`{"image": "debian:12", "mounts": ["source=cache,target=/cache,type=volume"]}`: "/cache",
		`{"image": "debian:12", "containerUser": "root"}`:                              "containerUser",
		`{"dockerFile": "Dockerfile"}`:                                                 "",
	} {
		r := told(t, "", made(""))
		// An environment of the test must not decide.
		r.Options.Environ = []string{"PATH=/usr/bin:/bin", "A=1"}
		r.Config(config)
		bad := scenetest.Bad(r.Examine(state.Checks()))
		if want == "" && len(bad) > 0 || want != "" && (len(bad) != 1 || bad[0].Code != "DC-STA-014" || bad[0].State != doctor.Warn || !strings.Contains(bad[0].Evidence, want)) {
			t.Errorf("%s:\n%s", config, scenetest.Lines(bad))
		}
	}
	r := told(t, "", `{`+running+`, "Config": {"Image": "vsc-x-uid", "Labels": {"devcontainer.local_folder": "{ws}", "devcontainer.config_file": "{ws}/.devcontainer/a/devcontainer.json"}}}`)
	r.Write(".devcontainer/a/devcontainer.json", `{"image": "debian"}`)
	r.Write(".devcontainer/b/devcontainer.json", `{"image": "debian"}`)
	r.Options.Config = ".devcontainer/b/devcontainer.json"
	if f := r.First(state.Checks()); f.Code != "DC-STA-014" || !strings.Contains(f.Evidence, "made of .devcontainer/a/devcontainer.json") {
		t.Errorf("another configuration: %+v", f)
	}
}

func TestAnImageOfAnotherPlatformIsSlowUnlessItWasAskedFor(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]int{`{"image": "x"}`: 1, `{"image": "x", "runArgs": ["--platform=linux/arm64"]}`: 0, `{"image": "x", "runArgs": ["--platform", "linux/arm64"]}`: 0} {
		fake := commandtest.New(t)
		says := func(answer string, words ...string) *commandtest.Call {
			return commandtest.Expect("docker", append(words, commandtest.Rest)...).Prints(answer).AnyTimes()
		}
		fake.Expect(says(`{"ServerVersion":"28.0.1","Architecture":"x86_64"}`, "info"), says("", "ps"), says(`[{"Id":"i","Architecture":"arm64","Os":"linux"}]`, "image", "inspect"))
		r := scenetest.Over(t, scenetest.Answers(fake))
		r.Options.Docker = []string{"DOCKER_HOST=unix:///none/docker.sock"}
		r.Config(config)
		count := 0
		for _, f := range r.Examine(state.Checks()) {
			if f.Code == "DC-STA-013" && f.State == doctor.Warn {
				count++
			}
		}
		if count != want {
			t.Errorf("%s: %d findings, want %d", config, count, want)
		}
	}
}

func TestALifecycleCommandThatFailedIsKnownByItsExitCode(t *testing.T) {
	t.Parallel()
	const label = `{` + running + `, "Config": {"Labels": {"devcontainer.local_folder": "{ws}", "devcontainer.metadata": "[{\"postCreateCommand\": \"make setup\", \"postStartCommand\": {\"a\": [\"serve\", \"--all\"], \"b\": \"true\"}}]"}}}`
	start := func(id, line string) string { return event("exec_start: "+line, `"execID":"`+id+`"`) }
	die := func(id, code string) string { return event("exec_die", `"execID":"`+id+`","exitCode":"`+code+`"`) }
	create := event("create", "")
	for name, test := range map[string]struct{ events, has, cause string }{
		"all went well":                    {create + start("1", "/bin/sh -c make setup") + die("1", "0") + start("2", "serve --all") + die("2", "0"), "", ""},
		"one failed":                       {create + start("1", "/bin/sh -c make setup") + die("1", "2"), "postCreateCommand: exit code 2: make setup", "after it did not run"},
		"a program":                        {create + start("1", "/bin/sh -c make setup") + die("1", "0") + start("2", "serve --all") + die("2", "127"), "postStartCommand: exit code 127: serve --all", "not there"},
		"it failed, and not the next time": {create + start("1", "/bin/sh -c make setup") + die("1", "2") + start("2", "/bin/sh -c make setup") + die("2", "0"), "", ""},
		"one still runs":                   {create + start("1", "/bin/sh -c make setup"), "", ""},
		"others failed":                    {create + start("1", "/bin/sh -c make test") + die("1", "1"), "", ""},
	} {
		r := told(t, test.events, label)
		if test.has == "" {
			r.Healthy(state.Checks())
			continue
		}
		f := r.First(state.Checks())
		if f.Code != "DC-STA-011" || f.Evidence != test.has || !strings.Contains(f.Cause.EN, test.cause) || !strings.HasPrefix(f.Fix, "docker exec -it app ") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestWhereEventsAreForgottenTheMarksOfTheToolsTell(t *testing.T) {
	t.Parallel()
	const made = "2026-01-02T03:04:05.678Z"
	const label = `{"Created": "` + made + `", ` + running + `, "Config": {"Labels": {"devcontainer.local_folder": "{ws}", "devcontainer.metadata": "[{\"updateContentCommand\": \"make get\", \"postCreateCommand\": \"make setup\"}]"}}}`
	mark := func(name string) string { return "== " + name + "\n" + made + "\n" }
	began := mark("onCreateCommand") + mark("updateContentCommand") + mark("postCreateCommand")
	for name, test := range map[string]struct {
		marks string
		state doctor.State
		has   string
	}{
		"all began":                    {began + mark("postStartCommand") + "== running\nsleep 600\n", "", ""},
		"the next one never began":     {began + "== running\nsleep 600\n", doctor.Fail, "postCreateCommand began, and postStartCommand never did: make setup"},
		"it still runs":                {began + "== running\n/bin/sh -c make setup \n", "", ""},
		"they were told to stop there": {mark("onCreateCommand") + mark("updateContentCommand") + "== running\n", doctor.Warn, "updateContentCommand began"},
		"those of an earlier one":      {"== postCreateCommand\n2020-01-01T00:00:00Z\n== running\n", "", ""},
		"none":                         {"== running\n", "", ""},
	} {
		r := inside(t, test.marks, "", label)
		if test.has == "" {
			r.Healthy(state.Checks())
			continue
		}
		if f := r.First(state.Checks()); f.Code != "DC-STA-011" || f.State != test.state || !strings.HasPrefix(f.Evidence, test.has) {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestADockerfileThatSaysSomethingElseByNowIsNoticed(t *testing.T) {
	t.Parallel()
	const made = `{"Created": "2020-01-01T00:00:00Z", ` + running + `, "Config": {"Image": "vsc-x", "Labels": {"devcontainer.local_folder": "{ws}", "devcontainer.metadata": "[]"}}}`
	const history = "/bin/sh -c #(nop)  CMD [\"sh\"]\n/bin/sh -c #(nop)  ENV MODE=dev\n|1 V=1 /bin/sh -c apk add git &&   make\nRUN /bin/sh -c echo two # buildkit\n"
	for file, want := range map[string]string{
		"FROM x\nENV MODE=dev\nRUN apk add git && \\\n  make\nRUN echo two\n": "",
		"FROM x AS b\nRUN make the tools\nFROM y\nENV MODE=dev\n":             "",
		"FROM x\nENV MODE dev\nRUN echo $HOME\nRUN --mount=type=cache make\n": "",
		"FROM x\nENV MODE=test\n":                "Dockerfile:2: ENV MODE=test is not in the image",
		"FROM x\nRUN echo two\nRUN echo three\n": "Dockerfile:3: RUN echo three",
	} {
		r := told(t, "", made)
		r.client.Expect(commandtest.Expect("docker", "history", commandtest.Rest).Prints(history).AnyTimes())
		r.Config(`{"build": {"dockerfile": "Dockerfile"}}`)
		r.Write(".devcontainer/Dockerfile", file)
		bad := scenetest.Bad(r.Examine(state.Checks()))
		if want == "" && len(bad) > 0 || want != "" && (len(bad) != 1 || bad[0].Code != "DC-STA-014" || !strings.Contains(bad[0].Evidence, want)) {
			t.Errorf("%q:\n%s", file, scenetest.Lines(bad))
		}
	}
}
