package config

import "regexp"

// Docker says which Docker a host gets.
type Docker struct {
	From        string // auto, docker.com or distribution
	Version     string // a pin
	Repository  string // a mirror of Docker's
	Key         string // where its key is
	Fingerprint string
}

// Compose says which Compose a host gets.
type Compose struct {
	From    string // auto, package, a URL or a file
	Version string
	SHA256  string
}

func packageRule(s string) string {
	if regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+$`).MatchString(s) {
		return ""
	}
	return "a package of Debian is named with lower-case letters, digits, + - and ."
}

func pinRule(s string) string {
	if regexp.MustCompile(`^[0-9][0-9A-Za-z.+:~-]*\*?$`).MatchString(s) {
		return ""
	}
	return "a version is written like 28.5.1, or 28.* for the newest of them"
}

func fingerprintRule(s string) string {
	if regexp.MustCompile(`^([0-9A-Fa-f] ?){40}$`).MatchString(s) {
		return ""
	}
	return "a fingerprint has 40 hexadecimal digits: gpg --show-keys FILE prints it"
}

func composeVersionRule(s string) string {
	if regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`).MatchString(s) {
		if s[:2] == "1." {
			return "version 1 has had no repairs since 2023: take one from 2.0.0 on"
		}
		return ""
	}
	return "a version is written like 2.40.3"
}

func sumRule(s string) string {
	if regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(s) {
		return ""
	}
	return "a SHA-256 has 64 hexadecimal digits, in lower case"
}

func dockerKeys() []key {
	return []key{
		{
			name: "from", shape: choice, fallback: "auto", choices: []string{"auto", "docker.com", "distribution"},
			en: "Docker's own packages or the distribution's. auto: what is installed, else Docker's where its repository is reached.", es: "Los paquetes de Docker o los de la distribución. auto: lo instalado; si no, los de Docker si se llega a su repositorio.",
			at: func(c *Config, _ *Source) any { return &c.Host.Docker.From },
		},
		{
			name: "version", shape: text, fallback: "", example: "28.*", rule: pinRule,
			en: "A version that the engine is kept at; the newest when left out.", es: "La versión en que se mantiene el motor; si falta, la más nueva.",
			at: func(c *Config, _ *Source) any { return &c.Host.Docker.Version },
		},
		{
			name: "repository", shape: text, fallback: "", example: "https://mirror.example/docker/linux/debian",
			en: "A mirror of Docker's repository; download.docker.com when left out.", es: "Un espejo del repositorio de Docker; si falta, download.docker.com.",
			at: func(c *Config, _ *Source) any { return &c.Host.Docker.Repository },
		},
		{
			name: "key", shape: text, fallback: "", example: "https://mirror.example/docker/gpg",
			en: "Where the key is that signs it: a URL or a file of the host; gpg in the repository when left out.", es: "Dónde está la clave que lo firma: un URL o un archivo del anfitrión; si falta, gpg en el repositorio.",
			at: func(c *Config, _ *Source) any { return &c.Host.Docker.Key },
		},
		{
			name: "fingerprint", shape: text, fallback: "", example: "9DC858229FC7DD38854AE2D88D81803C0EBFCD88", rule: fingerprintRule,
			en: "The fingerprint of that key; that of Docker's when left out.", es: "La huella de esa clave; si falta, la de la de Docker.",
			at: func(c *Config, _ *Source) any { return &c.Host.Docker.Fingerprint },
		},
	}
}

func composeKeys() []key {
	return []key{
		{
			name: "from", shape: text, fallback: "auto",
			en: "auto: a package, else the release on GitHub; package; a URL, where {version} and {arch} are filled in; or a file of this machine.", es: "auto: un paquete; si no, la versión publicada en GitHub; package; un URL, donde se rellenan {version} y {arch}; o un archivo de esta máquina.",
			at: func(c *Config, _ *Source) any { return &c.Host.Compose.From },
		},
		{
			name: "version", shape: text, fallback: "", example: "2.40.3", rule: composeVersionRule,
			en: "The version that has to be there; any from 2 on when left out.", es: "La versión que debe estar; si falta, cualquiera desde la 2.",
			at: func(c *Config, _ *Source) any { return &c.Host.Compose.Version },
		},
		{
			name: "sha256", shape: text, fallback: "", example: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", rule: sumRule,
			en: "The SHA-256 of the program; what comes from the network is not installed without it.", es: "El SHA-256 del programa; lo que viene de la red no se instala sin él.",
			at: func(c *Config, _ *Source) any { return &c.Host.Compose.SHA256 },
		},
	}
}
