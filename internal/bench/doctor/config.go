package doctor

// configFaults are those of devcontainer.json and the files that it names. In most
// no container comes to be.
func configFaults() []Case {
	return []Case{
		{
			Name: "config-none", Title: "there is no devcontainer.json",
			Config: none, Inject: `fails_up`,
			Want: codes("ABSENT", "CFG-001"), Sees: "devcontainer.json",
		},
		{
			Name: "config-comma", Title: "a comma is missing",
			Config: "{\n  \"name\": \"app\"\n  \"image\": \"busybox:testbed\"\n}\n",
			Want:   codes("SYNTAX"), Sees: ":3:", Quick: true,
		},
		{
			Name: "config-unclosed", Title: "the last brace is missing",
			Config: "{\n  \"image\": \"busybox:testbed\",\n  \"customizations\": {\"vscode\": {\"extensions\": []}\n",
			Want:   codes("SYNTAX"), Sees: "devcontainer.json",
		},
		{
			Name: "config-quotes", Title: "typographic quotes, from a page of documentation",
			Config: "{\n  “image”: “busybox:testbed”\n}\n", Inject: `up || true`,
			Want: codes("SYNTAX"), Sees: ":2:",
		},
		{
			Name: "config-conflict", Title: "marks of a merge that was not finished",
			Config: "{\n<<<<<<< HEAD\n  \"image\": \"busybox:testbed\"\n=======\n  \"image\": \"busybox:other\"\n>>>>>>> feature\n}\n", Inject: `up || true`,
			Want: codes("CONFLICT"), Sees: "<<<<<<<",
		},
		{
			Name: "config-twice", Title: "a key is there twice",
			Config: `{"image": "busybox:testbed", "postCreateCommand": "echo one", "postCreateCommand": "echo two"}`,
			Want:   codes("DUPLICATE"), Sees: "postCreateCommand",
		},
		{
			Name: "config-list", Title: "the file holds a list",
			Config: `[{"image": "busybox:testbed"}]`, Inject: `fails_up`,
			Want: codes("OBJECT"), Sees: "devcontainer.json",
		},
		{
			Name: "config-no-base", Title: "neither an image nor a Dockerfile nor Compose",
			Config: `{"name": "app", "forwardPorts": [3000]}`, Inject: `fails_up`,
			Want: codes("BASE"), Sees: "image",
		},
		{
			Name: "config-two-bases", Title: "an image and a Dockerfile",
			Config: `{"image": "busybox:mine", "build": {"dockerfile": "Dockerfile"}}`,
			Inject: `echo 'FROM busybox:testbed' >.devcontainer/Dockerfile; up || true`,
			Want:   codes("BOTH"), Sees: "image",
		},
		{
			Name: "config-type", Title: "a number where a text belongs",
			Config: `{"image": "busybox:testbed", "remoteUser": 1000}`, Inject: `up || true`,
			Want: codes("TYPE"), Sees: "remoteUser",
		},
		{
			Name: "config-key", Title: "the name of a key is mistyped, so that nothing comes of it",
			Config: `{"image": "busybox:testbed", "postCreateComand": "echo done"}`,
			Want:   codes("KEY"), Sees: "postCreateComand",
		},
		{
			Name: "config-dockerfile", Title: "the Dockerfile is not there",
			Config: `{"build": {"dockerfile": "../docker/Dockerfile"}}`, Inject: `fails_up`,
			Want: codes("DOCKERFILE"), Sees: "docker/Dockerfile",
		},
		{
			Name: "config-copy", Title: "COPY names what the context does not have",
			Config: `{"build": {"dockerfile": "Dockerfile"}}`,
			Inject: `printf 'FROM busybox:testbed\nCOPY requirements.txt /tmp/\n' >.devcontainer/Dockerfile; touch requirements.txt; fails_up`,
			Want:   codes("COPY", "STA-016"), Sees: "requirements.txt",
		},
		{
			Name: "config-ignored", Title: "COPY names what .dockerignore takes out",
			Config: `{"build": {"dockerfile": "Dockerfile"}}`,
			Inject: `printf 'FROM busybox:testbed\nCOPY app.conf /tmp/\n' >.devcontainer/Dockerfile; touch .devcontainer/app.conf; echo '*.conf' >.devcontainer/.dockerignore; fails_up`,
			Want:   codes("COPY", "STA-016"), Sees: "app.conf",
		},
		{
			Name: "config-feature", Title: "a feature is named without where it comes from",
			Config: `{"image": "busybox:testbed", "features": {"git": {}}}`, Inject: `fails_up`,
			Want: codes("FEATURE"), Sees: "git",
		},
		{
			Name: "config-feature-local", Title: "a feature of the workspace is not there",
			Config: `{"image": "busybox:testbed", "features": {"./tools": {}}}`, Inject: `fails_up`,
			Want: codes("FEATURE"), Sees: "tools",
		},
		{
			Name: "config-extension", Title: "the id of an extension has no publisher",
			Config: `{"image": "busybox:testbed", "customizations": {"vscode": {"extensions": ["python"]}}}`,
			Want:   codes("EXTENSION", "EXT-001"), Sees: "python",
		},
		{
			Name: "config-port", Title: "a port that no port can be",
			Config: `{"image": "busybox:testbed", "forwardPorts": [70000]}`, Inject: `up || true`,
			Want: codes("PORT", "TYPE", "VALUE"), Sees: "70000",
		},
		{
			Name: "config-variable", Title: "an image whose tag comes from a variable that is not set",
			Config: `{"image": "busybox:${localEnv:APP_TAG}"}`, Inject: `fails_up`,
			Want: codes("EMPTY-VARIABLE", "VARIABLE"), Sees: "APP_TAG",
		},
		{
			Name: "config-lifecycle-file", Title: "a lifecycle command names a script that is not there",
			Config: `{"image": "busybox:testbed", "postCreateCommand": "sh .devcontainer/setup.sh"}`, Inject: `fails_up`,
			Want: codes("LIFECYCLE", "PATH", "STA-011"), Sees: "setup.sh",
		},
		{
			Name: "config-lifecycle-fails", Title: "a lifecycle command fails",
			Config: `{"image": "busybox:testbed", "postCreateCommand": "npm ci"}`, Inject: `fails_up`,
			Want: codes("STA-011", "LIFECYCLE"), Sees: "npm",
		},
		{
			Name: "config-run", Title: "a RUN of the Dockerfile fails",
			Config: `{"build": {"dockerfile": "Dockerfile"}}`,
			Inject: `printf 'FROM busybox:testbed\nRUN make-the-app --fast\n' >.devcontainer/Dockerfile; fails_up`,
			Want:   codes("STA-016"), Sees: "make-the-app",
		},
		{
			Name: "config-requirements", Title: "the machine has less memory than is asked for",
			Config: `{"image": "busybox:testbed", "hostRequirements": {"memory": "4tb"}}`,
			Want:   codes("RES-013"), Sees: "4",
		},
	}
}
