package devjson_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"iact-infra/internal/devjson"
)

// with is a project that has a devcontainer.json and these files; a name that
// begins with + is that of a file that can be run.
func with(settings string, files ...string) fstest.MapFS {
	tree := fstest.MapFS{usual: &fstest.MapFile{Data: []byte(settings), Mode: 0o644}}
	for i := 0; i+1 < len(files); i += 2 {
		name, run := strings.CutPrefix(files[i], "+")
		tree[name] = &fstest.MapFile{Data: []byte(files[i+1]), Mode: 0o644}
		if run {
			tree[name].Mode = 0o755
		}
	}
	return tree
}

// image is a devcontainer.json with an image and these settings.
func image(settings string) string { return `{"image": "debian:12", ` + settings + `}` }

// composed is one with a compose file.
func composed(services string, files ...string) fstest.MapFS {
	return with(`{"dockerComposeFile": "c.yml", "service": "a", "workspaceFolder": "/w"}`, append(files, ".devcontainer/c.yml", services)...)
}

// built is one with a Dockerfile in the folder .devcontainer.
func built(dockerfile string, files ...string) fstest.MapFS {
	return with(`{"build": {"dockerfile": "Dockerfile", "context": ".."}}`, append(files, ".devcontainer/Dockerfile", dockerfile)...)
}

