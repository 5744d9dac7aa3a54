package doctor

// handConfig are devcontainer.json files as people break them.
func handConfig() []Case {
	says := func(name, title, text, sees string, want ...string) Case {
		return Case{Name: name, Title: title, Config: text, Inject: `up || true`, Want: codes(want...), Sees: sees}
	}
	return []Case{
		says("field-config-empty", "the file is empty", "\n", "devcontainer.json", "SYNTAX", "OBJECT"),
		says("field-config-null", "the file holds null", "null\n", "devcontainer.json", "OBJECT"),
		says("field-config-text", "the file holds a text", `"busybox:testbed"`, "devcontainer.json", "OBJECT"),
		says("field-config-comma", "a comma is missing between texts of a list", "{\n  \"image\": \"busybox:testbed\",\n  \"runArgs\": [\"--init\" \"--cap-add=SYS_PTRACE\"]\n}\n", ":3:", "SYNTAX"),
		says("field-config-braces", "two braces are missing", "{\n  \"image\": \"busybox:testbed\",\n  \"customizations\": {\n    \"vscode\": {\n      \"extensions\": [\"golang.go\"]\n", "devcontainer.json", "SYNTAX"),
		says("field-config-brace-more", "a brace too many", "{\n  \"image\": \"busybox:testbed\"\n}\n}\n", ":4:", "SYNTAX"),
		says("field-config-unquoted", "a key without quotes", "{\n  image: \"busybox:testbed\"\n}\n", ":2:", "SYNTAX"),
		says("field-config-single", "single quotes", "{\n  'image': 'busybox:testbed'\n}\n", ":2:", "SYNTAX"),
		says("field-config-quote", "a quote is not closed", "{\n  \"image\": \"busybox:testbed,\n  \"remoteUser\": \"root\"\n}\n", ":2:", "SYNTAX"),
		says("field-config-comment", "a comment is not closed", "{\n  /* the app\n  \"image\": \"busybox:testbed\"\n}\n", ":2:", "SYNTAX"),
		says("field-config-twice", "image is there twice", "{\n  \"image\": \"busybox:other\",\n  \"image\": \"busybox:testbed\"\n}\n", "image", "DUPLICATE"),
		says("field-config-both", "image and dockerFile", `{"image": "busybox:mine", "dockerFile": "Dockerfile"}`, "dockerFile", "BOTH"),
		says("field-config-dockerfile", "the old key dockerFile names no file", `{"dockerFile": "Dockerfile.dev"}`, "Dockerfile.dev", "DOCKERFILE"),
		says("field-config-extension-blank", "an extension with a blank", `{"image": "busybox:testbed", "customizations": {"vscode": {"extensions": ["ms-python python"]}}}`, "ms-python python", "EXTENSION", "EXT-001"),
		says("field-config-extension-slash", "an extension with a slash", `{"image": "busybox:testbed", "extensions": ["ms-python/python"]}`, "ms-python/python", "EXTENSION", "EXT-001"),
		says("field-config-extension-address", "an extension as an address", `{"image": "busybox:testbed", "customizations": {"vscode": {"extensions": ["https://marketplace.visualstudio.com/items?itemName=golang.go"]}}}`, "golang.go", "EXTENSION", "EXT-001"),
		says("field-config-feature", "no registry has the feature", `{"image": "busybox:testbed", "features": {"127.0.0.1:5000/team/tool:1": {}}}`, "127.0.0.1:5000", "FEATURE"),
		says("field-config-feature-name", "the registry of the feature is nobody", `{"image": "busybox:testbed", "features": {"10.231.0.97:5000/team/tool:1": {}}}`, "10.231.0.97", "FEATURE"),
		says("field-config-feature-form", "a feature with a blank in its id", `{"image": "busybox:testbed", "features": {"ghcr.io/devcontainers/features/git hub:1": {}}}`, "git hub", "FEATURE"),
		says("field-config-oncreate", "onCreateCommand fails", `{"image": "busybox:testbed", "onCreateCommand": "echo 'no such table: users' >&2; exit 3"}`, "onCreateCommand", "STA-011", "LIFECYCLE"),
		says("field-config-parallel", "one of two commands side by side fails", `{"image": "busybox:testbed", "postCreateCommand": {"one": "true", "two": "exit 7"}}`, "postCreateCommand", "STA-011", "LIFECYCLE"),
		says("field-config-poststart", "postStartCommand fails", `{"image": "busybox:testbed", "postStartCommand": ["sh", "-c", "exit 9"]}`, "postStartCommand", "STA-011", "LIFECYCLE"),
		says("field-config-initialize", "initializeCommand names a script that is not there", `{"image": "busybox:testbed", "initializeCommand": "./scripts/init.sh"}`, "init.sh", "LIFECYCLE", "PATH", "SCRIPT", "STA-011"),
		{
			Name: "field-config-feature-later", Title: "a feature that nobody has was added; the container goes on",
			Inject: `up; echo '{"image": "busybox:testbed", "features": {"localhost:5000/team/tool:1": {}}}' >.devcontainer/devcontainer.json`,
			Want:   codes("FEATURE"), Sees: "localhost:5000",
		},
		{
			Name: "field-config-deleted", Title: "devcontainer.json was deleted, the container goes on",
			Inject: `up; rm .devcontainer/devcontainer.json`,
			Want:   codes("ABSENT"), Sees: "devcontainer.json",
		},
		{
			Name: "field-config-broken-later", Title: "a merge is left open, the container goes on",
			Inject: `up; printf '{\n<<<<<<< HEAD\n  "image": "busybox:testbed",\n=======\n  "image": "busybox:2",\n>>>>>>> main\n  "init": true\n}\n' >.devcontainer/devcontainer.json`,
			Want:   codes("CONFLICT"), Sees: ":2:",
		},
		{
			Name: "field-config-unreadable", Title: "devcontainer.json is a directory", Config: none,
			Inject: `mkdir -p .devcontainer/devcontainer.json; hand --init "$IMAGE" sleep 600`,
			Want:   codes("CFG-001", "ABSENT", "SYNTAX"), Sees: "devcontainer.json",
		},
	}
}

