package config

import (
	"slices"

	"iact-infra/internal/command"
)

// sourceKeys are the keys of one entry of backup.sources.
func sourceKeys() []key {
	mariadb, files := []string{"mariadb"}, []string{"files"}
	databases := []string{"postgres", "mariadb"}
	return slices.Concat([]key{
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
			name: "database", shape: text, kinds: databases, example: "iact_analytics", rule: databaseRule,
			en: "The database; the source's name when left out.",
			es: "La base de datos; si falta, el nombre de la fuente.",
			at: func(_ *Config, s *Source) any { return &s.Database },
		},
		{
			name: "host", shape: text, kinds: databases, fallback: "/var/run/postgresql", of: map[string]string{"mariadb": ""}, rule: hostRule,
			en: "Host name or address. PostgreSQL: or the directory of the socket. MariaDB: through the socket when left out.",
			es: "Nombre o dirección. PostgreSQL: o el directorio del socket. MariaDB: si falta, por el socket.",
			at: func(_ *Config, s *Source) any { return &s.Host },
		},
		{
			name: "port", shape: number, kinds: databases, fallback: "5432", of: map[string]string{"mariadb": "3306"}, min: 1, max: 65535,
			en: "Port of the server; of PostgreSQL it names the socket, too. MariaDB: 3306.",
			es: "Puerto del servidor; en PostgreSQL también nombra el socket. MariaDB: 3306.",
			at: func(_ *Config, s *Source) any { return &s.Port },
		},
		{
			name: "socket", shape: path, kinds: mariadb, example: "/run/mysqld/mysqld.sock", rule: pathRule,
			en: "Socket of the server; the one that the client programs use when left out.",
			es: "Socket del servidor; si falta, el que usan los programas cliente.",
			at: func(_ *Config, s *Source) any { return &s.Socket },
		},
		{
			name: "user", shape: text, kinds: databases, example: "postgres", rule: userRule,
			en: "Database user; the user of the programs when left out.",
			es: "Usuario de la base; si falta, el de los programas.",
			at: func(_ *Config, s *Source) any { return &s.User },
		},
		{
			name: "password_file", shape: path, kinds: databases, example: "~/iact.password", rule: pathRule,
			en: "A file of mode 0600 that holds the password alone. Not needed with ~/.pgpass, ~/.my.cnf, peer or unix_socket login.",
			es: "Un archivo de modo 0600 que contiene solo la contraseña. No hace falta con ~/.pgpass, ~/.my.cnf o acceso peer o unix_socket.",
			at: func(_ *Config, s *Source) any { return &s.PasswordFile },
		},
		{
			name: "lock", shape: truth, kinds: mariadb, fallback: "false",
			en: "Lock the tables during the dump: only then are tables that know no transactions (MyISAM, Aria) of one moment. Writers wait.",
			es: "Bloquear las tablas durante el volcado: solo así son de un mismo momento las tablas sin transacciones (MyISAM, Aria). Quien escribe espera.",
			at: func(_ *Config, s *Source) any { return &s.Lock },
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
	}, volumeKeys(), []key{
		{
			name: "machine", shape: text, kinds: []string{"vm"}, example: "iact-devbox", rule: machineRule,
			en: "The virtual machine, as the Vagrantfile or its provider calls it; the source's name when left out.",
			es: "La máquina virtual, como la llaman el Vagrantfile o su proveedor; si falta, el nombre de la fuente.",
			at: func(_ *Config, s *Source) any { return &s.Machine },
		},
		{
			name: "via", shape: text, kinds: []string{"postgres", "mariadb", "files", "volume"}, fallback: "local", example: "ssh:USER@HOST", rule: placeRule, pattern: command.PlacePattern(),
			en: "Where the programs of the source run: local, ssh:USER@HOST, docker:CONTAINER, compose:SERVICE or vagrant:MACHINE.",
			es: "Dónde corren los programas de la fuente: local, ssh:USUARIO@HOST, docker:CONTENEDOR, compose:SERVICIO o vagrant:MÁQUINA.",
			at: func(_ *Config, s *Source) any { return &s.Via },
		},
		{
			name: "as", shape: text, example: "postgres", rule: userRule,
			en: "System user who runs these programs and the lines of before and after; who runs the toolkit when left out.",
			es: "Usuario del sistema que ejecuta esos programas y las líneas de before y after; si falta, quien usa la herramienta.",
			at: func(_ *Config, s *Source) any { return &s.As },
		},
		{
			name: "retries", shape: number, fallback: "1", max: 10,
			en: "How often the source is tried again when the connection to it is lost; a half dump is never kept.",
			es: "Cuántas veces se reintenta la fuente si se pierde la conexión; nunca se guarda un volcado a medias.",
			at: func(_ *Config, s *Source) any { return &s.Retries },
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
	})
}
