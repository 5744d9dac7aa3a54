package config

import "slices"

// shape is the kind of value that a key takes.
type shape int

const (
	section  shape = iota // a mapping with keys of its own
	text                  // one line of text
	path                  // a file or directory, made absolute
	number                // a whole number between min and max
	duration              // 90m, 2h, 30d
	count                 // a whole number from 0 to max, or unlimited
	span                  // 2y5m7d3h, or 0
	truth                 // true or false
	choice                // one of choices
	texts                 // a list of texts
	sources               // auto, or a list of mappings
	size                  // 5MB, 512MiB
	listing               // a list of mappings, or auto where that is the default
)

// key is one row of the table.
type key struct {
	name     string
	shape    shape
	fallback string            // the default, as it would stand in the file
	of       map[string]string // defaults of single kinds, where they differ; "" is none
	example  string            // a value for the commented file; the default when empty
	en, es   string            // what it is, in one or two short sentences
	kinds    []string          // the source kinds that take it; empty: all
	required bool
	choices  []string
	min, max int
	rule     func(string) string // the rule that a text, or a text of a list, breaks; "" when none
	pattern  string              // the same as a regular expression, where it is one
	keys     []key               // of a section, of sources and of a listing
	// at returns where the value goes: a pointer to string, int, time.Duration,
	// Span, bool, *bool, int64 or []string. The source is nil outside of sources.
	at func(*Config, *Source) any
	// clear makes a section one that is given whole: what is left out of it has
	// no default and is off. Such a section has a fallback of its own.
	clear func(*Config)
	// entries is where the entries of a listing go.
	entries func(*Config) entries
}

// kinds are the kinds of source there are. A new kind is added here, and to
// the rows of the keys that it takes.
func kinds() []string { return []string{"postgres", "mariadb", "files", "volume", "vm"} }

// fallbackOf is the default for a kind of source.
func (k key) fallbackOf(kind string) string {
	if fallback, differs := k.of[kind]; differs {
		return fallback
	}
	return k.fallback
}

// takes reports whether a source of this kind may have the key. An unknown
// kind takes every key: its own fault is reported, not what follows from it.
func (k key) takes(kind string) bool {
	return len(k.kinds) == 0 || !slices.Contains(kinds(), kind) || slices.Contains(k.kinds, kind)
}

// table returns every key there is, in the order of config/iact.yaml.
func table() []key {
	return []key{
		{
			name: "project", shape: path, fallback: ".", rule: pathRule,
			en: "The IACT checkout that the procedures work on.",
			es: "El checkout de IACT sobre el que trabajan los procedimientos.",
			at: func(c *Config, _ *Source) any { return &c.Project },
		},
		{
			name: "backup", shape: section, keys: backupKeys(),
			en: "PROCED-INFRA-004: backup and restore.",
			es: "PROCED-INFRA-004: respaldo y restauración.",
		},
		{
			name: "ssh", shape: section, keys: []key{{
				name: "config", shape: path, fallback: "", example: "/etc/ssh/ssh_config", rule: pathRule,
				en: "The configuration file of ssh, for via: ssh:HOST; your own when left out.",
				es: "El archivo de configuración de ssh, para via: ssh:HOST; si falta, el suyo.",
				at: func(c *Config, _ *Source) any { return &c.SSH.Config },
			}},
			en: "How other hosts are reached, by the OpenSSH client.",
			es: "Cómo se llega a otros hosts, con el cliente OpenSSH.",
		},
		{
			name: "vm", shape: section, keys: vmKeys(),
			en: "PROCED-INFRA-001: the virtual machines of Vagrant.",
			es: "PROCED-INFRA-001: las máquinas virtuales de Vagrant.",
		},
		{
			name: "host", shape: section, keys: hostKeys(),
			en: "PROCED-INFRA-002: the Docker host.",
			es: "PROCED-INFRA-002: el anfitrión de Docker.",
		},
		{
			name: "ci", shape: section, keys: ciKeys(),
			en: "PROCED-INFRA-003: the pipeline.",
			es: "PROCED-INFRA-003: el pipeline.",
		},
		{
			name: "devcontainer", shape: section, keys: []key{{
				name: "workspace", shape: path, fallback: "", example: "/srv/iact", rule: pathRule,
				en: "The folder that holds .devcontainer: what devcontainer:doctor looks at; project when left out.",
				es: "El directorio que contiene .devcontainer: lo que devcontainer:doctor examina; si falta, project.",
				at: func(c *Config, _ *Source) any { return &c.Devcontainer.Workspace },
			}, {
				name: "reach", shape: texts, fallback: "[\"github.com:443\"]", rule: targetRule,
				en: "What containers are to reach outside, as HOST:PORT; it counts only when this machine reaches it.",
				es: "A lo que los contenedores deben llegar fuera, como HOST:PUERTO; cuenta solo si esta máquina llega.",
				at: func(c *Config, _ *Source) any { return &c.Devcontainer.Reach },
			}, {
				name: "debug_image", shape: text, fallback: "nicolaka/netshoot:v0.13",
				en: "The image whose strace and tcpdump devcontainer:debug takes where this machine's own cannot be used.",
				es: "La imagen de la que devcontainer:debug toma strace y tcpdump donde no sirven los de esta máquina.",
				at: func(c *Config, _ *Source) any { return &c.Devcontainer.DebugImage },
			}},
			en: "PROCED-INFRA-005: troubleshooting the devcontainer.",
			es: "PROCED-INFRA-005: diagnóstico del devcontainer.",
		},
		{
			name: "cpython", shape: section, keys: cpythonKeys(),
			en: "PROCED-INFRA-006: interpreters built from source.",
			es: "PROCED-INFRA-006: intérpretes compilados desde las fuentes.",
		},
	}
}

