package config

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// CPython is the section of the interpreters that are built.
type CPython struct {
	Version      string   // 3.13.5
	Prefix       string   // /opt: interpreters live in /opt/python-X.Y.Z
	Source       string   // a URL or a directory
	Mirrors      []string // likewise
	Work         string   // downloads and builds
	Lock         string   // what sources must be
	Cache        string   // finished builds
	Optimized    bool
	PGO          string // stop or fallback
	Jobs         int    // 0: by cores and memory
	CCache       bool
	Modules      []string // that have to import
	AllowMissing []string // modules that need not be built
	Tests        []string // files of the test suite; empty is all
	Venvs        []string // globs of further virtual environments
	Wheels       string   // a directory of wheels; "" is the index of pip
	DistCC       bool
	ReleaseKeys  string   // a directory of further OpenPGP keys, *.asc
	TrustedRoot  string   // a Sigstore trusted_root.json instead of the shipped one
	SignKey      string   // the OpenSSH key that finished builds are signed with
	Signers      string   // an allowed_signers file: who may have signed them
	Keep         int      // interpreters, and replaced environments of each
	Smoke        []string // commands that must end well in each environment
	Slower       int      // percent, beyond which the new interpreter is called slower
}

// versionPattern is what a release is called.
const versionPattern = `^[0-9]+\.[0-9]+\.[0-9]+((a|b|rc)[0-9]+)?$`

func versionRule(s string) string {
	if regexp.MustCompile(versionPattern).MatchString(s) {
		return ""
	}
	return "a version is three numbers, such as 3.13.5"
}

// systemDirs are where the interpreter of the system lives.
func systemDirs() []string {
	return []string{"/", "/usr", "/usr/local", "/bin", "/usr/bin", "/usr/lib"}
}

func prefixRule(s string) string {
	if slices.Contains(systemDirs(), filepath.Clean(s)) {
		return "the python of the system lives there: name another directory, such as /opt"
	}
	return pathRule(s)
}

// originRule is for a place that sources come from.
func originRule(s string) string {
	if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "/") {
		return ""
	}
	return "it is neither https://… nor a directory written from /"
}

const pythonModule = `^[A-Za-z_][A-Za-z0-9_.]*$`

func moduleRule(s string) string {
	if regexp.MustCompile(pythonModule).MatchString(s) {
		return ""
	}
	return "that is no name of a module"
}

