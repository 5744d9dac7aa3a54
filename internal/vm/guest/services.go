package guest

import (
	"slices"
	"strings"
)

// Role is what a machine is there for.
type Role struct {
	PostgreSQL, MariaDB, Web bool
}

// RoleOf is the role of a machine by its name, where there are several; one
// alone has both databases.
func RoleOf(name string, alone bool) Role {
	lower := strings.ToLower(name)
	switch {
	case alone:
		return Role{PostgreSQL: true, MariaDB: true}
	case strings.Contains(lower, "postgres"):
		return Role{PostgreSQL: true}
	case strings.Contains(lower, "maria"), strings.Contains(lower, "mysql"):
		return Role{MariaDB: true}
	case strings.Contains(lower, "adminer"), strings.Contains(lower, "web"):
		return Role{Web: true}
	}
	return Role{}
}

// Service is what the databases of a machine should be.
type Service struct {
	Role
	Asked
	PostgreSQLVersion, MariaDBVersion string // 16, or distribution
	Timezone                          string
	Remote                            bool // they have to be reached from outside of the machine
	Staged                            bool // bootstrap.sh of ours has provisioned it
}

// Services judges step 6: units, databases, the user and its rights.
func Services(machine string, s Service, f *Facts) []Finding {
	j := &judge{machine: machine}
	j.units(s, f)
	j.stages(s, f)
	nameless := s.Role == Role{} // then what is installed is what it is there for
	switch other := f.value("postgres", "answer"); {
	case s.PostgreSQL, nameless && other != "":
		j.postgres(s, f)
	case other != "":
		j.surplus("PostgreSQL", other)
	}
	switch other := f.value("mariadb", "answer"); {
	case s.MariaDB, nameless && other != "":
		j.mariadb(s, f)
	case other != "":
		j.surplus("MariaDB", other)
	}
	if s.Web {
		ports := strings.Join(f.lines("web"), " ")
		j.that(ports != "", "servidor web", "web server", ports, "go tool mage vm:ssh -machine="+machine+" -c='systemctl status --no-pager apache2 nginx'")
	}
	return j.found
}

// units judges the real units. postgresql.service alone is an umbrella that is
// active even when no server runs.
// surplus is a server that the machine, by its name, is not there for: the box
// brings it. Nobody is to find data in it, so it is not asked for any.
func (j *judge) surplus(server, answer string) {
	j.say(Warn, "también hay un "+server, server+" runs as well", answer, "the machine is not there for it: stop it, or take a box without it")
}

func (j *judge) units(s Service, f *Facts) {
	for _, row := range []struct {
		wanted bool
		begins []string
		name   string
	}{
		{s.PostgreSQL, []string{"postgresql@"}, "PostgreSQL"},
		{s.MariaDB, []string{"mariadb", "mysql"}, "MariaDB"},
		{s.Web, []string{"apache2", "nginx"}, "web"},
	} {
		if !row.wanted {
			continue
		}
		var seen string
		active, enabled := false, false
		for _, line := range f.lines("units") {
			unit, states, _ := strings.Cut(line, " ")
			if !slices.ContainsFunc(row.begins, func(begin string) bool { return strings.HasPrefix(unit, begin) }) {
				continue
			}
			if seen == "" || strings.HasPrefix(states, "active") {
				seen = line
			}
			active = active || strings.HasPrefix(states, "active")
			enabled = enabled || strings.Contains(states, " enabled") || strings.Contains(states, " alias") || strings.Contains(states, " generated")
		}
		if seen == "" {
			seen = "no unit"
		}
		j.that(active, "servicio "+row.name, "service "+row.name, seen, "go tool mage vm:provision -machine="+j.machine+"; why: go tool mage vm:ssh -machine="+j.machine+" -c='sudo journalctl -n 30 --no-pager -u "+row.begins[0]+"*'")
		if active {
			j.better(enabled, row.name+" arranca con la máquina", row.name+" starts with the machine", seen, "go tool mage vm:provision -machine="+j.machine)
		}
	}
	if failed := f.lines("failed"); len(failed) > 0 {
		j.say(Warn, "unidades con fallos", "failed units", strings.Join(failed, " "), "go tool mage vm:ssh -machine="+j.machine+" -c='systemctl status --no-pager "+failed[0]+"'")
	}
	if wrong := f.complaint("log", "log"); wrong != "" {
		j.say(Warn, "registro de aprovisionamiento", "log of provisioning", wrong, "go tool mage vm:provision -machine="+j.machine)
	}
}

