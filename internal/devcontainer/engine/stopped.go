package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/procedure"
	"iact-infra/internal/symptom"
)

// stopped is a daemon of this machine that does not run. Its log says why; where
// there is none, or it ended in order, its files may.
func (p *patient) stopped(ctx context.Context) doctor.Finding {
	h := newHome(p.socket())
	by, back := p.chosen()
	f := doctor.Finding{
		Code: "DC-ENG-001", Title: doctor.Say("El motor está parado", "The engine is stopped"), Where: h.socket, Evidence: oneLine(p.said),
		Cause: doctor.Say("el demonio de %s no está en marcha", "the daemon of %s does not run", h.socket),
		Fix:   start(h, back),
	}
	if by != "" {
		f.Evidence += "; " + by
	}
	for _, look := range []func(context.Context, home, *doctor.Finding) bool{p.notASocket, p.otherDaemon, p.failed, p.leftPid, p.noSpace, p.notInstalled} {
		if look(ctx, h, &f) {
			break
		}
	}
	return f
}

// start is how a daemon that is stopped is started.
func start(h home, back string) string {
	switch {
	case h.unit && strings.HasPrefix(h.socket, "/run/user/"):
		return "systemctl --user start docker"
	case !h.unit && back != "" && !h.exists():
		return join("sudo systemctl start docker", back)
	case !h.unit:
		return fmt.Sprintf("sudo dockerd --config-file %s -H unix://%s", h.config, h.socket)
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return "sudo service docker start"
	}
	return "sudo systemctl start docker\njournalctl -u docker -n 50 --no-pager"
}

// notASocket is a path that holds something else.
func (p *patient) notASocket(_ context.Context, h home, f *doctor.Finding) bool {
	info, err := os.Stat(h.socket)
	if err != nil || info.Mode()&os.ModeSocket != 0 {
		return false
	}
	if info.IsDir() {
		f.Evidence = h.socket + " is a directory; " + f.Evidence
		f.Cause = doctor.Say("en el lugar del socket hay una carpeta, que hizo un contenedor que lo montaba sin el demonio; así dockerd no arranca",
			"a directory stands in the place of the socket, made for a container that mounts it; dockerd does not start with it")
		f.Fix = join("sudo rmdir "+h.socket, start(h, ""))
		return true
	}
	f.Evidence = h.socket + " is a plain file, no socket; " + f.Evidence
	f.Cause = doctor.Say("en el lugar del socket hay un archivo corriente", "a plain file stands in the place of the socket")
	f.Fix = join("sudo mv "+h.socket+" "+h.socket+".was", start(h, ""))
	return true
}

// otherDaemon is a daemon that runs with this socket's path gone, or replaced.
func (p *patient) otherDaemon(_ context.Context, h home, f *doctor.Finding) bool {
	d, runs := h.process(daemons())
	if !runs {
		return false
	}
	f.Evidence += fmt.Sprintf("; process %d (%s) runs", d.pid, strings.Join(d.argv, " "))
	f.Cause = doctor.Say("el demonio corre (proceso %d), pero ya no atiende %s: el socket se borró o se reemplazó", "the daemon runs (process %d) and does not serve %s any more: the socket was removed or replaced", d.pid, h.socket)
	f.Fix = restart(h, d)
	return true
}

// failed is a daemon whose log tells that it could not start. What it says after
// that, that it listens or was stopped, takes it back.
func (p *patient) failed(ctx context.Context, h home, f *doctor.Finding) bool {
	at, log := p.log(ctx, h)
	lines := strings.Split(strings.TrimSpace(log), "\n")
	last := failure(lines)
	if last < 0 {
		return false
	}
	if contains(lines[last], "unable to configure the docker daemon", "unable to parse logging level") && h.corrected(at) {
		return false
	}
	f.Where, f.Evidence = at, oneLine(lines[last])
	if last > 0 && contains(lines[last-1], "level=error") {
		f.Evidence += "; before that: " + oneLine(lines[last-1])
	}
	f.Evidence += "; nobody listens at " + h.socket
	f.Cause = doctor.Say("el demonio no pudo arrancar; su registro dice por qué", "the daemon could not start; its log says why")
	f.Fix = join("sudo tail -n 30 "+at, start(h, ""))
	if at == "journal" {
		f.Fix = start(h, "")
	}
	if contains(lines[last], "unable to configure the docker daemon", "unable to parse logging level", "failed to set log opts") {
		f.Fix = join("sudoedit "+h.config, start(h, ""))
		if text, err := os.ReadFile(h.config); err != nil || checkSettings(text) == nil { // else the check of the file says it
			f.Code, f.Title = "DC-ENG-006", doctor.Say("daemon.json no es válido", "daemon.json is not valid")
		}
	}
	if h.blamed(lines[last], f) {
		f.Fix = join("sudoedit "+h.config, start(h, ""))
		return true
	}
	h.reasoned(lines[:last+1], f)
	return true
}

// failure is the line that says why a daemon did not start; -1 when none does, or
// when a later one takes it back.
func failure(lines []string) int {
	last := -1
	for i, line := range lines {
		switch {
		case contains(line, "api listen on", "daemon has completed initialization", "processing signal", "daemon shutdown complete"):
			last = -1
		case contains(line, "failed to start daemon", "unable to configure the docker daemon", "level=fatal", "unable to parse logging level", "failed to load listener", "can't create unix socket", "flag provided", "unknown flag", "panic:"):
			last = i
		// What keeps it from the very beginning is printed, and not logged.
		case i > 0 && contains(lines[i-1], `msg="starting up"`) && line != "" && !contains(line, "level=", "docker.service", "docker application container engine"):
			last = i
		}
	}
	return last
}

