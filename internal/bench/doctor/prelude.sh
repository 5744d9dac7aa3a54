# What the scripts of the faults are written with. W is the workspace, IMAGE a small image with a shell, G a name of the
# machine's own for control groups.
set -euo pipefail

# up makes the devcontainer as an editor does, by the official CLI: up [OPTION…]. What it said is in /run/up.log. Its last questions end
# after it: a container that is paused meanwhile stays so for good.
up() {
  local code=0
  devcontainer up --workspace-folder "$W" --log-level info "$@" >/run/up.log 2>&1 || code=$?
  await eval '! pgrep -f "^docker exec"'
  return "$code"
}

# fails_up is up where that has to fail.
fails_up() { if up; then echo "devcontainer up went well" >&2; return 1; fi; }

# run makes the devcontainer with a command of its own: run [OPTION…] IMAGE [CMD…]. The labels are those of the CLI.
run() {
  docker run --detach --label "devcontainer.local_folder=$W" --label "devcontainer.config_file=$W/.devcontainer/devcontainer.json" \
    --label 'devcontainer.metadata=[]' --mount "type=bind,source=$W,target=/workspaces/${W##*/}" "$@" >/dev/null
}

# fails_run is run where that has to fail.
fails_run() { if run "$@" 2>/run/up.log; then echo "docker run went well" >&2; return 1; fi; }

# hand makes a container with nothing but the workspace mounted, as somebody who knows no labels: hand [OPTION…] IMAGE [CMD…].
hand() { docker run --detach --name dev --volume "$W:/workspaces/${W##*/}" "$@" >/dev/null; }

# fails_hand is hand where that has to fail.
fails_hand() { if hand "$@" 2>/run/up.log; then echo "docker run went well" >&2; return 1; fi; }

# over waits until that container is in a state: over STATE
over() { await eval '[ "$(docker inspect --format "{{.State.Status}}" dev)" = '"$1"' ]'; }

# c prints the devcontainer.
c() { docker ps --all --quiet --no-trunc --filter "label=devcontainer.local_folder=$W" | head -n 1; }

# within runs a script in the devcontainer, as root.
within() { docker exec --user root "$(c)" sh -c "$1"; }

# state prints a value of the devcontainer: state .State.Status
state() { docker inspect --format "{{$1}}" "$(c)"; }

# await waits until a command succeeds, ten seconds at most.
await() {
  local try
  for try in $(seq 200); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.05
  done
  echo "this never came true: $*" >&2
  return 1
}

# ends waits until the devcontainer has ended.
ends() { await eval '[ "$(state .State.Status)" = exited ]'; }

# restarts waits until the engine has restarted it some times.
restarts() { await eval '[ "$(state .RestartCount)" -ge 3 ]'; }

# sick waits until its health check says so.
sick() { await eval '[ "$(state .State.Health.Status)" = unhealthy ]'; }

# image builds an image: image NAME < Dockerfile
image() { docker build --quiet --tag "$1" - >/dev/null; }

# file writes a file with its folders: file PATH < text
file() { mkdir -p "$(dirname "$1")" && cat >"$1"; }

engine_pid() { cat /run/docker.pid; }

# engine_try starts the daemon, which need not go well.
engine_try() {
  (cd / && exec setsid dockerd --cgroup-parent "/$G" "$@") </dev/null >/var/log/docker.log 2>&1 &
}

engine_start() {
  engine_try "$@"
  await docker version
}

# engine_stop stops it in order, as a service is stopped.
engine_stop() {
  local pid
  pid=$(engine_pid)
  kill "$pid"
  await eval "[ ! -e /proc/$pid/exe ]"
}

# engine_refuses starts a daemon that does not come up, after the old one was stopped.
engine_refuses() {
  : >/var/log/docker.log
  engine_try "$@"
  await test -s /var/log/docker.log # else it has not begun
  await eval '! pgrep -x dockerd'
}

# engine_back brings a daemon back, whatever became of it.
engine_back() {
  pkill -CONT -x dockerd || true
  pkill -x dockerd || true
  await eval '! pgrep -x dockerd' || pkill -KILL -x dockerd
  pkill -x containerd || true
  await eval '! pgrep -x containerd'
  rm -rf /run/docker.pid /run/docker.sock /etc/docker/daemon.json
  engine_start
}

# rescue brings back a daemon that is stuck.
rescue() {
  local state
  for state in /sys/fs/cgroup/freezer/"$G"/*/freezer.state; do
    [ ! -e "$state" ] || echo THAWED >"$state" || true
  done
  pkill -KILL -f '^/usr/bin/containerd-shim' || true
  engine_back
}
