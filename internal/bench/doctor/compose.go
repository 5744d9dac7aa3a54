package doctor

// composed is a devcontainer of a Compose project, and project makes its files:
// an app and a database.
const (
	composed = `{"dockerComposeFile": "compose.yaml", "service": "app", "workspaceFolder": "/work"}`
	project  = `cat >.devcontainer/compose.yaml <<'E'
services:
  app:
    image: busybox:testbed
    init: true
    command: sleep 600
    volumes: ["..:/work"]
  db:
    image: busybox:testbed
    init: true
    command: sleep 600
E
`
)

// composeFaults are those of Compose projects.
func composeFaults() []Case {
	return []Case{
		{
			Name: "services-file", Title: "the compose file is not there", Needs: "compose",
			Config: composed, Inject: `fails_up`,
			Want: codes("COMPOSE"), Sees: "compose.yaml",
		},
		{
			Name: "services-indent", Title: "the compose file is no YAML", Needs: "compose",
			Config: composed, Inject: `printf 'services:\n  app:\n    image: busybox:testbed\n   command: sleep 600\n' >.devcontainer/compose.yaml; fails_up`,
			Want: codes("COMPOSE"), Sees: "compose.yaml",
		},
		{
			Name: "services-name", Title: "no service has the name", Needs: "compose",
			Config: `{"dockerComposeFile": "compose.yaml", "service": "web", "workspaceFolder": "/work"}`, Inject: project + `fails_up`,
			Want: codes("SERVICE"), Sees: "web",
		},
		{
			Name: "services-env-file", Title: "an env_file is not there", Needs: "compose",
			Config: composed, Inject: project + `sed -i 's/^  app:/&\n    env_file: secrets.env/' .devcontainer/compose.yaml; fails_up`,
			Want: codes("ENV-FILE", "COMPOSE", "PATH"), Sees: "secrets.env",
		},
		{
			Name: "services-variable", Title: "a variable of the compose file is nowhere: .env is missing", Needs: "compose",
			Config: composed, Inject: project + `sed -i 's/busybox:testbed/busybox:${TAG:?is not set}/' .devcontainer/compose.yaml; fails_up`,
			Want: codes("COMPOSE", "EMPTY-VARIABLE", "VARIABLE"), Sees: "TAG",
		},
		{
			Name: "services-volume", Title: "an external volume is not there", Needs: "compose",
			Config: composed, Inject: project + `printf 'volumes:\n  team-data: {external: true}\n' >>.devcontainer/compose.yaml; sed -i 's|"..:/work"|&, "team-data:/data"|' .devcontainer/compose.yaml; fails_up`,
			Want: codes("VOL-004"), Sees: "team-data",
		},
		{
			Name: "services-network", Title: "an external network is not there", Needs: "compose",
			Config: composed, Inject: project + `printf 'networks:\n  default: {name: team-net, external: true}\n' >>.devcontainer/compose.yaml; fails_up`,
			Want: codes("NET-013", "NETWORK"), Sees: "team-net",
		},
		{
			Name: "services-down", Title: "the database has ended", Needs: "compose",
			Config: composed, Inject: project + `sed -i '/^  db:/,$ s/command: .*/command: sh -c "echo disk quota exceeded; exit 2"/' .devcontainer/compose.yaml; up || true`,
			Want: codes("STA-015"), Sees: "db",
		},
		{
			Name: "services-sick", Title: "the app waits for a database that does not become healthy", Needs: "compose",
			Config: composed, Inject: project + `sed -i 's/^  app:/&\n    depends_on: {db: {condition: service_healthy}}/; s/^  db:/&\n    healthcheck: {test: "pg_isready", interval: 0.2s, retries: 2}/' .devcontainer/compose.yaml; fails_up`,
			Want: codes("STA-005", "STA-015"), Sees: "pg_isready",
		},
		{
			Name: "services-apart", Title: "app and database have no network in common", Needs: "compose",
			Config: composed, Inject: project + `sed -i 's/^  app:/&\n    networks: [front]\n    depends_on: [db]\n    environment: {DATABASE_HOST: db}/; s/^  db:/&\n    networks: [back]/' .devcontainer/compose.yaml; printf 'networks: {front: {}, back: {}}\n' >>.devcontainer/compose.yaml; up`,
			Want: codes("NET-009"), Sees: "db",
		},
		{
			Name: "services-image", Title: "the image of a service is not there", Needs: "compose",
			Config: composed, Inject: project + `sed -i '/^  db:/,$ s/image: .*/image: postgres:nosuch/' .devcontainer/compose.yaml; fails_up`,
			Want: codes("STA-012"), Sees: "postgres:nosuch",
		},
		{
			Name: "pools", Title: "all addresses for networks are given away", Needs: "compose",
			Config: composed,
			Inject: project + `engine_stop; echo '{"default-address-pools": [{"base": "10.99.0.0/24", "size": 26}]}' >/etc/docker/daemon.json; rm -rf /var/lib/docker/network; engine_start
n=0; while docker network create "old-$n" >/dev/null 2>&1; do n=$((n + 1)); done; fails_up`,
			Undo: `docker network ls --quiet --filter name=old- | xargs -r docker network rm >/dev/null; engine_stop; rm -rf /var/lib/docker/network; engine_back`,
			Want: codes("NET-008"), Sees: "10.99.0.0/24",
		},
	}
}
