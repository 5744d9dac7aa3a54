package source

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// server is a database server in a container, as far as its backup is concerned.
type server struct {
	program string   // as people call it
	kind    string   // of the source that dumps it; empty: there is none
	images  []string // beginnings of names
	data    []string // directories where it keeps its data
	files   []string // which it has at the top of them
	names   []string // variables that name the database
	logins  []string // variables that name the user
	login   string   // when none does
	secret  bool     // a login takes a password
}

// servers are the database servers that are known. What stands first counts.
func servers() []server {
	return []server{
		{
			program: "PostgreSQL", kind: KindPostgres, images: []string{"postgres", "postgis", "timescale", "pgvector", "pgautoupgrade", "supabase"},
			data: []string{"/var/lib/postgresql", "/bitnami/postgresql"}, files: []string{"PG_VERSION"},
			names: []string{"POSTGRES_DB", "POSTGRESQL_DATABASE", "POSTGRES_USER"}, logins: []string{"POSTGRES_USER", "POSTGRESQL_USERNAME"}, login: "postgres",
		},
		{
			program: "MariaDB", kind: KindMariaDB, images: []string{"mariadb", "mysql", "percona"},
			data: []string{"/var/lib/mysql", "/bitnami/mariadb", "/bitnami/mysql"}, files: []string{"ibdata1", "aria_log_control", "mysql.ibd"},
			names: []string{"MARIADB_DATABASE", "MYSQL_DATABASE"}, login: "root", secret: true,
		},
		{program: "MongoDB", images: []string{"mongo"}, data: []string{"/data/db", "/bitnami/mongodb"}, files: []string{"WiredTiger"}},
		{program: "Redis", images: []string{"redis", "valkey"}, data: []string{"/data", "/bitnami/redis"}, files: []string{"appendonlydir"}},
		{program: "Elasticsearch", images: []string{"elasticsearch", "opensearch"}, data: []string{"/usr/share/elasticsearch/data", "/usr/share/opensearch/data"}},
		{program: "SQL Server", images: []string{"mssql"}, data: []string{"/var/opt/mssql"}},
	}
}

// hasImage says whether an image is one of the server: REGISTRY/PATH/NAME:TAG.
func (s server) hasImage(image string) bool {
	image, _, _ = strings.Cut(image, "@")
	name := path.Base(image)
	name, _, _ = strings.Cut(name, ":")
	if strings.HasSuffix(name, "exporter") || strings.HasSuffix(name, "admin") || strings.HasSuffix(name, "express") {
		return false
	}
	for word := range strings.SplitSeq(strings.ToLower(path.Dir(image)+"/"+name), "/") {
		if slices.ContainsFunc(s.images, func(known string) bool { return strings.HasPrefix(word, known) }) {
			return true
		}
	}
	return false
}

// keepsIn says whether a directory of a container is where the server keeps its
// data.
func (s server) keepsIn(destination string, env []string) bool {
	if pgdata := variable(env, "PGDATA"); pgdata != "" && s.kind == KindPostgres && under(pgdata, destination) {
		return true
	}
	return slices.ContainsFunc(s.data, func(dir string) bool { return under(destination, dir) || under(dir, destination) && destination != "/" })
}

func under(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, strings.TrimSuffix(dir, "/")+"/")
}

func variable(env []string, name string) string {
	for _, line := range env {
		if key, value, _ := strings.Cut(line, "="); key == name {
			return value
		}
	}
	return ""
}

// databaseOf names the program whose files are there, "" for none.
func databaseOf(there func(file string) bool) string {
	for _, s := range servers() {
		if slices.ContainsFunc(s.files, there) {
			return s.program
		}
	}
	return ""
}

// databases are the containers whose database lies in the volume, by their
// server.
func (v *Volume) databases() map[*Container]server {
	found := map[*Container]server{}
	for i := range v.users {
		c := &v.users[i]
		for _, s := range servers() {
			if s.hasImage(c.Image) && slices.ContainsFunc(c.Mounts, func(m Mount) bool {
				return m.Type == "volume" && m.Name == v.Volume && s.keepsIn(m.Destination, c.Env)
			}) {
				found[c] = s
				break
			}
		}
	}
	return found
}

// warnings are what to know about the volume before it is read.
func (v *Volume) warnings() []string {
	var all []string
	switch kind := v.found.Options["type"]; {
	case v.found.Driver != "local":
		all = append(all, "its driver is "+v.found.Driver+": what lies behind it is read through docker, and a restore makes a volume of that driver")
	case strings.HasPrefix(kind, "nfs") || kind == "cifs":
		all = append(all, "it is mounted from "+v.found.Options["device"]+" ("+kind+"): everything crosses the network for a backup; the server of those files may be the better place for it")
	case kind == "tmpfs":
		all = append(all, "it lies in memory: it is empty unless a container that uses it runs")
	}
	databases := v.databases()
	told := len(databases) > 0
	for i := range v.users {
		c := &v.users[i]
		s, is := databases[c]
		if !is || v.Dumped != nil && v.Dumped(c.Name) {
			continue
		}
		all = append(all, v.dumpInstead("container "+c.Name+" keeps a database of "+s.program+" in it", s.line(c, v.Docker.Place), s.program))
	}
	if !told && v.found.Mountpoint != "" && v.isRootHere() {
		there := func(file string) bool {
			for _, pattern := range []string{file, "*/" + file, "*/*/" + file} {
				if hits, _ := filepath.Glob(filepath.Join(v.found.Mountpoint, pattern)); len(hits) > 0 && (file == "PG_VERSION" || pattern == file) {
					return true
				}
			}
			return false
		}
		if program := databaseOf(there); program != "" {
			all = append(all, v.dumpInstead("the files of "+program+" are in it", "", program))
		}
	}
	return all
}

func (v *Volume) isRootHere() bool { return v.Docker.Place == "" && os.Geteuid() == 0 }

// dumpInstead words the advice to dump a database.
func (v *Volume) dumpInstead(what, line, program string) string {
	advice := what + ": a dump is the safer backup"
	switch {
	case line != "":
		advice += "; add to backup.sources: " + line
	case program == "PostgreSQL" || program == "MariaDB":
		advice += ", by a source of kind " + map[string]string{"PostgreSQL": KindPostgres, "MariaDB": KindMariaDB}[program]
	}
	if v.Mode != "stop" {
		advice += fmt.Sprintf(" (as files only mode: stop is consistent, this is mode: %s)", v.Mode)
	}
	return advice
}

// line is the entry of the configuration that dumps the database of a container.
func (s server) line(c *Container, place string) string {
	if s.kind == "" || place != "" { // via names one place, and the container is in another
		return ""
	}
	first := func(names []string, otherwise string) string {
		for _, name := range names {
			if value := variable(c.Env, name); plainWord(value) {
				return value
			}
		}
		return otherwise
	}
	fields := []string{
		"name: " + sourceName(c.Name), "kind: " + s.kind, "via: docker:" + c.Name,
		"database: " + first(s.names, map[string]string{KindPostgres: "postgres", KindMariaDB: "DATABASE"}[s.kind]), "user: " + first(s.logins, s.login),
	}
	if s.secret {
		fields = append(fields, "password_file: FILE")
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// plainWord says whether a value may stand in a line of YAML as it is.
func plainWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// sourceName makes a name of a source of the name of a container.
func sourceName(container string) string {
	name := strings.ToLower(strings.TrimLeft(container, "_.-"))
	return name[:min(len(name), 60)]
}