// stages judges the markers that bootstrap.sh leaves behind.
func (j *judge) stages(s Service, f *Facts) {
	if !s.Staged {
		return
	}
	var missing []string
	for _, marker := range []string{"system-prepared", "mariadb-installed", "postgres-installed", "mariadb-configured", "postgres-configured"} {
		if !slices.Contains(f.lines("markers"), marker) {
			missing = append(missing, marker)
		}
	}
	j.that(len(missing) == 0, "etapas terminadas", "stages that have ended", either(strings.Join(missing, " "), "all five"), "not in /var/iact/state; go tool mage vm:provision -machine="+j.machine+" goes on there")
}

func (j *judge) postgres(s Service, f *Facts) {
	answer := f.value("postgres", "answer")
	j.that(answer != "" && fits(answer, s.PostgreSQLVersion), "PostgreSQL responde", "PostgreSQL answers", either(answer, f.complaint("postgres", "")), "go tool mage vm:provision -machine="+j.machine)
	if answer == "" {
		return
	}
	owner, encoding, there := strings.Cut(f.value("postgres", "database"), " ")
	j.that(there, "base de datos "+s.Analytics, "database "+s.Analytics, either(encoding, "there is none"), "go tool mage vm:provision -machine="+j.machine)
	if there {
		j.better(owner == s.User, s.User+" es su dueño", s.User+" owns it", owner, "since PostgreSQL 15 only the owner may create tables there: ALTER DATABASE "+s.Analytics+" OWNER TO "+s.User)
	}
	login := f.value("postgres", "login")
	j.that(login == "true", "usuario "+s.User, "user "+s.User, map[string]string{"": "there is none", "true": "may log in", "false": "may not log in"}[login], "go tool mage vm:provision -machine="+j.machine)
	if login != "" {
		beyond := f.value("postgres", "beyond")
		j.that(beyond == "", "sin permisos de más", "no rights beyond its own", either(beyond, "none"), "as postgres: ALTER ROLE "+s.User+" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS, and REVOKE roles that it is in")
	}
	j.own("postgres", s.PostgreSQLPassword != "", s, f)
	if s.Timezone != "" {
		j.better(sameZone(f.value("postgres", "zone"), s.Timezone), "zona horaria de PostgreSQL", "time zone of PostgreSQL", f.value("postgres", "zone"), "go tool mage vm:provision -machine="+j.machine)
	}
	if s.Remote {
		j.that(outside(f.value("postgres", "listen")), "PostgreSQL escucha hacia fuera", "PostgreSQL listens to the outside", f.value("postgres", "listen"), "listen_addresses = '*', and restart it: go tool mage vm:provision -machine="+j.machine)
	}
}