// handBuild are faults of Dockerfiles, before a container is there and after.
func handBuild() []Case {
	const built = `{"build": {"dockerfile": "Dockerfile"}}`
	return []Case{
		{
			Name: "field-build-run", Title: "RUN fails; the container of the last build goes on", Config: built,
			Inject: `echo 'FROM busybox:testbed' >.devcontainer/Dockerfile; up; echo 'RUN apt-get install -y nosuch' >>.devcontainer/Dockerfile; if up --remove-existing-container; then exit 1; fi`,
			Want:   codes("STA-016"), Sees: "apt-get",
		},
		{
			Name: "field-build-hand", Title: "RUN fails, built by hand", Config: built,
			Inject: `printf 'FROM busybox:testbed\nRUN echo "E: Unable to locate package nosuch" >&2; exit 100\n' >.devcontainer/Dockerfile; if docker build .devcontainer >/run/up.log 2>&1; then exit 1; fi`,
			Want:   codes("STA-016"), Sees: "nosuch",
		},
		{
			Name: "field-build-copy-later", Title: "what COPY names was deleted; the container goes on", Config: built,
			Inject: `touch .devcontainer/app.conf; printf 'FROM busybox:testbed\nCOPY app.conf /etc/\n' >.devcontainer/Dockerfile; up; rm .devcontainer/app.conf`,
			Want:   codes("COPY"), Sees: "app.conf",
		},
		{
			Name: "field-build-copy-out", Title: "COPY names what is outside of the context", Config: built,
			Inject: `touch app.conf; printf 'FROM busybox:testbed\nCOPY ../app.conf /etc/\n' >.devcontainer/Dockerfile; fails_up`,
			Want:   codes("COPY", "STA-016"), Sees: "../app.conf",
		},
		{
			Name: "field-build-instruction", Title: "an instruction is mistyped", Config: built,
			Inject: `printf 'FROM busybox:testbed\nRUNN true\n' >.devcontainer/Dockerfile; fails_up`,
			Want:   codes("INSTRUCTION"), Sees: "RUNN",
		},
		{
			Name: "field-build-empty", Title: "the Dockerfile is empty", Config: built,
			Inject: `: >.devcontainer/Dockerfile; fails_up`,
			Want:   codes("INSTRUCTION", "FROM"), Sees: "Dockerfile",
		},
		{
			Name: "field-build-stage", Title: "no stage has the name of the target", Config: `{"build": {"dockerfile": "Dockerfile", "target": "dev"}}`,
			Inject: `echo 'FROM busybox:testbed AS base' >.devcontainer/Dockerfile; fails_up`,
			Want:   codes("INSTRUCTION", "FROM", "DOCKERFILE", "VALUE"), Sees: "dev",
		},
		{
			Name: "field-build-context", Title: "the context is not there", Config: `{"build": {"dockerfile": "Dockerfile", "context": "../app"}}`,
			Inject: `echo 'FROM busybox:testbed' >.devcontainer/Dockerfile; fails_up`,
			Want:   codes("PATH"), Sees: "app",
		},
		{
			Name: "field-build-user", Title: "the Dockerfile's USER is nobody of the image", Config: built,
			Inject: `printf 'FROM busybox:testbed\nUSER node\n' >.devcontainer/Dockerfile; up || true`,
			Want:   codes("PRM-001", "USER"), Sees: "node",
		},
		{
			Name: "field-image-missing", Title: "the image is nowhere; no container", Config: `{"image": "team/app:nosuch"}`,
			Inject: `docker run team/app:nosuch 2>/run/up.log || true`,
			Want:   codes("STA-012"), Sees: "team/app:nosuch",
		},
		{
			Name: "field-image-removed", Title: "the image was removed by force, and its container, too", Config: `{"image": "app:1"}`,
			Inject: `docker tag "$IMAGE" app:1; run --init app:1 sleep 600; docker rm --force "$(c)"; docker rmi --force app:1`,
			Want:   codes("STA-012"), Sees: "app:1",
		},
	}
}