func backupKeys() []key {
	return []key{
		{
			name: "store", shape: path, fallback: "backups/sets", rule: storeRule,
			en: "The directory where sets live. It gets mode 0700: sets hold what they back up, secrets included.",
			es: "El directorio donde viven los conjuntos. Queda con modo 0700: guardan lo que respaldan, secretos incluidos.",
			at: func(c *Config, _ *Source) any { return &c.Backup.Store },
		},
		{
			name: "sources", shape: sources, fallback: "auto", keys: sourceKeys(),
			en: "What is backed up. auto: every database of the local servers that answer, and the project directory. Or a list.",
			es: "Lo que se respalda. auto: toda base de datos de los servidores locales que responden, y el directorio del proyecto. O una lista.",
		},
		{
			name: "exclude", shape: texts, rule: patternRule,
			fallback: "[node_modules/, venv/, .venv/, __pycache__/, dist/, build/, coverage/, .git/]",
			en:       "What auto leaves out of the project directory: patterns in gitignore syntax. A list here replaces the default.",
			es:       "Lo que auto deja fuera del directorio del proyecto: patrones con sintaxis de gitignore. Una lista aquí sustituye la de omisión.",
			at:       func(c *Config, _ *Source) any { return &c.Backup.Exclude },
		},
		{
			name: "volumes", shape: section, keys: volumesKeys(),
			en: "Docker volumes of this machine that are backed up. A label iact.backup=true, false, live, pause or stop on a volume decides over this. With a list of sources it counts only where it is given.",
			es: "Volúmenes de Docker de esta máquina que se respaldan. Una etiqueta iact.backup=true, false, live, pause o stop en un volumen decide por encima. Con una lista de fuentes solo vale donde se da.",
		},
		{
			name: "retired", shape: texts, fallback: "[]", rule: nameRule, pattern: namePattern,
			en: "Names of sources that earlier sets hold and that are gone for good. Without it a missing source is an error.",
			es: "Nombres de fuentes que están en conjuntos anteriores y que ya no existen. Sin esto, una fuente ausente es un error.",
			at: func(c *Config, _ *Source) any { return &c.Backup.Retired },
		},
		{
			name: "keep", shape: section, keys: keepKeys(), fallback: "{last: 3, daily: 7, weekly: 5, monthly: 12}",
			en:    "Which sets rotation keeps: what any of these rules keeps. Given at all, it is given whole: a rule that is left out is off.",
			es:    "Qué conjuntos conserva la rotación: los que conserve alguna de estas reglas. Si se da, se da entera: la regla omitida no vale.",
			clear: func(c *Config) { c.Backup.Keep = Keep{} },
		},
		{
			name: "level", shape: choice, fallback: "fast", choices: []string{"fast", "default", "better", "best"},
			en: "Compression: fast, default, better or best.",
			es: "Compresión: fast, default, better o best.",
			at: func(c *Config, _ *Source) any { return &c.Backup.Level },
		},
		{
			name: "scrub_after", shape: duration, fallback: "30d",
			en: "Age after which a part that is linked from an earlier set is read again and checked. 0s: every time.",
			es: "Edad tras la cual una parte enlazada de un conjunto anterior se vuelve a leer y comprobar. 0s: siempre.",
			at: func(c *Config, _ *Source) any { return &c.Backup.ScrubAfter },
		},
		{
			name: "space_margin", shape: number, fallback: "10", max: 1000,
			en: "Percent of the estimated new bytes that has to be free besides them.",
			es: "Porcentaje de los bytes nuevos estimados que debe quedar libre además de ellos.",
			at: func(c *Config, _ *Source) any { return &c.Backup.Margin },
		},
	}
}
