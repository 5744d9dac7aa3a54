package devjson_test

import (
	"reflect"
	"strings"
	"testing"

	"iact-infra/internal/devjson"
)

const whole = `{
	// everything that a doctor asks for
	"name": "all",
	"build": {"dockerfile": "Dockerfile", "context": "..", "target": "dev", "args": {"A": "1"}, "options": ["--pull"], "cacheFrom": "x"},
	"workspaceFolder": "/workspaces/${localWorkspaceFolderBasename}",
	"workspaceMount": "source=${localWorkspaceFolder},target=/workspaces/app,type=bind",
	"mounts": [
		"source=${localEnv:HOME}${localEnv:USERPROFILE}/.ssh,target=/home/vscode/.ssh,type=bind,readonly",
		{"type": "volume", "source": "data-${devcontainerId}", "target": "/data"}
	],
	"runArgs": ["--init", "-v", "${localEnv:CACHE:/var/cache}:/cache:ro", "--mount=type=tmpfs,dst=/t", "--network", "host"],
	"remoteUser": "vscode", "updateRemoteUserUID": false,
	"forwardPorts": [8000, "db:5432"], "appPort": "3000:3000",
	"portsAttributes": {"8000": {"label": "web", "onAutoForward": "notify"}},
	"containerEnv": {"A": "1"}, "remoteEnv": {"PATH": "${containerEnv:PATH}:/x", "GONE": null},
	"onCreateCommand": ["make", "all"],
	"postCreateCommand": {"one": "./one.sh", "two": ["two", "now"]},
	"initializeCommand": "echo hi",
	"features": {"ghcr.io/devcontainers/features/git:1": {"ppa": false}, "ghcr.io/devcontainers/features/go:1": "1.23"},
	"customizations": {"vscode": {"extensions": ["golang.go"]}},
	"hostRequirements": {"cpus": 4, "memory": "8gb", "gpu": "optional"},
	"capAdd": ["SYS_PTRACE"], "init": true, "waitFor": "onCreateCommand", "shutdownAction": "none"
}`

