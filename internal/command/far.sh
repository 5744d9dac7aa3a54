mark() { printf "\n%s %s\n" "$_t" "$*" >&2; }
finish() { mark "$@"; exit 0; }
end() { kill -s "$1" -- "-$_p" 2>/dev/null || kill -s "$1" "$_p" 2>/dev/null; }
lost() { end TERM; sleep 5; end KILL; exit 1; }
watch() { while IFS= read -r _n; do :; done; lost; }
feed() { trap "" PIPE; while IFS= read -r _n; do [ "$_n" = 0 ] && return 0; dd bs="$_n" count=1 iflag=fullblock 2>/dev/null || watch; done; lost; }
fifo() { for _d in /dev/shm /tmp /var/tmp /run; do _d=$(mktemp -d "$_d/iact-XXXXXX" 2>/dev/null) && mkfifo "$_d/pipe" 2>/dev/null && return 0; [ -z "$_d" ] || rm -rf "$_d"; done; return 1; }
able() { echo x | dd bs=1 count=1 iflag=fullblock >/dev/null 2>&1; }
own() { if command -v setsid >/dev/null 2>&1; then exec setsid "$@"; else exec "$@"; fi; }
begin() { exec 3<&0 </dev/null; { own "$@" 3<&-; } & _p=$!; { watch <&3; } >/dev/null 2>&1 & _w=$!; }
fed() { exec 3<&0 </dev/null; { own "$@" <"$_d/pipe" 3<&-; } & _p=$!; { rm -rf "$_d"; feed <&3; exec >/dev/null; watch <&3; } >"$_d/pipe" 2>/dev/null & _w=$!; }
packer() { command -v zstd >/dev/null 2>&1 || return 1; _z="zstd -1 -q -c --single-thread"; _n="$_z --no-asyncio"; if $_n </dev/null >/dev/null 2>&1; then _z=$_n; fi; }
run() { cd -- "$_c" 2>/dev/null || finish nodir; command -v -- "$1" >/dev/null 2>&1 || finish missing; if [ "$_i" = 1 ]; then able || finish unable dd; fifo || finish unable mkfifo; fi; if [ "$_z" = 1 ] && packer; then mark up zstd; else _z=; mark up; fi; IFS= read -r _n || { [ "$_i" = 0 ] || rm -rf "$_d"; exit 1; }; if [ -n "$_z" ]; then through "$@" | $_z 2>/dev/null; else through "$@"; fi; exit; }
through() { if [ "$_i" = 1 ]; then fed "$@"; else begin "$@"; fi; mark pid "$_p"; wait "$_p" 2>/dev/null; _e=$?; kill -s KILL "$_w" 2>/dev/null; wait "$_w" 2>/dev/null; [ "$_i" = 0 ] || rm -rf "$_d"; mark exit "$_e"; }
