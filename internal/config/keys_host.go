package config

import (
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"time"
)

// Host is the section of the Docker host.
type Host struct {
	User   string // who is to use Docker; "" is the one who runs it
	Memory int    // GiB
	Disk   int    // GiB free for Docker's data
	Ports  []string
	Hello  string // an image that says hello

	Upgrade  bool          // of all that is installed
	IndexAge time.Duration // how old apt's index may be
	Packages []string      // that have to be there
	Docker   Docker
	Compose  Compose
	Daemon   Daemon

	Devcontainer Devcontainer
	Network      Network
}

// Network is what containers of the host are to get.
type Network struct {
	Outside  []string // HOST:PORT
	Image    string   // that a registry is to give; none asks for none
	Required bool     // what the host itself does not reach is a failure
	Writes   int      // small ones that reach the disk in a second
}

// Daemon are the settings of the Docker daemon.
type Daemon struct {
	LogDriver   string
	LogSize     string // none leaves it alone
	LogFiles    int    // 0 leaves it alone
	LiveRestore bool
	Pools       []string
	PoolSize    int
	Storage     string
	DataRoot    string
	DNS         []string
	Mirrors     []string
	Insecure    []string
	// What follows is left alone where it is nil.
	BuildKit, ICC, Debug, UserlandProxy *bool
}

func portRule(s string) string {
	if n, err := strconv.Atoi(s); err == nil && n >= 1 && n <= 65535 {
		return ""
	}
	return "a port is a number from 1 to 65535"
}

func logSizeRule(s string) string {
	if regexp.MustCompile(`^(none|[1-9][0-9]*[kmg]?)$`).MatchString(s) {
		return ""
	}
	return "a size is written like 10m, or none"
}

func subnetRule(s string) string {
	if _, err := netip.ParsePrefix(s); err == nil {
		return ""
	}
	return "a network is written like 172.20.0.0/14"
}

