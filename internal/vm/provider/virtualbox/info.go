package virtualbox

import (
	"context"
	"fmt"
	"strings"

	"iact-infra/internal/vm/provider"
)

// pair is one line of --machinereadable.
type pair struct{ key, value string }

// info is what VBoxManage shows of a machine, in its order.
type info []pair

// get is the first value of a key: what is told of snapshots comes last, and is
// written without care for quotes.
func (i info) get(key string) string {
	for _, one := range i {
		if one.key == key {
			return one.value
		}
	}
	return ""
}

// readable reads --machinereadable. Keys and values may be quoted; a quoted value
// goes on over lines until a quote ends one. Lines of another kind, such as a
// warning before them, are passed over.
func readable(text string) info {
	var all info
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	last := len(lines) - 1 // that ends a value
	for last >= 0 && !ended(`"`+lines[last]) {
		last--
	}
	for i := 0; i < len(lines); i++ {
		key, value, is := split(lines[i])
		if !is {
			continue
		}
		if strings.HasPrefix(value, `"`) && !ended(value) {
			for end := i + 1; end <= last; end++ {
				if ended(`"` + lines[end]) {
					value += "\n" + strings.Join(lines[i+1:end+1], "\n")
					i = end
					break
				}
			}
		}
		all = append(all, pair{key, unquoted(value)})
	}
	return all
}

// split parts a line at the sign between its key and its value.
func split(line string) (key, value string, is bool) {
	if !strings.HasPrefix(line, `"`) {
		key, value, is = strings.Cut(line, "=")
		return key, value, is && key != "" && !strings.ContainsAny(key, " \t")
	}
	for at := 1; at < len(line); at++ {
		switch {
		case line[at] == '\\':
			at++
		case strings.HasPrefix(line[at:], `"=`):
			return unquoted(line[:at+1]), line[at+2:], at > 1
		}
	}
	return "", "", false
}

// ended says whether a quoted value ends with its line. Versions before 6.1 do
// not escape the quotes in it.
func ended(value string) bool {
	if len(value) < 2 || !strings.HasSuffix(value, `"`) {
		return false
	}
	inside := value[:len(value)-1]
	return (len(inside)-len(strings.TrimRight(inside, `\`)))%2 == 0
}

// unquoted takes the quotes off, and what escapes others.
func unquoted(value string) string {
	if len(value) < 2 || !strings.HasPrefix(value, `"`) || !strings.HasSuffix(value, `"`) {
		return value
	}
	return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(value[1 : len(value)-1])
}

// inaccessible is the name of a machine whose settings cannot be read.
const inaccessible = "<inaccessible>"

// info asks for everything about one machine.
func (p *Provider) info(ctx context.Context, id string) (info, error) {
	if err := known(id); err != nil {
		return nil, err
	}
	out, err := p.ask(ctx, "showvminfo", id, "--machinereadable")
	if err != nil {
		return nil, err
	}
	about := readable(out)
	if !strings.EqualFold(about.get("UUID"), id) {
		return nil, fmt.Errorf("VBoxManage tells of %q: %w", about.get("UUID"), provider.ErrGone)
	}
	return about, nil
}
