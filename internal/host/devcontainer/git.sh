set -eu
# Git asks nobody, and a hook of ours has no say in which repository is meant.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_COMMON_DIR GIT_NAMESPACE
export GIT_TERMINAL_PROMPT=0 GIT_ASKPASS= GCM_INTERACTIVE=never GIT_OPTIONAL_LOCKS=0
export GIT_SSH_COMMAND="${GIT_SSH_COMMAND:-$(git config --get core.sshCommand || echo ssh)} -o BatchMode=yes -o ConnectTimeout=20"

tell() { printf '%s\t%s\n' "$1" "$2"; }
each() { [ -z "$2" ] || printf '%s\n' "$2" | sed "s/^/$1\t/"; }
fail() { code=$1; shift; echo "$*" >&2; exit "$code"; }
net() { git -c http.lowSpeedLimit=1000 -c http.lowSpeedTime=30 "$@"; }

part=$1
case $2 in
  '~/'*) dir=$HOME/${2#'~/'} ;;
  *) dir=$2 ;;
esac
parent=$(dirname -- "$dir")
new=$parent/.$(basename -- "$dir").iact-new
old=$parent/.$(basename -- "$dir").iact-old
shift 2

# What is in a clone besides its files: commits, branches, settings, hooks.
contents() {
  (cd "$1/.git" && { git for-each-ref refs/heads refs/tags refs/stash; cat HEAD config logs/HEAD info/exclude 2>/dev/null || true; ls hooks worktrees 2>/dev/null || true; }) | sha256sum | cut -c1-64
}

# One at a time works beside the clone. The lock is that of the directory and
# goes with this process and its git.
alone() {
  [ -d "$parent" ] || fail 75 "there is no directory $parent"
  exec 9<"$parent"
  flock -n 9 || fail 73 "somebody else is cloning into $parent"
}

look() {
  tell dir "$dir"
  if [ ! -e "$dir" ] && [ ! -L "$dir" ]; then tell there nothing; return; fi
  if [ ! -e "$dir/.git" ]; then tell there something; return; fi
  tell there clone
  cd -- "$dir"
  at=$(git rev-parse --absolute-git-dir)
  each remote "$(git config --get-regexp '^remote\..*\.url$' || true)"
  tell commit "$(git rev-parse -q --verify HEAD || true)"
  branch=$(git symbolic-ref -q --short HEAD || true)
  tell branch "$branch"
  tell merge "$(git config --get "branch.$branch.merge" || true)"
  tell upstream "$(git rev-parse -q --verify --symbolic-full-name '@{upstream}' 2>/dev/null || true)"
  tell ahead "$(git rev-list --count '@{upstream}..HEAD' 2>/dev/null || true)"
  tell wanted "$(git rev-parse -q --verify "${1:-HEAD}^{commit}" 2>/dev/null || true)"
  for name in MERGE_HEAD CHERRY_PICK_HEAD REVERT_HEAD BISECT_LOG rebase-merge rebase-apply index.lock; do
    [ ! -e "$at/$name" ] || tell doing "$name"
  done
  each dirty "$(git status --porcelain)"
}

# ask REMOTE BRANCH: the newest commit of a branch.
ask() {
  cd -- "$dir"
  newest=$(net ls-remote -- "$1" "$2")
  tell newest "${newest%%	*}"
}

# clone URL REF TOKEN
clone() {
  alone
  rm -rf -- "$new"
  trap 'rm -rf -- "$new"' EXIT
  net clone --quiet --no-checkout -- "$1" "$new"
  (
    cd -- "$new"
    if [ -z "$2" ]; then
      ! git rev-parse -q --verify HEAD >/dev/null || git checkout --quiet
    elif git rev-parse -q --verify "refs/remotes/origin/$2" >/dev/null; then
      git checkout --quiet "$2" --
    elif git rev-parse -q --verify "$2^{commit}" >/dev/null; then
      git checkout --quiet --detach "$2" --
    else
      fail 74 "the repository has no branch, tag or commit $2; its branches are $(git for-each-ref --format='%(refname:lstrip=3)' refs/remotes/origin | grep -vx HEAD | head -n 20 | tr '\n' ' ')"
    fi
  )
  printf '%s\n%s\n' "$3" "$(contents "$new")" >"$new/.git/iact-clone"
  [ ! -e "$dir" ] || fail 1 "$dir has appeared meanwhile"
  mv -T -- "$new" "$dir"
}

# update: a fast-forward, or nothing. Where the clone was as we had made it, it
# still counts as that.
update() {
  cd -- "$dir"
  was=
  [ ! -f .git/iact-clone ] || [ "$(sed -n 2p .git/iact-clone)" != "$(contents .)" ] || was=$(sed -n 1p .git/iact-clone)
  net fetch --quiet
  git merge --quiet --ff-only '@{upstream}'
  [ -z "$was" ] || printf '%s\n%s\n' "$was" "$(contents .)" >.git/iact-clone
}

# remove TOKEN: away, by one rename, with what is ours and as it was made.
remove() {
  alone
  rm -rf -- "$new" "$old"
  [ -e "$dir" ] || return 0
  if [ "$(sed -n 1p "$dir/.git/iact-clone" 2>/dev/null || true)" != "$1" ]; then tell odd "it is not the clone that this run has made"; return; fi
  changed=$(git -C "$dir" status --porcelain --ignored --untracked-files=all)
  if [ -n "$changed" ]; then each left "$changed"; return; fi
  if [ "$(sed -n 2p "$dir/.git/iact-clone")" != "$(contents "$dir")" ]; then tell odd "there are commits, branches or settings that were made since"; return; fi
  mv -T -- "$dir" "$old"
  rm -rf -- "$old"
}

# This script is the standard input: nothing that it starts may read on in it.
"$part" "$@" </dev/null