func registryRule(s string) string {
	if _, err := netip.ParsePrefix(s); err == nil || regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`).MatchString(s) {
		return ""
	}
	return "a registry is written like registry.example:5000 or 10.0.0.0/8, without https://"
}

func addressRule(s string) string {
	if _, err := netip.ParseAddr(s); err == nil {
		return ""
	}
	return "that is no IP address"
}

func targetRule(s string) string {
	host, port, err := net.SplitHostPort(s)
	if err == nil && regexp.MustCompile(`^[A-Za-z0-9:._-]+$`).MatchString(host) && portRule(port) == "" {
		return ""
	}
	return "what is to be reached is written like registry-1.docker.io:443"
}

func hostKeys() []key {
	return []key{
		{
			name: "user", shape: text, fallback: "", example: "vagrant", rule: nameRule,
			en: "Who is to use Docker; the one who runs the target when left out.", es: "Quién va a usar Docker; si falta, quien ejecuta el objetivo.",
			at: func(c *Config, _ *Source) any { return &c.Host.User },
		},
		{
			name: "memory", shape: number, fallback: "8", max: 4096,
			en: "GiB of memory that the host should have.", es: "GiB de memoria que el anfitrión debe tener.",
			at: func(c *Config, _ *Source) any { return &c.Host.Memory },
		},
		{
			name: "disk", shape: number, fallback: "50", max: 65536,
			en: "GiB that should be free where Docker keeps its data.", es: "GiB que deben estar libres donde Docker guarda sus datos.",
			at: func(c *Config, _ *Source) any { return &c.Host.Disk },
		},
		{
			name: "ports", shape: texts, fallback: "[]", example: "[\"8000\", \"5432\"]", rule: portRule,
			en: "Ports that containers will publish.", es: "Puertos que publicarán los contenedores.",
			at: func(c *Config, _ *Source) any { return &c.Host.Ports },
		},
		{
			name: "hello", shape: text, fallback: "hello-world",
			en: "The image of host:hello. Where no registry is reached, the toolkit makes one of its own.", es: "La imagen de host:hello. Si no se llega a un registro, la herramienta hace la suya.",
			at: func(c *Config, _ *Source) any { return &c.Host.Hello },
		},
		{
			name: "upgrade", shape: truth, fallback: "false",
			en: "host:update also upgrades all packages. Services may restart: so only who asks for it gets it.", es: "host:update también actualiza todos los paquetes. Puede reiniciar servicios: por eso solo si se pide.",
			at: func(c *Config, _ *Source) any { return &c.Host.Upgrade },
		},
		{
			name: "index_age", shape: duration, fallback: "1d",
			en: "How old apt's index may be before host:update fetches it again.", es: "Cuánto puede envejecer el índice de apt antes de que host:update lo descargue de nuevo.",
			at: func(c *Config, _ *Source) any { return &c.Host.IndexAge },
		},
		{
			name: "packages", shape: texts, fallback: "[ca-certificates, curl, gnupg, lsb-release, wget, git, build-essential]", rule: packageRule,
			en: "Packages that host:update installs where they are missing.", es: "Paquetes que host:update instala si faltan.",
			at: func(c *Config, _ *Source) any { return &c.Host.Packages },
		},
		{
			name: "docker", shape: section, keys: dockerKeys(),
			en: "Which Docker host:docker installs. One that answers stays, unless version says otherwise.", es: "Qué Docker instala host:docker. El que responde se queda, salvo que version diga otra cosa.",
		},
		{
			name: "compose", shape: section, keys: composeKeys(),
			en: "Which Compose host:compose installs as a plugin. One that answers stays, unless version says otherwise.", es: "Qué Compose instala host:compose como complemento. El que responde se queda, salvo que version diga otra cosa.",
		},
		{
			name: "daemon", shape: section, keys: daemonKeys(),
			en: "What is merged into daemon.json; keys that are not named here stay as they are.", es: "Lo que se incorpora a daemon.json; las claves que no se nombran aquí quedan como están.",
		},
		{
			name: "devcontainer", shape: section, keys: devcontainerKeys(),
			en: "The project that host:devcontainer clones, checks and starts.", es: "El proyecto que host:devcontainer clona, comprueba y levanta.",
		},
		{
			name: "network", shape: section, keys: networkKeys(),
			en: "What host:network asks for.", es: "Lo que pide host:network.",
		},
	}
}

func networkKeys() []key {
	return []key{
		{
			name: "outside", shape: texts, fallback: "[\"registry-1.docker.io:443\"]", rule: targetRule,
			en: "What the host and its containers are to reach; a list without entries asks for nothing.", es: "A lo que el anfitrión y sus contenedores deben llegar; una lista vacía no pide nada.",
			at: func(c *Config, _ *Source) any { return &c.Host.Network.Outside },
		},
		{
			name: "image", shape: text, fallback: "alpine:3.22",
			en: "An image that the registry is to give; none asks for none.", es: "Una imagen que el registro debe dar; none no pide ninguna.",
			at: func(c *Config, _ *Source) any { return &c.Host.Network.Image },
		},
		{
			name: "required", shape: truth, fallback: "false",
			en: "What the host itself does not reach is a failure; a warning otherwise.", es: "Si el propio anfitrión no llega, es un fallo; si no, un aviso.",
			at: func(c *Config, _ *Source) any { return &c.Host.Network.Required },
		},
		{
			name: "writes", shape: number, fallback: "50", max: 1000000,
			en: "Small writes a second that should reach the disk of Docker's data.", es: "Escrituras pequeñas por segundo que deberían llegar al disco de los datos de Docker.",
			at: func(c *Config, _ *Source) any { return &c.Host.Network.Writes },
		},
	}
}

func daemonKeys() []key {
	return []key{
		{
			name: "log_driver", shape: text, fallback: "", example: "json-file",
			en: "The log driver; what the daemon has when left out.", es: "El controlador de registros; si falta, el que tenga.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.LogDriver },
		},
		{
			name: "log_size", shape: text, fallback: "10m", rule: logSizeRule,
			en: "How large a log file of a container grows; none for a driver without files.", es: "Cuánto crece un archivo de registro de un contenedor; none si el controlador no usa archivos.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.LogSize },
		},
		{
			name: "log_files", shape: number, fallback: "3", max: 1000,
			en: "How many of them are kept of each; 0 leaves it alone.", es: "Cuántos se guardan de cada uno; 0 lo deja como está.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.LogFiles },
		},
		{
			name: "live_restore", shape: truth, fallback: "true",
			en: "Containers run on while the daemon restarts. Not with swarm.", es: "Los contenedores siguen mientras el demonio se reinicia. No con swarm.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.LiveRestore },
		},
		{
			name: "pools", shape: texts, fallback: "[]", example: "[172.28.0.0/14]", rule: subnetRule,
			en: "Networks from which Docker takes its own; Docker's default when left out. One that the host reaches otherwise is refused.", es: "Redes de las que Docker toma las suyas; si falta, las de Docker. Se rechaza la que el anfitrión ya alcanza de otro modo.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.Pools },
		},
		{
			name: "pool_size", shape: number, fallback: "24", min: 8, max: 30,
			en: "The prefix length of each network out of a pool.", es: "La longitud del prefijo de cada red de una reserva.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.PoolSize },
		},
		{
			name: "storage", shape: text, fallback: "", example: "overlay2",
			en: "The storage driver; what the daemon has when left out. Images of another one are not seen any more: it is refused.", es: "El controlador de almacenamiento; si falta, el que tenga. Las imágenes de otro dejan de verse: se rechaza.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.Storage },
		},
		{
			name: "data_root", shape: path, fallback: "", example: "/srv/docker", rule: pathRule,
			en: "Where Docker keeps images, containers and volumes; what the daemon has when left out.", es: "Donde Docker guarda imágenes, contenedores y volúmenes; si falta, donde los tenga.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.DataRoot },
		},
		{
			name: "dns", shape: texts, fallback: "[]", example: "[1.1.1.1, 8.8.8.8]", rule: addressRule,
			en: "Resolvers of containers; those of the host when left out.", es: "Servidores DNS de los contenedores; si falta, los del anfitrión.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.DNS },
		},
		{
			name: "mirrors", shape: texts, fallback: "[]", example: "[https://mirror.example]",
			en: "Mirrors of the registry Docker Hub.", es: "Espejos del registro Docker Hub.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.Mirrors },
		},
		{
			name: "insecure_registries", shape: texts, fallback: "[]", example: "[\"registry.example:5000\"]", rule: registryRule,
			en: "Registries, or networks of them, that may be reached without TLS, or with a certificate that nobody vouches for.", es: "Registros, o redes de ellos, a los que se llega sin TLS o con un certificado que nadie avala.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.Insecure },
		},
		{
			name: "buildkit", shape: truth, fallback: "", example: "true",
			en: "Images are built by BuildKit; what the daemon has when left out.", es: "Las imágenes se construyen con BuildKit; si falta, lo que tenga el demonio.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.BuildKit },
		},
		{
			name: "icc", shape: truth, fallback: "", example: "true",
			en: "Containers on the default bridge reach one another; what the daemon has when left out. It takes effect when the daemon starts without running containers.", es: "Los contenedores del puente por omisión se alcanzan entre sí; si falta, lo que tenga el demonio. Rige cuando arranca sin contenedores en marcha.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.ICC },
		},
		{
			name: "debug", shape: truth, fallback: "", example: "false",
			en: "The daemon writes more to its log; what it has when left out.", es: "El demonio escribe más en su registro; si falta, lo que tenga.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.Debug },
		},
		{
			name: "userland_proxy", shape: truth, fallback: "", example: "false",
			en: "A program of Docker passes on what comes to a published port from the host itself; without it rules of the kernel do. What the daemon has when left out.", es: "Un programa de Docker reenvía lo que llega del propio anfitrión a un puerto publicado; sin él lo hacen reglas del núcleo. Si falta, lo que tenga el demonio.",
			at: func(c *Config, _ *Source) any { return &c.Host.Daemon.UserlandProxy },
		},
	}
}
