package extensions

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/procedure"
	"iact-infra/internal/symptom"
)

// sign is a text of the server's logs that has one meaning.
type sign struct {
	code    string // of the check that it belongs to
	pattern string
	cause   procedure.Text
	fix     string // %s is the container
}

// signs are those that only these logs have; the catalogue of symptoms knows what
// other programs say. Sources: vscode-remote-release#10911, #9508, #5624, #7335,
// #10026; vscode#137314, vscode-python#23906.
func signs() []sign {
	return []sign{
		{
			"DC-EXT-004", `(?i)does not meet .{0,40}prerequisites|may not meet VS Code Server's prerequisites|version .GLIBC(XX)?_[\d.]+' not found`,
			doctor.Say("la imagen es demasiado antigua para el servidor de VS Code: pide glibc %[1]s y libstdc++ %[2]s", "the image is too old for the server of VS Code: it wants glibc %[1]s and libstdc++ %[2]s", oldestGlibc, oldestLibcxx),
			"docker exec %s sh -c 'ldd --version; ls /usr/lib/*/libstdc++.so.6.*'\n# a newer base image (Debian 10, Ubuntu 20.04 or later; on Alpine apk add libstdc++), or VS Code 1.98 or older",
		},
		{
			"DC-EXT-003", `Neither curl nor wget is installed|(wget|curl) download failed|Failed to download VS Code Server|Downloading VS Code Server failed`,
			doctor.Say("el servidor del editor no se pudo bajar en el contenedor: sin salida a la red, sin proxy, o sin curl ni wget", "the editor's server could not be downloaded in the container: no way out, no proxy, or neither curl nor wget"),
			"docker exec %s sh -c 'command -v curl wget; curl -sSI https://update.code.visualstudio.com'\n# install curl and ca-certificates in the image; behind a proxy HTTPS_PROXY in containerEnv",
		},
		{
			"DC-EXT-003", `tar exited with non-0 exit code|tar: This does not look like a tar archive|gzip: stdin: unexpected end of file`,
			doctor.Say("el archivo del servidor llegó incompleto, o es otra cosa, como la página de un proxy", "the archive of the server came incomplete, or it is something else, such as a proxy's page"),
			"docker exec -u 0 %s sh -c 'rm -rf /home/*/.vscode-server/bin /root/.vscode-server/bin'   # then connect again",
		},
		{
			"DC-EXT-006", `EACCES: permission denied, \w+ ['"][^'"]*-server|create directory .{0,200}-server.{0,200}: Permission denied`,
			doctor.Say("el usuario del editor no puede escribir en la carpeta de su servidor: a menudo la creó root, o un volumen", "the editor's user may not write to the folder of its server: often root made it, or a volume"),
			"docker exec -u 0 %s sh -c 'ls -ld /home/*/.vscode-server*'   # then chown -R it to the user",
		},
		{
			"DC-EXT-003", `Extension Host Process exited with code: (null, signal: SIG(SEGV|KILL|ABRT|ILL|BUS|TRAP)|1[2-4]\d)|[Ee]xtension host terminated unexpectedly`,
			doctor.Say("el anfitrión de extensiones se cayó: con SIGKILL falta memoria; con SIGSEGV o SIGILL, una extensión con código nativo", "the extension host has crashed: with SIGKILL for want of memory, with SIGSEGV or SIGILL by an extension with native code"),
			"docker stats --no-stream %s\n# in VS Code: Help: Start Extension Bisect finds the extension",
		},
		{
			"DC-EXT-003", `ENOSPC: System limit for number of file watchers reached`,
			doctor.Say("el editor no puede vigilar más archivos: el límite de inotify de la máquina está agotado", "the editor cannot watch more files: the machine's limit of inotify is used up"),
			"sudo sysctl -w fs.inotify.max_user_watches=524288   # on the machine of %s",
		},
		{
			"DC-EXT-003", `ENOSPC: no space left on device`,
			doctor.Say("al servidor del editor no le quedaba disco", "the editor's server had no disk left"),
			"docker exec %s df -h",
		},
		{
			"DC-EXT-003", `getaddrinfo (ENOTFOUND|EAI_AGAIN) \S{0,60}(marketplace|gallery|update\.code)\S*`,
			doctor.Say("las extensiones no se pueden bajar: el contenedor no resuelve el nombre del mercado", "extensions cannot be downloaded: the container does not resolve the name of the marketplace"),
			"docker exec %s getent hosts marketplace.visualstudio.com",
		},
	}
}

// explained holds the end of a log against the signs, and what else went wrong in
// an installation against the catalogue. One finding is enough: what stands last
// in a log follows from what stands before.
func explained(f *facts, at, log string, state doctor.State, installing bool) []doctor.Finding {
	for _, s := range signs() {
		all := regexp.MustCompile(s.pattern).FindAllStringIndex(log, -1)
		if len(all) == 0 {
			continue
		}
		said := lineAt(log, all[len(all)-1][0])
		if len(all) > 1 {
			said = fmt.Sprintf("%s (%d times)", said, len(all))
		}
		one := doctor.Finding{State: state, Where: at, Evidence: said, Cause: s.cause, Fix: fmt.Sprintf(s.fix, f.container.Name), Explains: []string{"DC-EXT-007"}}
		if s.code != "DC-EXT-003" {
			one.Code, one.Title = s.code, titleOf(s.code)
		}
		return []doctor.Finding{one}
	}
	if !installing {
		return nil // extensions write all kinds of things into a session's logs
	}
	catalogue, err := symptom.Load()
	if err != nil {
		return doctor.Unseen(err)
	}
	for _, s := range catalogue.Match(log) {
		return []doctor.Finding{{
			State: state, Where: at, Evidence: lineAt(s.Excerpt, len(s.Excerpt)),
			Cause: procedure.Text{ES: s.Cause.ES, EN: s.Cause.EN}, Fix: "# " + cmp.Or(s.Fix.EN, s.Fix.ES), Explains: []string{"DC-EXT-007"},
		}}
	}
	return nil
}

// titleOf is the title of the check with that code.
func titleOf(code string) procedure.Text {
	for _, c := range Checks() {
		if c.Code == code {
			return c.Title
		}
	}
	return procedure.Text{}
}

// lineAt is the line of a text at an offset.
func lineAt(text string, at int) string {
	before, after := text[:min(at, len(text))], text[min(at, len(text)):]
	line, _, _ := strings.Cut(after, "\n")
	return strings.TrimSpace(before[strings.LastIndexByte(before, '\n')+1:] + line)
}
