set -eu
# Where users have programs, though no login has said so.
export PATH="$PATH:$HOME/.local/bin:/usr/local/bin"
own=$HOME/.iact-infra/devcontainers-cli

tell() { printf '%s\t%s\n' "$1" "$2"; }
fail() { code=$1; shift; echo "$*" >&2; exit "$code"; }

part=$1
shift

# find VERSION: one that npm has installed for us, else the one of the user.
find() {
  program=$own/$1/node_modules/.bin/devcontainer
  [ -x "$program" ] || program=$(command -v devcontainer) || return 0
  version=$("$program" --version) || fail 1 "$program does not run: it takes Node.js 20 or newer"
  tell program "$program"
  tell version "$version"
}

# install VERSION: beside its place, and there by one rename.
install() {
  command -v npm >/dev/null || fail 4 "npm is not here: install Node.js 20 or newer (apt-get install nodejs npm)"
  major=$(node --version | sed 's/^v//; s/\..*//')
  [ "$major" -ge 20 ] || fail 4 "Node.js $(node --version) is here; the CLI takes 20 or newer"
  mkdir -p -- "$own"
  exec 9<"$own"
  flock -n 9 || fail 73 "somebody else is installing there"
  [ ! -x "$own/$1/node_modules/.bin/devcontainer" ] || return 0
  new=$own/.new
  rm -rf -- "$new" "$own/$1"
  trap 'rm -rf -- "$new"' EXIT
  mkdir -- "$new"
  # A project of its own: npm would go up to one that it finds above.
  echo '{"private": true}' >"$new/package.json"
  (cd -- "$new" && npm install --cache "$new/.cache" --no-audit --no-fund --no-update-notifier --ignore-scripts --save-exact --loglevel=error "@devcontainers/cli@$1" >&2)
  rm -rf -- "$new/.cache"
  version=$("$new/node_modules/.bin/devcontainer" --version)
  [ "$version" = "$1" ] || fail 1 "npm has installed $version, and not $1"
  mv -T -- "$new" "$own/$1"
}

# uninstall VERSION
uninstall() {
  rm -rf -- "$own/$1" "$own/.new"
  rmdir -- "$own" "$(dirname -- "$own")" 2>/dev/null || true
}

# up PROGRAM DIR CONFIG
up() {
  program=$1 dir=$2 config=$3
  shift 3
  exec "$program" up --workspace-folder "$dir" ${config:+--config "$dir/$config"}
}

# run PROGRAM DIR CONFIG LINE
run() {
  program=$1 dir=$2 config=$3 line=$4
  exec "$program" exec --workspace-folder "$dir" ${config:+--config "$dir/$config"} sh -c "$line"
}

running() { docker ps --quiet --no-trunc --filter "label=devcontainer.local_folder=$1"; }

before() {
  docker ps --all --quiet --no-trunc
  docker image ls --all --quiet --no-trunc
  docker network ls --quiet --no-trunc
}

# down DIR BEFORE…
down() {
  dir=$1
  shift
  was=" $* "
  new() { for id in $1; do case $was in *" $id "*) ;; *) echo "$id" ;; esac; done; }
  mine=$(new "$(docker ps --all --quiet --no-trunc --filter "label=devcontainer.local_folder=$dir")")
  projects=
  images=
  for id in $mine; do
    projects="$projects $(docker inspect --format '{{index .Config.Labels "com.docker.compose.project"}}' "$id")"
    images="$images $(docker inspect --format '{{.Image}}' "$id")"
  done
  for project in $projects; do
    mine="$mine $(new "$(docker ps --all --quiet --no-trunc --filter "label=com.docker.compose.project=$project")")"
  done
  for id in $mine; do
    docker inspect --format '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}' "$id" 2>/dev/null || true
    docker rm --force "$id" >/dev/null 2>&1 || ! docker inspect "$id" >/dev/null 2>&1 || fail 1 "the container $id cannot be removed"
  done
  for project in $projects; do
    for id in $(new "$(docker network ls --quiet --no-trunc --filter "label=com.docker.compose.project=$project")"); do docker network rm "$id" >/dev/null 2>&1 || true; done
  done
  for id in $(new "$images"); do docker image rm "$id" >/dev/null 2>&1 || true; done
}

# This script is the standard input: nothing that it starts may read on in it.
"$part" "$@" </dev/null