func TestEveryValueIsReadInEachOfItsForms(t *testing.T) {
	t.Parallel()
	s, err := devjson.Read([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	no := false
	for name, pair := range map[string][2]any{
		"build":     {[]string{s.Name, s.Dockerfile, s.Context, s.Target, s.BuildArgs["A"], s.BuildOptions[0], s.CacheFrom[0]}, []string{"all", "Dockerfile", "..", "dev", "1", "--pull", "x"}},
		"ports":     {append(s.ForwardPorts, s.AppPort...), []string{"8000", "db:5432", "3000:3000"}},
		"ports2":    {s.PortsAttributes, []devjson.Port{{Port: "8000", Label: "web", OnAutoForward: "notify", At: devjson.Place{Line: 14, Column: 22}}}},
		"user":      {s.UpdateRemoteUserUID, &no},
		"env":       {s.RemoteEnv, map[string]string{"PATH": "${containerEnv:PATH}:/x"}},
		"unset":     {s.RemoteUnset, []string{"GONE"}},
		"host":      {s.HostRequirements, devjson.HostRequirements{CPUs: 4, Memory: "8gb", GPU: "optional"}},
		"more":      {[]any{s.Init, s.CapAdd, s.WaitFor, s.ShutdownAction, s.Extensions}, []any{true, []string{"SYS_PTRACE"}, "onCreateCommand", "none", []string{"golang.go"}}},
		"ssh":       {s.Mounts[0], devjson.Mount{Type: "bind", Source: "${localEnv:HOME}${localEnv:USERPROFILE}/.ssh", Target: "/home/vscode/.ssh", ReadOnly: true, Raw: "source=${localEnv:HOME}${localEnv:USERPROFILE}/.ssh,target=/home/vscode/.ssh,type=bind,readonly", At: devjson.Place{Line: 8, Column: 3}}},
		"data":      {s.Mounts[1], devjson.Mount{Type: "volume", Source: "data-${devcontainerId}", Target: "/data", Raw: "type=volume,source=data-${devcontainerId},target=/data", At: devjson.Place{Line: 9, Column: 3}}},
		"cache":     {s.RunMounts[0], devjson.Mount{Type: "bind", Source: "${localEnv:CACHE:/var/cache}", Target: "/cache", ReadOnly: true, Raw: "${localEnv:CACHE:/var/cache}:/cache:ro", At: devjson.Place{Line: 11, Column: 24}}},
		"tmpfs":     {s.RunMounts[1], devjson.Mount{Type: "tmpfs", Target: "/t", Raw: "type=tmpfs,dst=/t", At: devjson.Place{Line: 11, Column: 72}}},
		"where":     {[]string{s.Where("build", "target").String(), s.Where("forwardPorts", 1).String(), s.Where("none").String()}, []string{"4:67", "13:25", "0:0"}},
		"feature 1": {s.Features[0].Options, map[string]string{"ppa": "false"}},
		"feature 2": {s.Features[1].Options, map[string]string{"version": "1.23"}},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %+v, want %+v", name, pair[0], pair[1])
		}
	}
	var commands []string
	for _, c := range s.Lifecycle {
		commands = append(commands, c.Name+"/"+c.Part+"/"+c.Shell+strings.Join(c.Argv, "+"))
	}
	if got := strings.Join(commands, ", "); got != "initializeCommand//echo hi, onCreateCommand//make+all, postCreateCommand/one/./one.sh, postCreateCommand/two/two+now" {
		t.Errorf("the commands are %s", got)
	}
}

func TestVariablesAreReplacedAsTheCLIDoes(t *testing.T) {
	t.Parallel()
	s, err := devjson.Read([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	s = s.Substitute(devjson.Variables{Env: map[string]string{"HOME": "/home/ana"}, LocalWorkspaceFolder: "/src/app", DevcontainerID: "abc"})
	got := []string{s.WorkspaceFolder, s.WorkspaceMount, s.Mounts[0].Source, s.Mounts[1].Source, s.RunMounts[0].Source, s.RemoteEnv["PATH"], s.Where("mounts", 1).String()}
	want := []string{"/workspaces/app", "source=/src/app,target=/workspaces/app,type=bind", "/home/ana/.ssh", "data-abc", "/var/cache", "${containerEnv:PATH}:/x", "9:3"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	known := devjson.Variables{Env: map[string]string{"EMPTY": ""}, ContainerEnv: map[string]string{}, ContainerWorkspaceFolder: "/w/app"}
	for in, want := range map[string]string{
		"${localEnv:EMPTY:x}": "", "${env:NONE:http://h}": "http", "[${containerEnv:P}]": "[]", "${containerWorkspaceFolder}|${containerWorkspaceFolderBasename}": "/w/app|app",
		"${localWorkspaceFolder}": "${localWorkspaceFolder}", "${other}": "${other}",
	} {
		if got := known.Substitute(in); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
}

func TestOfABrokenFileIsReadWhatTheToolsRead(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"image": "a" "service": "b"}`:                                              "a b",
		`{"image": "a", "image": "c"`:                                                "c ",
		`{"image": "a", service: "no", "service": "b"}`:                              "a b",
		"{\n<<<<<<< HEAD\n\"image\": \"a\"\n=======\n\"image\": \"b\"\n>>>>>>> x\n}": "b ",
		`{"image": "a", "service": 'b'}`:                                             "a ",
		`{"image": 7, "service": "b"}`:                                               " b",
	} {
		s, err := devjson.Read([]byte(in))
		if got := s.Image + " " + s.Service; err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "[]", "nothing", `"x"`} {
		if s, err := devjson.Read([]byte(in)); err == nil {
			t.Errorf("%q: got %+v", in, s)
		}
	}
}
