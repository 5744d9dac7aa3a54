package config

import (
	globs "path" // path is a shape here
	"regexp"
	"strings"
)

// Volumes says which Docker volumes of this machine are backed up without being
// listed as sources.
type Volumes struct {
	Match, Except []string // globs of names
	Mode          string   // live, pause or stop
}

// volumePattern is what Docker takes for a name of a volume.
const volumePattern = `^[A-Za-z0-9][A-Za-z0-9_.-]+$`

// modes are the ways in which a volume is read.
func modes() []string { return []string{"live", "pause", "stop"} }

// FindsVolumes says whether backup.volumes is in force: with a list of sources
// only when a file gives one of its keys.
func (c *Config) FindsVolumes() bool {
	if c.Backup.Auto {
		return true
	}
	for key := range c.origins {
		if strings.HasPrefix(key, "backup.volumes.") {
			return true
		}
	}
	return false
}

func volumesKeys() []key {
	return []key{
		{
			name: "match", shape: texts, fallback: `["*"]`, rule: globRule,
			en: `Globs of their names. ["*"]: every volume that has a name; []: none.`,
			es: `Patrones de sus nombres. ["*"]: todo volumen con nombre; []: ninguno.`,
			at: func(c *Config, _ *Source) any { return &c.Backup.Volumes.Match },
		},
		{
			name: "except", shape: texts, fallback: "[]", example: `["*_cache"]`, rule: globRule,
			en: "Globs of those that are left out.",
			es: "Patrones de los que se dejan fuera.",
			at: func(c *Config, _ *Source) any { return &c.Backup.Volumes.Except },
		},
		{
			name: "mode", shape: choice, fallback: "live", choices: modes(),
			en: "What happens to the running containers that use one while it is read: live: nothing; pause: they stand still; stop: they are stopped, and started again.",
			es: "Qué pasa con los contenedores en marcha que usan uno mientras se lee: live: nada; pause: quedan en pausa; stop: se paran y se vuelven a iniciar.",
			at: func(c *Config, _ *Source) any { return &c.Backup.Volumes.Mode },
		},
	}
}

// volumeKeys are the keys of a source of kind volume.
func volumeKeys() []key {
	volume := []string{"volume"}
	return []key{
		{
			name: "volume", shape: text, kinds: volume, example: "iact_pgdata", rule: volumeRule, pattern: volumePattern,
			en: "The Docker volume; the source's name when left out.",
			es: "El volumen de Docker; si falta, el nombre de la fuente.",
			at: func(_ *Config, s *Source) any { return &s.Volume },
		},
		{
			name: "mode", shape: choice, kinds: volume, fallback: "live", choices: modes(),
			en: "What happens to the running containers that use it: live, pause or stop, as in backup.volumes.",
			es: "Qué pasa con los contenedores en marcha que lo usan: live, pause o stop, como en backup.volumes.",
			at: func(_ *Config, s *Source) any { return &s.Mode },
		},
		{
			name: "image", shape: text, kinds: volume, example: "busybox", rule: imageRule,
			en: "Image of the container through which it is read where its files cannot be; it is never started. An empty one when left out.",
			es: "Imagen del contenedor a través del cual se lee si no hay otro acceso a sus archivos; nunca se inicia. Si falta, una vacía.",
			at: func(_ *Config, s *Source) any { return &s.Image },
		},
	}
}

func volumeRule(s string) string {
	switch {
	case strings.Contains(s, "/"):
		return "the name of a volume is wanted, as docker volume ls prints it; a directory is a source of kind files"
	case !regexp.MustCompile(volumePattern).MatchString(s):
		return "a volume's name is of a-z A-Z 0-9 _ . - and starts with a letter or digit; docker volume ls prints it"
	}
	return ""
}

func imageRule(s string) string {
	if strings.ContainsAny(s, " \t=") || strings.HasPrefix(s, "-") {
		return "an image is NAME or NAME:TAG, as docker images prints it"
	}
	return ""
}

func globRule(s string) string {
	if _, err := globs.Match(s, ""); err != nil {
		return `a glob has * ? and [a-z], each [ with its ]`
	}
	return ""
}
