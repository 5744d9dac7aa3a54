package config

import "regexp"

// VM is the section of the virtual machines.
type VM struct {
	Provider       string   // auto, libvirt or virtualbox
	Dir            string   // where the Vagrantfile is
	Machines       []string // empty: those of the Vagrantfile
	Box            string   // what follows is of a Vagrantfile of ours
	BoxVersion     string   // "" is the newest
	Memory         int      // MiB
	CPUs           int
	Disk           int    // GiB that have to be free where the machines are
	PostgreSQL     string // 16, or distribution
	MariaDB        string // 11.4, or distribution
	PostgreSQLPort int    // of this host, that lead to the databases
	MariaDBPort    int
	Analytics      string // the database in PostgreSQL
	Legacy         string // the database in MariaDB
	User           string // of the application, in both
	Timezone       string
	Logins         string // the file with the passwords, mode 0600
}

func boxRule(s string) string {
	if regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$`).MatchString(s) {
		return ""
	}
	return "a box is named as Vagrant names it: debian/bookworm64"
}

func boxVersionRule(s string) string {
	if regexp.MustCompile(`^[0-9][0-9A-Za-z.]*$`).MatchString(s) {
		return ""
	}
	return "a version of a box is written like 12.20250126.1"
}

func serverVersionRule(s string) string {
	if regexp.MustCompile(`^([0-9]+(\.[0-9]+)?|distribution)$`).MatchString(s) {
		return ""
	}
	return "a version is written like 16 or 11.4, or distribution for that of the box"
}

// identRule is for names that stand in SQL and in file names.
func identRule(s string) string {
	if regexp.MustCompile(`^[a-z_][a-z0-9_]{0,31}$`).MatchString(s) {
		return ""
	}
	return "1 to 32 of a-z 0-9 _ are wanted, with a letter first"
}

func zoneRule(s string) string {
	if regexp.MustCompile(`^[A-Z][A-Za-z]*(/[A-Za-z][A-Za-z0-9_+-]*){0,2}$`).MatchString(s) {
		return ""
	}
	return "a time zone is written like UTC or America/Mexico_City"
}

func vmKeys() []key {
	return []key{
		{
			name: "provider", shape: choice, fallback: "auto", choices: []string{"auto", "libvirt", "virtualbox"},
			en: "What runs the machines; auto is the provider that has made them, or else the one that is installed here.",
			es: "Lo que ejecuta las máquinas; auto es el proveedor que las creó, o si no, el que está instalado aquí.",
			at: func(c *Config, _ *Source) any { return &c.VM.Provider },
		},
		{
			name: "dir", shape: path, fallback: "vm", rule: pathRule,
			en: "The directory of the Vagrantfile, also for via: vagrant:MACHINE.",
			es: "El directorio del Vagrantfile, también para via: vagrant:MÁQUINA.",
			at: func(c *Config, _ *Source) any { return &c.VM.Dir },
		},
		{
			name: "machines", shape: texts, fallback: "[]", example: "[postgresql, mariadb]", rule: machineRule,
			en: "The machines that the targets are about; those of the Vagrantfile when left out.",
			es: "Las máquinas de las que tratan los objetivos; si falta, las del Vagrantfile.",
			at: func(c *Config, _ *Source) any { return &c.VM.Machines },
		},
		{
			name: "box", shape: text, fallback: "debian/bookworm64", rule: boxRule,
			en: "The box of the Vagrantfile that vm:fetch writes.", es: "La box del Vagrantfile que escribe vm:fetch.",
			at: func(c *Config, _ *Source) any { return &c.VM.Box },
		},
		{
			name: "box_version", shape: text, fallback: "", example: "12.20250126.1", rule: boxVersionRule,
			en: "Its version; the newest when left out.", es: "Su versión; si falta, la más nueva.",
			at: func(c *Config, _ *Source) any { return &c.VM.BoxVersion },
		},
		{
			name: "memory", shape: number, fallback: "4096", min: 512, max: 1048576,
			en: "MiB of memory of the machine.", es: "MiB de memoria de la máquina.",
			at: func(c *Config, _ *Source) any { return &c.VM.Memory },
		},
		{
			name: "cpus", shape: number, fallback: "2", min: 1, max: 256,
			en: "Its processors.", es: "Sus procesadores.",
			at: func(c *Config, _ *Source) any { return &c.VM.CPUs },
		},
		{
			name: "disk", shape: number, fallback: "50", max: 65536,
			en: "GiB that should be free where the provider keeps the machines.", es: "GiB que deben estar libres donde el proveedor guarda las máquinas.",
			at: func(c *Config, _ *Source) any { return &c.VM.Disk },
		},
		{
			name: "postgresql", shape: text, fallback: "\"16\"", rule: serverVersionRule,
			en: "The version of PostgreSQL in the machine; distribution is that of the box.", es: "La versión de PostgreSQL en la máquina; distribution es la de la box.",
			at: func(c *Config, _ *Source) any { return &c.VM.PostgreSQL },
		},
		{
			name: "mariadb", shape: text, fallback: "\"11.4\"", rule: serverVersionRule,
			en: "The version of MariaDB in the machine; distribution is that of the box.", es: "La versión de MariaDB en la máquina; distribution es la de la box.",
			at: func(c *Config, _ *Source) any { return &c.VM.MariaDB },
		},
		{
			name: "postgresql_port", shape: number, fallback: "15432", min: 1, max: 65535,
			en: "The port of this host that leads to PostgreSQL in the machine.", es: "El puerto de este anfitrión que lleva a PostgreSQL en la máquina.",
			at: func(c *Config, _ *Source) any { return &c.VM.PostgreSQLPort },
		},
		{
			name: "mariadb_port", shape: number, fallback: "13306", min: 1, max: 65535,
			en: "The port of this host that leads to MariaDB in the machine.", es: "El puerto de este anfitrión que lleva a MariaDB en la máquina.",
			at: func(c *Config, _ *Source) any { return &c.VM.MariaDBPort },
		},
		{
			name: "analytics", shape: text, fallback: "iact_analytics", rule: identRule,
			en: "The database in PostgreSQL.", es: "La base de datos en PostgreSQL.",
			at: func(c *Config, _ *Source) any { return &c.VM.Analytics },
		},
		{
			name: "legacy", shape: text, fallback: "ivr_legacy", rule: identRule,
			en: "The database in MariaDB.", es: "La base de datos en MariaDB.",
			at: func(c *Config, _ *Source) any { return &c.VM.Legacy },
		},
		{
			name: "user", shape: text, fallback: "django_user", rule: identRule,
			en: "The user of the application in both databases.", es: "El usuario de la aplicación en ambas bases de datos.",
			at: func(c *Config, _ *Source) any { return &c.VM.User },
		},
		{
			name: "timezone", shape: text, fallback: "UTC", rule: zoneRule,
			en: "The time zone of the machine.", es: "La zona horaria de la máquina.",
			at: func(c *Config, _ *Source) any { return &c.VM.Timezone },
		},
		{
			name: "logins", shape: path, fallback: "config/vm.env", rule: pathRule,
			en: "The file with the passwords of the databases, mode 0600; vm:bootstrap makes one with random passwords.",
			es: "El archivo con las contraseñas de las bases de datos, modo 0600; vm:bootstrap crea uno con contraseñas al azar.",
			at: func(c *Config, _ *Source) any { return &c.VM.Logins },
		},
	}
}