func TestTheFirstFindingNamesTheCause(t *testing.T) {
	t.Parallel()
	const at = usual + ":"
	const dockerfile = ".devcontainer/Dockerfile:"
	const file = ".devcontainer/c.yml:"
	for _, c := range []struct {
		project fstest.MapFS
		want    string // what the line of the first finding begins with
	}{
		// keys and values
		{with(`{"Image": "x"}`), "DC-KEY fail " + at + "1:2 Image"},
		{with(`{"dockerfile": "Dockerfile"}`, ".devcontainer/Dockerfile", "FROM x"), "DC-KEY fail " + at + "1:2 dockerfile"},
		{with(image(`"postCreateComand": "make"`)), "DC-KEY fail " + at + "1:24 postCreateComand"},
		{with(image(`"fowardPorts": [1]`)), "DC-KEY fail " + at + "1:24 fowardPorts"},
		{with(image(`"volumes": []`)), "DC-KEY fail " + at + "1:24 volumes"},
		{with(image(`"nonsense": 1`)), "DC-KEY warn " + at + "1:24 nonsense"},
		{with(image(`"customizations": {"vscode": {"extension": []}}`)), "DC-KEY fail " + at + "1:54 customizations.vscode.extension"},
		{with(image(`"customizations": {"extensions": []}`)), "DC-KEY fail " + at + "1:43 customizations.extensions"},
		{with(image(`"waitFor": "postcreatecommand"`)), `DC-ENUM fail ` + at + `1:35 waitFor is "postcreatecommand"`},
		{with(image(`"shutdownAction": "stop"`)), `DC-ENUM fail ` + at + `1:42 shutdownAction is "stop"`},
		{with(image(`"portsAttributes": {"80": {"onAutoForward": "open"}}`)), `DC-ENUM fail ` + at + `1:68 portsAttributes.80.onAutoForward is "open"`},
		{with(image(`"hostRequirements": {"memory": "8GB"}`)), `DC-VALUE fail ` + at + `1:55 hostRequirements.memory is "8GB"`},
		{with(image(`"hostRequirements": {"gpu": "maybe"}`)), `DC-ENUM fail ` + at + `1:52 hostRequirements.gpu is "maybe"`},
		{with(image(`"runArgs": "--init"`)), "DC-TYPE fail " + at + "1:35 runArgs is a text"},
		{with(image(`"init": "false"`)), "DC-TYPE fail " + at + "1:32 init is a text"},
		{with(image(`"postCreateCommand": {"a": {"b": "c"}}`)), "DC-TYPE fail " + at + "1:51 postCreateCommand.a is an object"},
		{with(`{"image": "Debian:12"}`), "DC-FROM fail " + at + "1:11 Debian:12"},
		{with(`{"image": "https://x/y"}`), "DC-FROM fail " + at + "1:11 https://x/y"},
		// keys that contradict each other
		{with(image(`"service": "a"`)), "DC-CONTRADICTION warn " + at + "1:24 service"},
		{with(image(`"shutdownAction": "stopCompose"`)), "DC-CONTRADICTION warn " + at + "1:24 shutdownAction"},
		{with(image(`"build": {"target": "x"}`)), "DC-CONTRADICTION warn " + at + "1:24 build"},
		{with(image(`"workspaceMount": "source=${localWorkspaceFolder},target=/w,type=bind"`)), "DC-CONTRADICTION warn " + at + "1:42 workspaceMount without workspaceFolder"},
		{with(image(`"workspaceFolder": "/w"`)), "DC-WORKSPACE warn " + at + "1:43 workspaceFolder is /w, and there is no workspaceMount"},
		{with(image(`"workspaceFolder": "w"`)), "DC-WORKSPACE fail " + at + "1:43 workspaceFolder is w"},
		{with(image(`"containerUser": "a", "runArgs": ["-u", "root"]`)), "DC-CONTRADICTION warn " + at + "1:64 runArgs: -u root"},
		{with(`{"dockerComposeFile": "c.yml", "service": "a", "workspaceFolder": "/w", "runArgs": ["--init"]}`, ".devcontainer/c.yml", "services: {a: {image: x, volumes: ['..:/w']}}"), "DC-CONTRADICTION warn " + at + "1:73 runArgs"},
		{composed("services: {a: {image: x, volumes: ['..:/other']}}"), "DC-WORKSPACE warn " + at + "1:67 workspaceFolder is /w"},
		// variables
		{with(image(`"containerEnv": {"A": "${localenv:HOME}"}`)), "DC-VARIABLE fail " + at + "1:46 ${localenv:HOME}"},
		{with(image(`"workspaceMount": "source=${workspaceFolder},target=/w,type=bind", "workspaceFolder": "/w"`)), "DC-VARIABLE fail " + at + "1:42 ${workspaceFolder}"},
		{with(image(`"remoteEnv": {"PATH": "${PATH}:/x"}`)), "DC-VARIABLE fail " + at + "1:46 PATH: ${PATH}:/x"},
		{with(image(`"remoteEnv": {"PATH": "/x:$PATH"}`)), "DC-VARIABLE fail " + at + "1:46 PATH: /x:$PATH"},
		{with(image(`"containerEnv": {"PATH": "${containerEnv:PATH}:/x"}`)), "DC-VARIABLE fail " + at + "1:49 PATH: ${containerEnv:PATH}"},
		{with(image(`"containerEnv": {"A": "${localEnv}"}`)), "DC-VARIABLE fail " + at + "1:46 ${localEnv}"},
		{with(image(`"containerEnv": {"A": "${localEnv:B:http://c}"}`)), "DC-VARIABLE warn " + at + "1:46 ${localEnv:B:http://c}"},
		{with(image(`"mounts": ["source=${localEnv:NONE}/x,target=/x,type=bind"]`)), "DC-EMPTY-VARIABLE fail " + at + "1:35 mounts: ${localEnv:NONE}"},
		{with(image(`"containerEnv": {"TOKEN": "${localEnv:TOKEN}"}`)), "DC-EMPTY-VARIABLE warn " + at + "1:50 containerEnv.TOKEN: ${localEnv:TOKEN}"},
		{with(`{"image": "x:${localEnv:TAG}"}`), "DC-EMPTY-VARIABLE fail " + at + "1:11 image: ${localEnv:TAG}"},
		// mounts
		{with(image(`"mounts": ["source=a,type=volume"]`)), "DC-MOUNT fail " + at + "1:35 mounts[0]: source=a,type=volume"},
		{with(image(`"mounts": ["source=a,target=/a,type=binds"]`)), "DC-MOUNT fail " + at + "1:35 mounts[0]: type=binds"},
		{with(image(`"mounts": ["source=./a,target=/a,type=bind"]`)), "DC-MOUNT fail " + at + "1:35 mounts[0]: source=./a"},
		{with(image(`"mounts": ["source=a,target=a"]`)), "DC-MOUNT fail " + at + "1:35 mounts[0]: target=a"},
		{with(image(`"mounts": ["source=a,targt=/a"]`)), `DC-MOUNT fail ` + at + `1:35 mounts[0]: "targt=/a"`},
		{with(image(`"mounts": ["source=a, target=/a"]`)), `DC-MOUNT fail ` + at + `1:35 mounts[0]: " target=/a"`},
		{with(image(`"mounts": ["/a:/b"]`)), `DC-MOUNT fail ` + at + `1:35 mounts[0]: "/a:/b"`},
		{with(image(`"mounts": ["source=/a,target=/a"]`)), "DC-MOUNT fail " + at + "1:35 mounts[0]: source=/a"},
		{with(image(`"mounts": ["source=a1,target=/a", "source=b1,target=/a/"]`)), "DC-MOUNT warn " + at + "1:58 /a/ is the target of mounts[0] and of mounts[1]"},
		{with(image(`"mounts": ["source=a1,target=/a"], "runArgs": ["-v", "b1:/a"]`)), "DC-MOUNT fail " + at + "1:71 /a is the target of mounts[0] and of runArgs"},
		{with(image(`"mounts": [{"type": "bind", "source": "/x", "traget": "/x"}]`)), "DC-KEY fail " + at + "1:68 mounts.traget"},
		{with(image(`"mounts": ["source=${localWorkspaceFolder}/data,target=/d,type=bind"]`)), "DC-PATH fail " + at + "1:35 the source data is not there"},
		{with(image(`"mounts": ["source=/home/ana/project/data,target=/d,type=bind"]`)), "DC-PATH fail " + at + "1:35 the source data is not there"},
		// arguments of docker run
		{with(image(`"runArgs": ["--name dev"]`)), `DC-RUN-ARGS fail ` + at + `1:36 runArgs has "--name dev"`},
		{with(image(`"runArgs": ["--netwrok=host"]`)), `DC-RUN-ARGS fail ` + at + `1:36 runArgs has "--netwrok=host"`},
		{with(image(`"runArgs": ["--cap-add", "ALL", "host"]`)), `DC-RUN-ARGS fail ` + at + `1:56 runArgs has "host"`},
		{with(image(`"runArgs": ["--memory"]`)), `DC-RUN-ARGS fail ` + at + `1:36 runArgs has "--memory"`},
		{with(image(`"runArgs": ["--memory", "lots"]`)), `DC-RUN-ARGS fail ` + at + `1:48 runArgs: --memory lots`},
		{with(image(`"runArgs": ["--env-file", ".env"]`)), `DC-ENV-FILE fail ` + at + `1:50 runArgs: --env-file .env`},
		// ports
		{with(image(`"forwardPorts": [70000]`)), "DC-PORT fail " + at + "1:41 forwardPorts has 70000"},
		{with(image(`"forwardPorts": ["web"]`)), "DC-PORT fail " + at + "1:41 forwardPorts has web"},
		{with(image(`"appPort": [80, 80]`)), "DC-PORT fail " + at + "1:40 appPort has port 80 of the host twice"},
		{with(image(`"appPort": "80:x"`)), "DC-PORT fail " + at + "1:35 appPort has 80:x"},
		{with(image(`"portsAttributes": {"9-8": {}}`)), "DC-PORT warn " + at + "1:44 portsAttributes has 9-8"},
		{with(`{"dockerComposeFile": "c.yml", "service": "a", "workspaceFolder": "/w", "forwardPorts": ["dd:1"]}`, ".devcontainer/c.yml", "services: {a: {image: x, volumes: ['..:/w']}, db: {image: y}}"), "DC-PORT fail " + at + "1:90 forwardPorts has dd:1"},
		// users
		{with(image(`"remoteUser": "vscode"`)), "DC-USER warn " + at + "1:38 remoteUser is vscode"},
		{with(image(`"remoteUser": "a b"`)), "DC-USER fail " + at + "1:38 remoteUser is a b"},
		// features
		{with(image(`"features": {"ghcr.io/devcontainers/features/nod:1": {}}`)), "DC-FEATURE warn " + at + "1:37 ghcr.io/devcontainers/features/nod:1"},
		{with(image(`"features": {"ghcr.io/devcontainers/features/node:v1": {}}`)), "DC-FEATURE fail " + at + "1:37 ghcr.io/devcontainers/features/node:v1"},
		{with(image(`"features": {"ghcr.io/devcontainers/features/go:1": {}, "golang": "1.2"}`)), "DC-FEATURE warn " + at + "1:80 golang"},
		{with(image(`"features": {"nodejs": {}}`)), "DC-FEATURE fail " + at + "1:37 nodejs"},
		{with(image(`"features": {"ghcr.io/a/b/c:1": ["x"]}`)), "DC-TYPE fail " + at + "1:56 features.ghcr.io/a/b/c:1 is a list"},
		{with(image(`"features": {"./f": {"a": 1}}`), ".devcontainer/f/devcontainer-feature.json", `{"id": "f", "options": {"a": {"type": "string", "enum": ["x"]}}}`, "+.devcontainer/f/install.sh", "#!/bin/sh\n"), "DC-FEATURE fail " + at + "1:50 ./f: a is \"1\""},
		{with(image(`"features": {"./f": {}}`), ".devcontainer/f/devcontainer-feature.json", `{"id": "f"}`), "DC-FEATURE fail .devcontainer/f/devcontainer-feature.json .devcontainer/f/install.sh is not there"},
		// lifecycle
		{with(image(`"postCreateCommand": "./setup.sh"`)), "DC-LIFECYCLE fail " + at + "1:45 postCreateCommand: ./setup.sh: setup.sh is not there"},
		{with(image(`"postCreateCommand": "bash scripts/setup.sh --x"`)), "DC-LIFECYCLE fail " + at + "1:45 postCreateCommand: scripts/setup.sh: scripts/setup.sh is not there"},
		{with(image(`"postCreateCommand": "cd sub && python3 run.py"`), "sub/x", ""), "DC-LIFECYCLE fail " + at + "1:45 postCreateCommand: run.py: sub/run.py is not there"},
		{with(image(`"postCreateCommand": "./setup.sh"`), "setup.sh", "#!/bin/sh\n"), "DC-SCRIPT fail " + at + "1:45 postCreateCommand: ./setup.sh: setup.sh has mode -rw-r--r--"},
		{with(image(`"postCreateCommand": "./setup.sh"`), "+setup.sh", "#!/bin/sh\r\nls\r\n"), "DC-SCRIPT fail " + at + "1:45 postCreateCommand: setup.sh has CR LF"},
		{with(image(`"postCreateCommand": "bash setup.sh"`), "setup.sh", "ls\r\n"), "DC-SCRIPT fail " + at + "1:45 postCreateCommand: setup.sh has CR LF"},
		{with(image(`"postStartCommand": ["./setup"]`), "+setup", "ls\n"), "DC-SCRIPT fail " + at + "1:44 postStartCommand: setup does not begin with #!"},
		{with(image(`"postStartCommand": ["npm start"]`)), `DC-LIFECYCLE fail ` + at + `1:44 postStartCommand is ["npm start"]`},
		{with(image(`"postStartCommand": ["a", "&&", "b"]`)), `DC-LIFECYCLE fail ` + at + `1:44 postStartCommand has && or |`},
		{with(image(`"onCreateCommand": {"one": "echo 'a"}`)), "DC-LIFECYCLE fail " + at + "1:51 onCreateCommand.one: echo 'a"},
		{with(image(`"initializeCommand": "sh .devcontainer/init.sh"`)), "DC-LIFECYCLE fail " + at + "1:45 initializeCommand: .devcontainer/init.sh: .devcontainer/init.sh is not there"},
		{with(image(`"postCreateCommand": "bash a.sh"`), "a.sh", "if true; then\n  ls\n"), "DC-SCRIPT warn a.sh:1:1 postCreateCommand runs it"},
		{with(`{"image": "alpine:3", "postCreateCommand": "bash a.sh"}`, "a.sh", "ls\n"), "DC-LIFECYCLE warn " + at + "1:44 postCreateCommand: a.sh needs bash"},
		{with(`{"image": "python:3", "overrideCommand": false}`), "DC-COMMAND warn " + at + "1:1 the command of python:3"},
		// Compose
		{composed("services:\n  a:\n\timage: x\n"), "DC-COMPOSE fail " + file + "3 the line begins with a tab"},
		{composed("servces: {a: {image: x}}"), "DC-KEY fail " + file + "1:1 servces"},
		{composed("services:\n  a: {imge: x, volumes: ['..:/w']}"), "DC-KEY fail " + file + "2:7 a.imge"},
		{composed("services:\n  a: {volumes: ['..:/w']}"), "DC-COMPOSE fail " + file + "2:3 a has neither image nor build"},
		{composed("services:\n  a: {image: x, volume: ['..:/w']}"), "DC-KEY fail " + file + "2:17 a.volume"},
		{composed("services:\n  a: {image: x, image: y, volumes: ['..:/w']}"), "DC-DUPLICATE fail " + file + "2:17 the key \"image\""},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], depends_on: [bd]}\n  db: {image: y}"), `DC-DEPENDS fail ` + file + `2:50 a.depends_on names "bd"`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], depends_on: [b]}\n  b: {image: y, depends_on: [a]}"), `DC-DEPENDS fail ` + file + `3:30 a → b → a`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], depends_on: {b: {condition: service_healthy}}}\n  b: {image: 'postgres:16'}"), `DC-DEPENDS fail ` + file + `2:54 a waits until b is healthy`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], network_mode: 'service:b', ports: ['1:1']}\n  b: {image: y}"), `DC-NETWORK fail ` + file + `2:37 a publishes ports`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], networks: [back]}"), `DC-NETWORK fail ` + file + `2:48 a is in the network "back"`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w', 'data:/d']}"), `DC-VOLUME fail ` + file + `2:36 a mounts the volume "data"`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w', './conf.ini:/etc/conf.ini']}"), `DC-PATH warn ` + file + `2:36 the source .devcontainer/conf.ini is not there`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w', '..:w']}"), `DC-MOUNT fail ` + file + `2:36 ..:w`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], env_file: .env}", ".devcontainer/.env.example", ""), `DC-ENV-FILE fail ` + file + `2:47 .devcontainer/.env is not there`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], container_name: nn}\n  b: {image: y, container_name: nn}"), `DC-NAME fail ` + file + `3:17 container_name "nn"`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], ports: ['80:80']}\n  b: {image: y, ports: ['80:8080']}"), `DC-PORT fail ` + file + `3:25 port 80 of the host`},
		{composed("version: 3.8\nservices:\n  a: {image: x, volumes: ['..:/w']}"), `DC-TYPE fail ` + file + `1:1 version is 3.8`},
		{composed("services:\n  - a: {image: x}"), `DC-COMPOSE fail ` + file + `1:1 services is no mapping`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], restart: allways}"), `DC-ENUM fail ` + file + `2:37 restart is "allways"`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w', '.:/w']}"), `DC-MOUNT warn ` + file + `2:36 /w is the target of two volumes`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], depends_on: [b]}\n  b: {image: y, profiles: [p]}"), `DC-DEPENDS warn ` + file + `2:50 a depends on b, which has profiles`},
		{composed("services:\n  a: {image: x, volumes: ['..:/w'], ports: ['80:80', '80:80']}\n  b: {image: y, ports: [{target: 1, published: 80}]}"), `DC-PORT fail ` + file + `3:25 port 80 of the host`},
		{composed("services:\n  a: {build: ./none, volumes: ['..:/w']}"), `DC-PATH fail ` + file + `2:7 a is built from .devcontainer/none`},
		{composed("services:\n  a: {build: {context: .., dockerfile: D}, volumes: ['..:/w']}"), `DC-DOCKERFILE fail ` + file + `2:7 D is not there`},
		{composed("services:\n  a: {image: 'x:${TAG:?}', volumes: ['..:/w']}"), `DC-EMPTY-VARIABLE fail ` + file + `2 ${TAG} has no value`},
		{composed("services:\n  a: {image: python, volumes: ['..:/w']}"), "DC-COMMAND warn " + at + "1:1 the command of python"},
		// the Dockerfile
		{built("FORM debian"), "DC-INSTRUCTION fail " + dockerfile + "1 FORM"},
		{built("RUN ls"), "DC-FROM fail " + dockerfile + "1 RUN stands before the first FROM"},
		{built(""), "DC-FROM fail " + dockerfile + "1 the file has no instruction"},
		{built("ARG TAG\nFROM debian:${TAG}"), "DC-FROM fail " + dockerfile + "2 FROM debian:${TAG}"},
		{built("FROM a b"), "DC-FROM fail " + dockerfile + "1 FROM a b"},
		{built("FROM x\nRUN a && \\\n  b\nc"), "DC-INSTRUCTION fail " + dockerfile + "4 c"},
		{built("FROM x\nRUN echo 'a"), "DC-INSTRUCTION fail " + dockerfile + "2 RUN echo 'a"},
		{built("FROM x\nCMD ['a', 'b']"), "DC-INSTRUCTION warn " + dockerfile + "2 CMD ['a', 'b']"},
		{built("FROM x\nCOPY a.txt /"), "DC-COPY fail " + dockerfile + "2 COPY a.txt"},
		{built("FROM x\nCOPY app/a /", ".dockerignore", "app\n", "app/a", ""), "DC-COPY fail " + dockerfile + "2 COPY app/a"},
		{built("FROM x\nCOPY --frm=y a /"), "DC-INSTRUCTION fail " + dockerfile + "2 COPY --frm=y"},
		{built("FROM x AS builder\nFROM y\nCOPY --from=bilder /a /"), "DC-COPY fail " + dockerfile + "3 --from=bilder"},
		{built("FROM x\nCOPY a b /c", "a", "", "b", ""), "DC-COPY fail " + dockerfile + "2 COPY a b /c"},
		{built("FROM x\nCOPY e.sh /e.sh\nENTRYPOINT [\"/e.sh\"]", "e.sh", "#!/bin/sh\n"), "DC-SCRIPT fail " + dockerfile + "3 ENTRYPOINT /e.sh: e.sh has mode"},
		{built("FROM x\nCOPY e.sh /e.sh", "+e.sh", "#!/bin/sh\r\n"), "DC-SCRIPT warn e.sh:1 its first line ends in CR LF"},
		{built("FROM x\nRUN <<EOF\nls"), "DC-INSTRUCTION fail " + dockerfile + "2 <<EOF does not end"},
		{with(`{"build": {"dockerfile": "Dockerfile", "target": "deb"}}`, ".devcontainer/Dockerfile", "FROM x AS dev"), `DC-INSTRUCTION fail ` + at + `1:50 target "deb"`},
		{with(`{"build": {"dockerfile": "Dockerfile", "context": "../none"}}`, ".devcontainer/Dockerfile", "FROM x"), `DC-PATH fail ` + at + `1:51 the context none is not there`},
	} {
		found := judge(t, c.project, home())
		if len(found) == 0 || !strings.HasPrefix(found[0], c.want) {
			t.Errorf("%s\nwant %s\ngot  %s", c.project[usual].Data, c.want, strings.Join(found, "\n     "))
		}
	}
}

