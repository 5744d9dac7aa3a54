package doctor

// inRoot makes a Compose project in the root of the workspace: its services are
// what follows, indented by two.
const inRoot = `root() { { echo 'services:'; cat; } >docker-compose.yml; }
start() { docker compose up --detach >/run/up.log 2>&1; }
fails_start() { if start; then echo "docker compose up went well" >&2; return 1; fi; }
`

// rootComposed is a devcontainer of that project.
const rootComposed = `{"dockerComposeFile": "../docker-compose.yml", "service": "app", "workspaceFolder": "/work"}`

// handComposed are faults of Compose projects in the root, started by hand.
func handComposed() []Case {
	faulty := func(name, title, config, services, then, sees string, want ...string) Case {
		return Case{
			Name: name, Title: title, Config: config, Needs: "compose", Want: codes(want...), Sees: sees,
			Inject: inRoot + "root <<'E'\n" + services + "E\n" + then,
		}
	}
	const (
		app  = "  app:\n    image: busybox:testbed\n    init: true\n    command: sleep 600\n    volumes: ['.:/work']\n"
		db   = "  db:\n    image: busybox:testbed\n    init: true\n"
		wait = "    depends_on: {db: {condition: service_healthy}}\n"
	)
	return []Case{
		faulty("field-services-crash", "a service crashes; no devcontainer.json", none, app+db+"    command: sh -c 'echo data directory has wrong ownership; exit 1'\n",
			`start; sleep 1`, "wrong ownership", "STA-015", "STA-002"),
		faulty("field-services-app", "the app itself crashes, and is restarted", none, "  app:\n    image: busybox:testbed\n    restart: always\n    command: sh -c 'echo secret key missing; exit 1'\n    volumes: ['.:/work']\n",
			`start; await eval '[ "$(docker inspect --format "{{.RestartCount}}" $(docker compose ps --all --quiet app))" -ge 3 ]'`, "secret key", "STA-003"),
		faulty("field-services-loop", "the database is restarted over and over", rootComposed, app+db+"    restart: always\n    command: sh -c 'echo bad magic number; exit 1'\n",
			`start; await eval '[ "$(docker inspect --format "{{.RestartCount}}" $(docker compose ps --all --quiet db))" -ge 3 ]'`, "bad magic", "STA-003", "STA-015"),
		faulty("field-services-memory", "the database is killed for its memory", rootComposed, app+db+"    mem_limit: 24m\n    memswap_limit: 24m\n    command: tail /dev/zero\n",
			`start; sleep 1.5`, "24", "STA-004", "STA-015"),
		faulty("field-services-sick", "the database is unhealthy", rootComposed, app+db+"    command: sleep 600\n    healthcheck: {test: 'echo connection refused; exit 1', interval: 0.2s, retries: 2}\n",
			`start; await eval '[ "$(docker inspect --format "{{.State.Health.Status}}" $(docker compose ps --quiet db))" = unhealthy ]'`, "connection refused", "STA-005", "STA-015"),
		faulty("field-services-waits", "the app was not started: the database is unhealthy", none, app+wait+db+"    command: sleep 600\n    healthcheck: {test: 'echo role missing; exit 1', interval: 0.2s, retries: 2}\n",
			`fails_start`, "role missing", "STA-005"),
		faulty("field-services-volume", "a volume is not declared", rootComposed, app+db+"    volumes: ['data:/data']\n", `fails_start`, "data", "COMPOSE", "VOLUME"),
		faulty("field-services-network", "a network is not declared", rootComposed, app+db+"    networks: [back]\n", `fails_start`, "back", "COMPOSE", "NETWORK"),
		faulty("field-services-depends", "it depends on a service that is not there", rootComposed, app+"    depends_on: [database]\n"+db, `fails_start`, "database", "COMPOSE", "DEPENDS"),
		faulty("field-services-ring", "two services wait for one another", rootComposed, app+"    depends_on: [db]\n"+db+"    depends_on: [app]\n", `fails_start`, "app", "COMPOSE", "DEPENDS"),
		faulty("field-services-env", "an env_file is not there", rootComposed, app+"    env_file: [prod.env]\n", `fails_start`, "prod.env", "ENV-FILE", "COMPOSE"),
		faulty("field-services-context", "the context of a build is not there", rootComposed, app+"  db:\n    build: ./database\n", `fails_start`, "database", "PATH", "COMPOSE", "DOCKERFILE"),
		faulty("field-services-dockerfile", "the Dockerfile of a service is not there", rootComposed, app+"  db:\n    build: {context: ., dockerfile: docker/db.Dockerfile}\n", `fails_start`, "db.Dockerfile", "DOCKERFILE", "PATH"),
		faulty("field-services-ports", "two services want one port", rootComposed, app+"    ports: ['8150:80']\n"+db+"    command: sleep 600\n    ports: ['8150:5432']\n", `fails_start`, "8150", "PORT", "NET-010"),
		faulty("field-services-port-taken", "a program of the machine has the port of the database", rootComposed, app+db+"    command: sleep 600\n    ports: ['8151:5432']\n",
			"busybox httpd -p 8151 -h /home; fails_start", "8151", "NET-011"),
		faulty("field-services-typo", "the name of the service is mistyped", `{"dockerComposeFile": "../docker-compose.yml", "service": "ap", "workspaceFolder": "/work"}`, app, `start`, "ap", "SERVICE"),
		faulty("field-services-unnamed", "devcontainer.json names no service", `{"dockerComposeFile": "../docker-compose.yml", "workspaceFolder": "/work"}`, app, `start`, "service", "SERVICE", "BASE"),
		faulty("field-services-image", "nobody has the image of the database", rootComposed, app+"  db:\n    image: registry.example/db:15\n", `fails_start`, "registry.example/db:15", "STA-012"),
		faulty("field-services-secret", "the file of a secret is not there", rootComposed, app+"    secrets: [pw]\nsecrets: {pw: {file: ./pw.txt}}\n", `fails_start`, "pw.txt", "VOL-001", "PATH", "COMPOSE"),
		faulty("field-services-key", "a key is mistyped", rootComposed, app+db+"    comand: sleep 600\n", `fails_start`, "comand", "COMPOSE", "KEY"),
		faulty("field-services-tab", "a tab in the file", rootComposed, app+"\tdb:\n", `fails_start`, "docker-compose.yml", "COMPOSE"),
		faulty("field-services-file", "dockerComposeFile leads nowhere", `{"dockerComposeFile": "../compose.yml", "service": "app", "workspaceFolder": "/work"}`, app, `start`, "compose.yml", "COMPOSE"),
		faulty("field-services-removed", "somebody has removed the database", rootComposed, app+db+"    command: sleep 600\n", `start; docker rm --force "$(docker compose ps --quiet db)"`, "db", "STA-015"),
	}
}