func (j *judge) mariadb(s Service, f *Facts) {
	answer := f.value("mariadb", "answer")
	j.that(answer != "" && fits(answer, s.MariaDBVersion), "MariaDB responde", "MariaDB answers", either(answer, f.complaint("mariadb", "")), "go tool mage vm:provision -machine="+j.machine)
	if answer == "" {
		return
	}
	charset := f.value("mariadb", "database")
	j.that(charset != "", "base de datos "+s.Legacy, "database "+s.Legacy, either(charset, "there is none"), "go tool mage vm:provision -machine="+j.machine)
	if charset != "" {
		j.better(charset == "utf8mb4", "juego de caracteres", "character set", charset, "ALTER DATABASE "+s.Legacy+" CHARACTER SET utf8mb4")
	}
	accounts := f.values("mariadb", "account")
	j.that(len(accounts) > 0, "cuentas de "+s.User, "accounts of "+s.User, either(strings.Join(accounts, " "), "there are none"), "go tool mage vm:provision -machine="+j.machine)
	j.better(!slices.Contains(accounts, "%"), "cuentas solo de redes conocidas", "accounts of known networks alone", strings.Join(accounts, " "), "from % it may come from anywhere: CREATE USER for a network, then DROP USER '"+s.User+"'@'%'")
	if s.Timezone != "" {
		zone := f.value("mariadb", "zone")
		j.better(mariaZone(zone, f.value("system", "zone"), s.Timezone), "zona horaria de MariaDB", "time zone of MariaDB", zone, "go tool mage vm:provision -machine="+j.machine)
	}
	global := f.values("mariadb", "global")
	j.that(len(global) == 0, "sin permisos globales", "no global rights", either(strings.Join(global, "; "), "none"), "REVOKE them: it needs those on "+s.Legacy+" alone")
	var others []string
	for _, schema := range f.values("mariadb", "schema") {
		if strings.ReplaceAll(schema, `\`, "") != s.Legacy {
			others = append(others, schema)
		}
	}
	j.better(len(others) == 0, "solo su base de datos", "its own database alone", either(strings.Join(others, " "), s.Legacy), "REVOKE ALL PRIVILEGES ON those")
	j.own("mariadb", s.MariaDBPassword != "", s, f)
	if s.Remote {
		j.that(outside(f.value("mariadb", "listen")), "MariaDB escucha hacia fuera", "MariaDB listens to the outside", f.value("mariadb", "listen"), "bind-address = 0.0.0.0, and restart it: go tool mage vm:provision -machine="+j.machine)
	}
}

// own judges the session of the application's user.
func (j *judge) own(part string, tried bool, s Service, f *Facts) {
	name := map[string]string{"postgres": "PostgreSQL", "mariadb": "MariaDB"}[part]
	if !tried {
		j.say(Warn, "consulta como "+s.User+" en "+name, "query as "+s.User+" in "+name, "no password is known", strings.ToUpper(name)+"_PASSWORD=… in the file that vm.logins names; go tool mage vm:bootstrap makes one")
		return
	}
	query := f.value(part, "query")
	j.that(query == s.User, "consulta como "+s.User+" en "+name, "query as "+s.User+" in "+name, either(query, f.complaint(part, "own")), "is it the password of the machine? go tool mage vm:provision -machine="+j.machine+" sets that of the file which vm.logins names")
	if query != "" {
		j.that(f.value(part, "create") == "yes", s.User+" puede crear tablas en "+name, s.User+" may create tables in "+name, either(f.value(part, "create"), f.complaint(part, "own")), "go tool mage vm:provision -machine="+j.machine)
	}
}

// mariaZone judges "ZONE SYSTEM": where the first one is SYSTEM, that of the
// machine counts, which the second one has as a short name (CST).
func mariaZone(said, system, want string) bool {
	zone, _, _ := strings.Cut(said, " ")
	switch zone {
	case "SYSTEM":
		return sameZone(system, want)
	case "+00:00":
		return sameZone("UTC", want)
	}
	return sameZone(zone, want)
}

// Role is what is installed in a machine whose name tells nothing.
func (f *Facts) Role() Role {
	return Role{PostgreSQL: f.value("postgres", "answer") != "", MariaDB: f.value("mariadb", "answer") != "", Web: len(f.lines("web")) > 0}
}

// fits says whether a server is of the wanted version: 16 takes 16.4.
func fits(answer, want string) bool {
	version, _, _ := strings.Cut(answer, " ")
	return want == "" || want == "distribution" || version == want || strings.HasPrefix(version, want+".") || strings.HasPrefix(version, want+"-")
}

// outside says whether a server listens on more than the machine's own address.
func outside(listen string) bool {
	for _, one := range strings.FieldsFunc(listen, func(r rune) bool { return r == ',' || r == ' ' }) {
		switch one {
		case "localhost", "127.0.0.1", "::1":
		default:
			return true
		}
	}
	return false
}

func either(seen, otherwise string) string {
	if seen != "" {
		return seen
	}
	return otherwise
}
