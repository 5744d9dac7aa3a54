package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"iact-infra/internal/devcontainer/doctor"
	"iact-infra/internal/devcontainer/scene"
	"iact-infra/internal/procedure"
)

// settings looks at daemon.json. A daemon that runs has read an earlier file: it
// works until it is started again, and that is a warning.
func settings(ctx context.Context, s *scene.Scene) []doctor.Finding {
	endpoint, runs, err := asked(s)
	if err != nil {
		return doctor.Unseen(err)
	}
	path, is := strings.CutPrefix(endpoint, "unix://")
	if !is {
		return doctor.Good("the engine runs elsewhere")
	}
	h := newHome(path)
	text, err := os.ReadFile(h.config)
	switch {
	case os.IsNotExist(err):
		return doctor.Good("no %s", h.config)
	case err != nil:
		return doctor.Unseen(fmt.Errorf("read %s: %w", h.config, err))
	}
	wrong := h.judge(ctx, s, text, runs)
	if wrong == nil {
		if f := h.logDriver(s, text, runs); f != nil {
			return f
		}
		return doctor.Good("%s", h.config)
	}
	f := doctor.Finding{
		State: doctor.Fail, Title: doctor.Say("daemon.json no es válido", "daemon.json is not valid"),
		Where: h.config, Evidence: wrong.seen, Cause: wrong.cause, Fix: join("sudoedit "+h.config, start(h, "")),
	}
	if wrong.line > 0 {
		f.Where = fmt.Sprintf("%s:%d:%d", h.config, wrong.line, wrong.column)
	}
	if runs {
		f.State = doctor.Warn
		f.Cause.ES += "; el demonio sigue con lo que leyó al arrancar, y no volverá a arrancar con esto"
		f.Cause.EN += "; the daemon goes on with what it read when it started, and will not start again with this"
		f.Fix = "sudoedit " + h.config
	}
	return []doctor.Finding{f}
}

// asked is where an engine of this machine is asked, "" for another one, and
// whether it answers.
func asked(s *scene.Scene) (endpoint string, runs bool, err error) {
	e, err := s.Engine()
	var refused *scene.Refused
	switch {
	case err == nil && e.Local:
		return e.Endpoint, true, nil
	case err == nil:
		return "", true, nil
	case errors.As(err, &refused) && !refused.Missing:
		return refused.Endpoint, false, nil
	}
	return "", false, err
}

// judge is what is wrong with the text of daemon.json. Where dockerd can say for
// itself whether it takes a key, it has the last word: a newer one knows more.
func (h home) judge(ctx context.Context, s *scene.Scene, text []byte, runs bool) *fault {
	wrong := checkSettings(text)
	switch {
	case runs && (wrong == nil || wrong.doubtful):
		return twice(text, h.argv) // else it was good enough to start with
	case wrong != nil && !wrong.doubtful:
		return wrong
	}
	refused, can := validate(ctx, s, h.config)
	switch {
	case can && refused == nil:
		wrong = nil
	case wrong == nil:
		wrong = refused
	}
	if wrong == nil {
		wrong = h.given(ctx, s, text)
	}
	return wrong
}

// fault is what dockerd would not start with.
type fault struct {
	seen         string
	cause        procedure.Text
	line, column int
	doubtful     bool // a newer dockerd may know it
}

// checkSettings reads a daemon.json as dockerd does.
func checkSettings(text []byte) *fault {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil // dockerd takes an empty file for an empty object
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		return unreadable(text, err)
	}
	known := known()
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		kind, is := known[key]
		if !is {
			return unknown(text, key, known)
		}
		if seen := jsonKind(keys[key]); !kind.takes(keys[key]) {
			f := at(text, bytes.Index(text, []byte(`"`+key+`"`)))
			f.seen = fmt.Sprintf("%s is %s", key, oneLine(string(keys[key])))
			f.cause = doctor.Say("%s es de tipo %s; dockerd espera %s", "%s is a %s; dockerd wants %s", key, seen, string(kind))
			return f
		}
	}
	return nil
}