func TestWhatIsOnlyToBeKnownIsANoteAndIsLeftOutOfCheck(t *testing.T) {
	t.Parallel()
	text := image(`"features": {"ghcr.io/devcontainers/features/git": {}}, "mounts": ["source=/var/run/docker.sock,target=/s,type=bind"], "onCreateCommand": "", "forwardPorts": [1, 1]`)
	found := devjson.Judge(usual, []byte(text), devjson.Options{Files: with(text)})
	var codes []string
	for _, f := range found {
		if f.State != devjson.Note {
			t.Errorf("%+v is no note", f)
		}
		codes = append(codes, f.Code)
	}
	slices.Sort(codes)
	if got := strings.Join(codes, " "); got != "DC-FEATURE DC-LIFECYCLE DC-MOUNT DC-PORT" {
		t.Errorf("the notes are %s", got)
	}
	if devjson.Failed(found) || len(devjson.Check(usual, []byte(text), in(nil))) > 0 {
		t.Error("a note counts")
	}
}

func TestWhatAnInitializeCommandMakesIsNotMissed(t *testing.T) {
	t.Parallel()
	const settings = `{"dockerComposeFile": "c.yml", "service": "a", "workspaceFolder": "/w", "initializeCommand": "INIT"}`
	const services = "services: {a: {image: x, volumes: ['..:/w', '../data:/d'], env_file: ../env}}"
	for command, want := range map[string]int{"true": 2, "mkdir -p data && cp env.example env": 0, "bash init.sh": 0} {
		tree := with(strings.Replace(settings, "INIT", command, 1), ".devcontainer/c.yml", services, "init.sh", "cp env.example env\nmkdir data\n")
		if found := judge(t, tree, home()); len(found) != want {
			t.Errorf("%s: %q", command, found)
		}
	}
}

func TestHomeOnTwoSystemsIsOnePath(t *testing.T) {
	t.Parallel()
	tree := with(image(`"mounts": ["source=${localEnv:HOME}${localEnv:USERPROFILE}/x,target=/x,type=bind"]`))
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"HOME": "/h"}, ""}, {map[string]string{"USERPROFILE": `C:\h`}, ""}, {nil, ""},
		{map[string]string{}, "DC-EMPTY-VARIABLE fail"}, {map[string]string{"HOME": "/h", "USERPROFILE": "/u"}, "DC-VARIABLE warn"},
	} {
		found := strings.Join(judge(t, tree, c.env), "\n")
		if !strings.HasPrefix(found, c.want) || c.want == "" && found != "" {
			t.Errorf("%v: %q", c.env, found)
		}
	}
}

func TestTheDevcontainerOfTheProjectHasTheFaultsItIsKnownFor(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/client.txtar")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(judge(t, archive(string(text)), home()), "\n")
	want := `DC-FEATURE fail .devcontainer/devcontainer.json:12:3 .devcontainer/infrastructure/cpython/installer/devcontainer-feature.json is not there
DC-VARIABLE warn .devcontainer/docker_compose.yml:9 ${localWorkspaceFolderBasename}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