// healthyByHand are containers made by hand in which nothing is wrong.
func healthyByHand() []Case {
	const services = "  app:\n    image: busybox:testbed\n    init: true\n    command: sleep 600\n    volumes: ['.:/work']\n  db:\n    image: busybox:testbed\n    init: true\n    command: sleep 600\n"
	return []Case{
		{Name: "well-hand", Title: "made by hand, the workspace mounted", Inject: `hand --init "$IMAGE" sleep 600`},
		{Name: "well-hand-labelled", Title: "made by hand, with labels", Inject: `run --init "$IMAGE" sleep 600`},
		{Name: "well-hand-search", Title: "a search domain of DNS", Inject: `hand --init --dns-search team.example "$IMAGE" sleep 600`},
		{Name: "well-hand-starting", Title: "the health check is still to succeed", Inject: `hand --init --health-cmd false --health-interval 0.3s --health-start-period 90s "$IMAGE" sleep 600; sleep 1`},
		{Name: "well-hand-networks", Title: "two networks", Inject: `docker network create front; docker network create back; hand --init --network front "$IMAGE" sleep 600; docker network connect back dev`},
		{Name: "well-hand-tries", Title: "it needed a try, and is up", Inject: `hand --init --restart on-failure:5 "$IMAGE" sh -c 'if [ ! -e /tried ]; then touch /tried; exit 1; fi; exec sleep 600'; sleep 2`},
		{
			Name: "well-hand-services", Title: "Compose in the root, started by hand", Needs: "compose", Config: rootComposed,
			Inject: inRoot + "root <<'E'\n" + services + "E\nstart",
		},
	}
}
