package daemon

import (
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// Flags are the options of a dockerd command line by the names that they have in
// the file, with what they were given. The daemon does not start when a key is
// given in both places.
func Flags(argv []string) map[string]string {
	flags := map[string]string{}
	set := func(key, value string) {
		if before, ok := flags[key]; ok && value != "" {
			value = before + ", " + value
		}
		flags[key] = value
	}
	for i := 1; i < len(argv); i++ {
		word := argv[i]
		next := ""
		if i+1 < len(argv) && !strings.HasPrefix(argv[i+1], "-") {
			next = argv[i+1]
		}
		switch {
		case word == "--":
			return flags
		case strings.HasPrefix(word, "--"):
			name, value, has := strings.Cut(word[2:], "=")
			if !has {
				value = next
			}
			set(keyOfFlag(name), value)
		case len(word) > 1 && word[0] == '-':
			for word = word[1:]; word != "" && word[0] == 'D'; word = word[1:] {
				set("debug", "true")
			}
			if word == "" {
				continue
			}
			value := strings.TrimPrefix(word[1:], "=")
			if value == "" {
				value = next
			}
			set(keyOfLetter(word[0]), value)
		}
	}
	return flags
}

// keyOfFlag is the name in the file: a flag that may be given many times is a
// list there, in the plural.
func keyOfFlag(name string) string {
	switch name {
	case "insecure-registry":
		return "insecure-registries"
	case "add-runtime":
		return "runtimes"
	case "graph":
		return "data-root"
	case "host", "label", "log-opt", "storage-opt", "exec-opt", "dns-opt", "registry-mirror", "default-address-pool",
		"default-ulimit", "authorization-plugin", "cluster-store-opt", "node-generic-resource":
		return name + "s"
	default:
		return name
	}
}

func keyOfLetter(letter byte) string {
	switch letter {
	case 'H':
		return "hosts"
	case 'l':
		return "log-level"
	case 's':
		return "storage-driver"
	case 'g':
		return "data-root"
	case 'G':
		return "group"
	case 'b':
		return "bridge"
	case 'p':
		return "pidfile"
	default:
		return string(letter)
	}
}

// conflicts names the keys that a file and a command line both give.
func conflicts(file string, text []byte, flags map[string]string) error {
	if len(strings.TrimSpace(string(text))) == 0 {
		return nil
	}
	root, err := parse(text)
	if err != nil {
		return err
	}
	var both []string
	for _, m := range root.members {
		if value, ok := flags[m.key]; ok {
			both = append(both, fmt.Sprintf("%s: (from flag: %s, from file: %s)", m.key, value, oneLine(text[m.value.start:m.value.end])))
		}
	}
	if len(both) == 0 {
		return nil
	}
	slices.Sort(both)
	return fault.New(fault.Usage,
		"take the option out of the daemon's command line with a drop-in (systemctl edit docker.service: an empty ExecStart= and then one without it) and restart it, or the key out of the file",
		fmt.Errorf("check %s: given both as a flag and in the file, with which dockerd does not start: %s", file, strings.Join(both, "; ")))
}
