package config

// sourceKeys are the keys of one entry of backup.sources.
func sourceKeys() []key {
	postgres, files := []string{"postgres"}, []string{"files"}
	return []key{
		{
			name: "name", shape: text, required: true, rule: nameRule, pattern: namePattern,
			en: "Unique; the source is found by it in every set.",
			es: "Único; por él se encuentra la fuente en cada conjunto.",
			at: func(_ *Config, s *Source) any { return &s.Name },
		},
		{
			name: "kind", shape: choice, required: true, choices: kinds(),
			en: "What it is; decides which other keys there are.",
			es: "Qué es; decide qué otras claves hay.",
			at: func(_ *Config, s *Source) any { return &s.Kind },
		},
		{
			name: "database", shape: text, kinds: postgres, example: "iact_analytics", rule: databaseRule,
			en: "The database; the source's name when left out.",
			es: "La base de datos; si falta, el nombre de la fuente.",
			at: func(_ *Config, s *Source) any { return &s.Database },
		},
		{
			name: "host", shape: text, kinds: postgres, fallback: "/var/run/postgresql", rule: hostRule,
			en: "Host name, address, or the directory of the socket.",
			es: "Nombre, dirección o directorio del socket.",
			at: func(_ *Config, s *Source) any { return &s.Host },
		},
		{
			name: "port", shape: number, kinds: postgres, fallback: "5432", min: 1, max: 65535,
			en: "Port of the server; names its socket, too.",
			es: "Puerto del servidor; también nombra su socket.",
			at: func(_ *Config, s *Source) any { return &s.Port },
		},
		{
			name: "user", shape: text, kinds: postgres, example: "postgres", rule: userRule,
			en: "Database user; the user of the programs when left out.",
			es: "Usuario de la base; si falta, el de los programas.",
			at: func(_ *Config, s *Source) any { return &s.User },
		},
		{
			name: "password_file", shape: path, kinds: postgres, example: "~/iact.password", rule: pathRule,
			en: "A file of mode 0600 that holds the password alone. Not needed with ~/.pgpass or peer login.",
			es: "Un archivo de modo 0600 que contiene solo la contraseña. No hace falta con ~/.pgpass o acceso peer.",
			at: func(_ *Config, s *Source) any { return &s.PasswordFile },
		},
		{
			name: "path", shape: path, kinds: files, required: true, example: "~/iact/config", rule: pathRule,
			en: "The directory or file.",
			es: "El directorio o archivo.",
			at: func(_ *Config, s *Source) any { return &s.Path },
		},
		{
			name: "exclude", shape: texts, kinds: files, fallback: "[]", example: "[node_modules/]", rule: patternRule,
			en: "What is left out: patterns in gitignore syntax.",
			es: "Lo que se deja fuera: patrones con sintaxis de gitignore.",
			at: func(_ *Config, s *Source) any { return &s.Exclude },
		},
		{
			name: "via", shape: choice, fallback: "local", choices: []string{"local"},
			en: "Where the programs of the source run.",
			es: "Dónde corren los programas de la fuente.",
			at: func(_ *Config, s *Source) any { return &s.Via },
		},
		{
			name: "as", shape: text, example: "postgres", rule: userRule,
			en: "System user who runs these programs and the lines of before and after; who runs the toolkit when left out.",
			es: "Usuario del sistema que ejecuta esos programas y las líneas de before y after; si falta, quien usa la herramienta.",
			at: func(_ *Config, s *Source) any { return &s.As },
		},
		{
			name: "timeout", shape: duration, fallback: "0s", example: "2h",
			en: "Longest time the source may take; 0s is no limit.",
			es: "Tiempo máximo de la fuente; 0s es sin límite.",
			at: func(_ *Config, s *Source) any { return &s.Timeout },
		},
		{
			name: "before", shape: texts, fallback: "[]",
			en: "Shell lines run before the source is read.",
			es: "Líneas de shell que se ejecutan antes de leer la fuente.",
			at: func(_ *Config, s *Source) any { return &s.Before },
		},
		{
			name: "after", shape: texts, fallback: "[]",
			en: "Shell lines run after it, also when it failed.",
			es: "Líneas de shell que se ejecutan después, también si falló.",
			at: func(_ *Config, s *Source) any { return &s.After },
		},
	}
}
