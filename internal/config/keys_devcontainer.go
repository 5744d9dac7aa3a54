package config

import (
	"regexp"
	"strings"
)

// Devcontainer is the project of a Docker host.
type Devcontainer struct {
	Repository string
	Ref        string // a branch, a tag or a commit; "" is the repository's own
	Dir        string // absolute, or ~/ for the home of the user there
	CLI        string // none, installed or npm
	Version    string // that npm installs
	Command    string // of the shell, inside
}

// Workspace is what the doctor of devcontainers looks at.
type Workspace struct {
	Workspace  string // absolute
	Reach      []string
	DebugImage string // with strace and tcpdump
}

func repositoryRule(s string) string {
	switch {
	case regexp.MustCompile(`^https?://[^/]*@`).MatchString(s), regexp.MustCompile(`://[^/@]*:[^/]*@`).MatchString(s):
		return "a login does not belong into the address: git keeps it (git config credential.helper), or ssh has a key"
	case strings.HasPrefix(s, "-"), strings.Contains(s, "::"), strings.ContainsAny(s, " '\"\\"):
		return "an address is written like https://github.com/2-Coatl/IACT.git, git@github.com:2-Coatl/IACT.git or /srv/git/IACT.git"
	}
	return ""
}

func refRule(s string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./+-]*$`).MatchString(s) && !strings.Contains(s, "..") {
		return ""
	}
	return "that is no name of a branch, a tag or a commit"
}

func thereRule(s string) string {
	if regexp.MustCompile(`^(~/|/)[^/]+(/[^/]+)*$`).MatchString(s) && !strings.Contains(s+"/", "/../") {
		return ""
	}
	return "a directory of the host is absolute, or begins with ~/ for the home of the user"
}

func devcontainerKeys() []key {
	return []key{
		{
			name: "repository", shape: text, fallback: "https://github.com/2-Coatl/IACT.git", rule: repositoryRule,
			en: "Where the project is cloned from.", es: "De dónde se clona el proyecto.",
			at: func(c *Config, _ *Source) any { return &c.Host.Devcontainer.Repository },
		},
		{
			name: "ref", shape: text, fallback: "", example: "main", rule: refRule,
			en: "The branch, tag or commit; what the repository shows first when left out.", es: "La rama, etiqueta o commit; si falta, lo que el repositorio muestre.",
			at: func(c *Config, _ *Source) any { return &c.Host.Devcontainer.Ref },
		},
		{
			name: "dir", shape: text, fallback: "~/IACT", rule: thereRule,
			en: "Where the clone is, on the host; ~/ is the home of host.user.", es: "Dónde está el clon, en el anfitrión; ~/ es el directorio de host.user.",
			at: func(c *Config, _ *Source) any { return &c.Host.Devcontainer.Dir },
		},
		{
			name: "cli", shape: choice, fallback: "installed", choices: []string{"none", "installed", "npm"},
			en: "Who starts the container. none: nobody; installed: the devcontainers CLI where it is; npm: it is installed for the user.",
			es: "Quién levanta el contenedor. none: nadie; installed: la CLI de devcontainers si está; npm: se instala para el usuario.",
			at: func(c *Config, _ *Source) any { return &c.Host.Devcontainer.CLI },
		},
		{
			name: "version", shape: text, fallback: "0.89.0", rule: versionRule, pattern: versionPattern,
			en: "The version of @devcontainers/cli that npm installs.", es: "La versión de @devcontainers/cli que instala npm.",
			at: func(c *Config, _ *Source) any { return &c.Host.Devcontainer.Version },
		},
		{
			name: "command", shape: text, fallback: "pwd",
			en: "What is run inside to prove that it works: a line of the shell.", es: "Lo que se ejecuta dentro para demostrar que funciona: una línea de la shell.",
			at: func(c *Config, _ *Source) any { return &c.Host.Devcontainer.Command },
		},
	}
}
