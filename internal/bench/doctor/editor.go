package doctor

// editorFaults are those of the editor's server and its extensions.
func editorFaults() []Case {
	const asks = `{"image": "busybox:testbed", "customizations": {"vscode": {"extensions": ["golang.go", "redhat.vscode-yaml"]}}}`
	return []Case{
		{
			Name: "extension-contradiction", Title: "an extension is asked for and refused",
			Config: `{"image": "busybox:testbed", "customizations": {"vscode": {"extensions": ["golang.go", "-golang.go"]}}}`,
			Want:   codes("CONTRADICTION", "EXT-002", "EXTENSION"), Sees: "golang.go",
		},
		{
			Name: "extension-missing", Title: "an extension that is asked for is not installed",
			Config: asks,
			Inject: `up; within 'cd && mkdir -p .vscode-server/extensions/golang.go-0.46.1 .vscode-server/bin/0123456789abcdef0123456789abcdef01234567 .vscode-server/data/logs/20261127T100000 && touch -d @0 .vscode-server/data/logs/20261127T100000 && cd .vscode-server/extensions && echo "{\"publisher\":\"golang\",\"name\":\"go\",\"version\":\"0.46.1\"}" >golang.go-0.46.1/package.json && echo "[{\"identifier\":{\"id\":\"golang.go\"},\"version\":\"0.46.1\",\"relativeLocation\":\"golang.go-0.46.1\"}]" >extensions.json'`,
			Want:   codes("EXT-007"), Sees: "redhat.vscode-yaml", Quick: true,
		},
		{
			Name: "server-owner", Title: "the folder of the editor's server belongs to root",
			Config: as1000,
			Inject: `chown -R 1000:1000 "$W"; up; within 'mkdir -p /home/dev/.vscode-server/bin; chmod -R 755 /home/dev/.vscode-server'`,
			Want:   codes("EXT-006"), Sees: ".vscode-server",
		},
	}
}