func cpythonKeys() []key {
	return []key{
		{
			name: "version", shape: text, fallback: "3.13.5", rule: versionRule, pattern: versionPattern,
			en: "The release that is built.", es: "La versión que se compila.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Version },
		},
		{
			name: "prefix", shape: path, fallback: "/opt", rule: prefixRule,
			en: "Where interpreters live, each in a directory python-X.Y.Z.", es: "Donde viven los intérpretes, cada uno en un directorio python-X.Y.Z.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Prefix },
		},
		{
			name: "source", shape: text, fallback: "https://www.python.org/ftp/python", rule: originRule,
			en: "Where sources come from: a URL, or a directory that holds tarballs.", es: "De dónde vienen las fuentes: una URL, o un directorio con los archivos tar.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Source },
		},
		{
			name: "mirrors", shape: texts, fallback: "[]", example: "[https://mirror.example/python]", rule: originRule,
			en: "Further places, asked in this order.", es: "Otros sitios, consultados en este orden.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Mirrors },
		},
		{
			name: "lock", shape: path, fallback: "config/cpython.lock", rule: pathRule,
			en: "The file that pins the SHA-256 of sources; review it like any lock file.", es: "El archivo que fija el SHA-256 de las fuentes; revíselo como todo archivo de bloqueo.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Lock },
		},
		{
			name: "work", shape: path, fallback: ".iact/cache/cpython", rule: pathRule,
			en: "Downloads and builds. A build takes 1 GB, with optimizations 2.", es: "Descargas y compilaciones. Una ocupa 1 GB, con optimizations 2.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Work },
		},
		{
			name: "cache", shape: path, fallback: ".iact/cache/cpython/builds", rule: pathRule,
			en: "Finished builds, which the next machine or the next time unpacks. It may be shared.", es: "Compilaciones terminadas, que otra máquina u otra vez desempaqueta. Puede compartirse.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Cache },
		},
		{
			name: "optimizations", shape: truth, fallback: "true",
			en: "Profile-guided and link-time optimisation: 10 to 20 percent faster, and some ten times longer to build.", es: "Optimización por perfil y al enlazar: de 10 a 20 por ciento más rápido, y unas diez veces más largo de compilar.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Optimized },
		},
		{
			name: "pgo", shape: choice, fallback: "stop", choices: []string{"stop", "fallback"},
			en: "What a failing test of the profile does: stop, or fallback to a build without it.", es: "Qué hace una prueba fallida del perfil: stop, o fallback a una compilación sin él.",
			at: func(c *Config, _ *Source) any { return &c.CPython.PGO },
		},
		{
			name: "jobs", shape: number, fallback: "0", max: 1024,
			en: "How many compile at once; 0: by cores and memory.", es: "Cuántos compilan a la vez; 0: según núcleos y memoria.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Jobs },
		},
		{
			name: "ccache", shape: truth, fallback: "false",
			en: "Compile through ccache.", es: "Compilar con ccache.",
			at: func(c *Config, _ *Source) any { return &c.CPython.CCache },
		},
		{
			name: "modules", shape: texts, fallback: "[ssl, hashlib, sqlite3, _uuid, lzma, bz2, zlib, ctypes, readline, curses, venv, ensurepip]", rule: moduleRule,
			en: "Modules that have to import before an interpreter is called installed.", es: "Módulos que deben importarse antes de dar por instalado un intérprete.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Modules },
		},
		{
			name: "allow_missing", shape: texts, fallback: "[_tkinter, _gdbm, _dbm, nis]", rule: moduleRule,
			en: "Modules that need not be built. Any other that is missing fails the build.", es: "Módulos que pueden faltar. Cualquier otro que falte hace fallar la compilación.",
			at: func(c *Config, _ *Source) any { return &c.CPython.AllowMissing },
		},
		{
			name: "tests", shape: texts, fallback: "[]", example: "[test_ssl, test_sqlite3, test_json, test_venv]", rule: moduleRule,
			en: "Files of CPython's test suite that are run; all when left out, which takes half an hour.", es: "Archivos de las pruebas de CPython que se ejecutan; si falta, todos: media hora.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Tests },
		},
		{
			name: "venvs", shape: texts, fallback: "[]", example: "[/srv/*/venv]", rule: originRule,
			en: "Globs of virtual environments that are moved besides those of the project.", es: "Globs de entornos virtuales que se mueven además de los del proyecto.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Venvs },
		},
		{
			name: "wheels", shape: path, fallback: "", example: "/srv/wheels", rule: pathRule,
			en: "A directory of wheels from which pip installs, without an index; the index when left out.", es: "Un directorio de wheels del que instala pip, sin índice; si falta, el índice.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Wheels },
		},
		{
			name: "distcc", shape: truth, fallback: "false",
			en: "Compile on the machines of DISTCC_HOSTS; set jobs by them.", es: "Compilar en las máquinas de DISTCC_HOSTS; fije jobs según ellas.",
			at: func(c *Config, _ *Source) any { return &c.CPython.DistCC },
		},
		{
			name: "release_keys", shape: path, fallback: "", example: "/etc/iact/release-keys", rule: pathRule,
			en: "A directory of OpenPGP keys (*.asc) of release managers besides the shipped ones.", es: "Un directorio con claves OpenPGP (*.asc) de gestores de versiones, además de las incluidas.",
			at: func(c *Config, _ *Source) any { return &c.CPython.ReleaseKeys },
		},
		{
			name: "trusted_root", shape: path, fallback: "", example: "/etc/iact/trusted_root.json", rule: pathRule,
			en: "A Sigstore trusted_root.json that replaces the shipped one.", es: "Un trusted_root.json de Sigstore en lugar del incluido.",
			at: func(c *Config, _ *Source) any { return &c.CPython.TrustedRoot },
		},
		{
			name: "sign_key", shape: path, fallback: "", example: "/etc/iact/build_key", rule: pathRule,
			en: "The OpenSSH key that finished builds are signed with; without one they are not.", es: "La clave OpenSSH con que se firman las compilaciones; sin ella no se firman.",
			at: func(c *Config, _ *Source) any { return &c.CPython.SignKey },
		},
		{
			name: "signers", shape: path, fallback: "", example: "config/allowed_signers", rule: pathRule,
			en: "Who may have signed builds (allowed_signers); with it, a build that nobody of them signed is not used.", es: "Quién puede haber firmado (allowed_signers); con él, no se usa una compilación que ninguno firmó.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Signers },
		},
		{
			name: "keep", shape: number, fallback: "3", min: 1, max: 1000,
			en: "How many interpreters cpython:clean leaves, and replaced environments of each.", es: "Cuántos intérpretes deja cpython:clean, y entornos reemplazados de cada uno.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Keep },
		},
		{
			name: "smoke", shape: texts, fallback: "[]", example: "[python manage.py check, pytest -q -m smoke]",
			en: "Commands that must end well in each environment; found by the project's files when left out.", es: "Órdenes que deben terminar bien en cada entorno; si falta, se deducen de los archivos del proyecto.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Smoke },
		},
		{
			name: "slower", shape: number, fallback: "10", min: 1, max: 1000,
			en: "By how many percent a benchmark has to be slower before cpython:bench warns.", es: "En qué porcentaje debe ser más lenta una prueba para que cpython:bench avise.",
			at: func(c *Config, _ *Source) any { return &c.CPython.Slower },
		},
	}
}