// unreadable says where the text stops being JSON, or that it is no object.
func unreadable(text []byte, err error) *fault {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		f := at(text, 0)
		f.seen, f.cause = oneLine(string(text)), doctor.Say("el archivo no contiene un objeto {…}", "the file holds no object {…}")
		return f
	}
	f := at(text, int(syntax.Offset)-1)
	line := strings.Split(string(text), "\n")[f.line-1]
	f.seen = fmt.Sprintf("%s: %s", syntax.Error(), strings.TrimSpace(line))
	f.cause = doctor.Say("no es JSON: JSON no tiene comas sobrantes, comentarios ni claves sin comillas", "it is no JSON, which has no spare commas, no comments and no keys without quotes")
	if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		f.cause = doctor.Say("el archivo empieza con una marca de orden de bytes (BOM)", "the file begins with a byte order mark (BOM)")
	}
	return f
}

// at is a place in the text.
func at(text []byte, offset int) *fault {
	before := text[:min(max(0, offset), len(text))]
	return &fault{line: bytes.Count(before, []byte("\n")) + 1, column: utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1}
}

func unknown(text []byte, key string, known map[string]kind) *fault {
	f := at(text, bytes.Index(text, []byte(`"`+key+`"`)))
	f.seen, f.doubtful = fmt.Sprintf("%q is no setting of dockerd", key), true
	f.cause = doctor.Say("dockerd no conoce la clave %s, y no arranca con ella", "dockerd does not know the key %s, and does not start with it", key)
	if like := nearest(key, known); like != "" {
		f.seen += fmt.Sprintf("; %q is", like)
	}
	return f
}

// given are keys that the daemon's command line has, too: that of its unit.
func (h home) given(ctx context.Context, s *scene.Scene, text []byte) *fault {
	if !h.unit {
		return nil
	}
	said, err := s.Here(ctx, `echo "== unit"; cat /etc/systemd/system/docker.service.d/*.conf /etc/systemd/system/docker.service /lib/systemd/system/docker.service 2>/dev/null | sed -n 's/^ExecStart=\(..*\)/\1/p' | tail -n 1
echo "== default"; sed -n 's/^DOCKER_OPTS=//p' /etc/default/docker 2>/dev/null`)
	if err != nil {
		return nil
	}
	return twice(text, strings.Fields(said["unit"]+" "+strings.Trim(said["default"], `"'`)))
}

// twice is a key that a command line gives, too.
func twice(text []byte, argv []string) *fault {
	var keys map[string]json.RawMessage
	if json.Unmarshal(text, &keys) != nil {
		return nil
	}
	for _, word := range argv {
		key := flagKey(word)
		if value, both := keys[key]; both && key != "" {
			f := at(text, bytes.Index(text, []byte(`"`+key+`"`)))
			f.seen = fmt.Sprintf("%s: %s in the file, and %s on the command line", key, oneLine(string(value)), word)
			f.cause = doctor.Say("%s se da en el archivo y en la línea de órdenes; con ambos dockerd no arranca", "%s is given in the file and on the command line; with both dockerd does not start", key)
			return f
		}
	}
	return nil
}

// validate asks dockerd itself, which can check a file from version 23 on.
func validate(ctx context.Context, s *scene.Scene, config string) (refused *fault, can bool) {
	said, err := s.Here(ctx, `PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin; timeout 2 dockerd --help 2>/dev/null | grep -q -e --validate || exit 0
echo "== said"; timeout 2 dockerd --validate --config-file "$1" 2>&1; true`, config)
	out, can := said["said"]
	if err != nil || !can {
		return nil, false
	}
	if contains(out, "unable to configure") {
		return &fault{seen: oneLine(out), cause: doctor.Say("dockerd --validate rechaza el archivo", "dockerd --validate refuses the file")}, true
	}
	return nil, contains(out, "configuration ok")
}