// reasoned finds the cause in what a daemon said last. The last line is what it
// failed of; those before may only be how it went down.
func (h home) reasoned(lines []string, f *doctor.Finding) {
	said := strings.Join(slices.DeleteFunc(slices.Clone(lines[max(0, len(lines)-6):]), func(line string) bool {
		return contains(line, "level=warning", "level=info", "level=debug") // it tries containerd before that is up
	}), "\n")
	for _, text := range []string{lines[len(lines)-1], said} {
		for _, known := range reasons() {
			if contains(text, known.words...) {
				f.Evidence += h.setting(known.key)
				f.Cause, f.Fix = known.cause, join(strings.NewReplacer("{root}", h.dataRoot, "{pidfile}", h.pidfile, "{config}", h.config, "{socket}", h.socket).Replace(known.fix), start(h, ""))
				return
			}
		}
	}
	if catalogue, err := symptom.Load(); err == nil {
		if found := catalogue.MatchPreferring(said, []string{"D03", "D18", "D19"}); len(found) > 0 {
			f.Cause = procedure.Text{ES: found[0].Cause.ES, EN: found[0].Cause.EN}
		}
	}
}

// setting is a value of daemon.json, as evidence.
func (h home) setting(key string) string {
	var keys map[string]json.RawMessage
	text, err := os.ReadFile(h.config)
	if err != nil || json.Unmarshal(text, &keys) != nil || keys[key] == nil {
		return ""
	}
	return fmt.Sprintf("; %s has %s %s", h.config, key, keys[key])
}

// corrected says whether daemon.json was changed since the log was written, and
// can be read now: what the log says of it holds no more.
func (h home) corrected(log string) bool {
	file, err := os.Stat(h.config)
	written, wrong := os.Stat(log)
	text, unread := os.ReadFile(h.config)
	return err == nil && wrong == nil && unread == nil && file.ModTime().After(written.ModTime()) && checkSettings(text) == nil
}

// log is the end of the daemon's log, and where it was.
func (p *patient) log(ctx context.Context, h home) (at, text string) {
	for _, path := range h.logs {
		if text := tail(path, 16<<10); text != "" {
			return path, text
		}
	}
	if !h.unit {
		return "", ""
	}
	user := ""
	if strings.HasPrefix(h.socket, "/run/user/") {
		user = "--user"
	}
	said, err := p.Here(ctx, `echo "== log"; journalctl $1 -u docker -n 60 --no-pager -o cat 2>/dev/null`, user)
	if err != nil {
		return "", ""
	}
	return "journal", said["log"]
}

// tail is the end of a file, "" when it cannot be read.
func tail(path string, most int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return ""
	}
	from := max(0, info.Size()-most)
	text := make([]byte, info.Size()-from)
	n, _ := file.ReadAt(text, from)
	return string(text[:n])
}

// leftPid is a file that a crash has left, with the number of another process.
func (p *patient) leftPid(_ context.Context, h home, f *doctor.Finding) bool {
	text, err := os.ReadFile(h.pidfile)
	if err != nil {
		return false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	name, gone := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil || gone != nil || strings.TrimSpace(string(name)) == "dockerd" {
		return false
	}
	f.Evidence = fmt.Sprintf("%s holds %d, which is %s; %s", h.pidfile, pid, strings.TrimSpace(string(name)), f.Evidence)
	f.Cause = doctor.Say("un demonio anterior dejó su archivo de pid, y ese número es ahora de otro proceso: dockerd cree que ya corre",
		"an earlier daemon has left its pid file, and the number now belongs to another process: dockerd believes that it runs already")
	f.Fix = join("sudo rm "+h.pidfile, start(h, ""))
	return true
}

// noSpace is a data root without room for a daemon to start in.
func (p *patient) noSpace(ctx context.Context, h home, f *doctor.Finding) bool {
	said, err := p.Here(ctx, `echo "== free"; df -Pk -- "$1" | awk 'NR == 2 {print $4}'; echo "== inodes"; df -Pi -- "$1" | awk 'NR == 2 {print $4}'`, h.dataRoot)
	if err != nil {
		return false
	}
	for _, part := range []string{"free", "inodes"} {
		if left, err := strconv.Atoi(said[part]); err == nil && left < 64 && (part == "free" || left > 0) {
			f.Evidence = fmt.Sprintf("%s left for %s: %d; %s", part, h.dataRoot, left, f.Evidence)
			f.Cause = doctor.Say("no queda sitio para los datos del demonio", "no room is left for the data of the daemon")
			f.Fix = join("df -h "+h.dataRoot+"; df -i "+h.dataRoot, start(h, ""))
			return true
		}
	}
	return false
}

// notInstalled is a machine that has the client alone.
func (p *patient) notInstalled(ctx context.Context, h home, f *doctor.Finding) bool {
	said, err := p.Here(ctx, `echo "== dockerd"; PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin; command -v dockerd podman`)
	if err != nil || said["dockerd"] != "" || !h.unit {
		return false
	}
	f.Cause = doctor.Say("aquí solo está el programa cliente: no hay dockerd ni Podman", "only the client's program is here: there is neither dockerd nor Podman")
	f.Fix = "go tool mage host:docker"
	return true
}

// contains says whether one of these is in a text, whatever its case.
func contains(text string, words ...string) bool {
	text = strings.ToLower(text)
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
