package engine

import (
	"encoding/json"
	"strings"
)

// kind is the type that dockerd wants a setting to have.
type kind string

const (
	oneFlag     kind = "true or false"
	oneNumber   kind = "a number"
	oneText     kind = "a text"
	manyTexts   kind = "a list of texts"
	textsByName kind = "an object of texts"
	flagsByName kind = "an object of true or false"
	anyByName   kind = "an object"
	anyList     kind = "a list"
)

// known are the settings of dockerd, versions 20 to 28, by their kind.
func known() map[string]kind {
	all := map[string]kind{}
	for k, names := range map[kind]string{
		oneFlag: `debug experimental icc init ip-forward ip-forward-no-drop ip-masq ip6tables iptables ipv6 live-restore
			no-new-privileges raw-logs selinux-enabled tls tlsverify userland-proxy bridge-accept-fwmark allow-direct-routing`,
		oneNumber: `cpu-rt-period cpu-rt-runtime max-concurrent-downloads max-concurrent-uploads max-download-attempts
			metrics-interval mtu network-control-plane-mtu network-diagnostic-port oom-score-adjust shutdown-timeout swarm-raft-heartbeat-tick swarm-raft-election-tick`,
		oneText: `api-cors-header bip bip6 bridge cgroup-parent cluster-advertise cluster-store containerd containerd-namespace
			containerd-plugins-namespace data-root default-cgroupns-mode default-gateway default-gateway-v6 default-ipc-mode
			default-runtime deprecated-key-path exec-root fixed-cidr fixed-cidr-v6 graph group host-gateway-ip
			http-proxy https-proxy no-proxy init-path ip log-driver log-format log-level metrics-addr pidfile seccomp-profile
			storage-driver swarm-default-advertise-addr tlscacert tlscert tlskey userland-proxy-path userns-remap
			firewall-backend minimum-api-version`,
		manyTexts: `allow-nondistributable-artifacts authorization-plugins cdi-spec-dirs dns dns-opts dns-search exec-opts hosts
			insecure-registries labels node-generic-resources registry-mirrors storage-opts host-gateway-ips`,
		textsByName: `cluster-store-opts log-opts`,
		flagsByName: `features`,
		anyByName:   `builder default-network-opts default-ulimits proxies runtimes`,
		anyList:     `default-address-pools`,
	} {
		for name := range strings.FieldsSeq(names) {
			all[name] = k
		}
	}
	// A size is a number or a text.
	all["default-shm-size"] = ""
	return all
}

// takes says whether a value is of the kind; "" takes everything.
func (k kind) takes(value json.RawMessage) bool {
	if string(value) == "null" {
		return true
	}
	var into any
	switch k {
	case oneFlag:
		into = new(bool)
	case oneNumber:
		into = new(float64)
	case oneText:
		into = new(string)
	case manyTexts:
		into = new([]string)
	case textsByName:
		into = new(map[string]string)
	case flagsByName:
		into = new(map[string]bool)
	case anyByName:
		into = new(map[string]any)
	case anyList:
		into = new([]any)
	default:
		return true
	}
	return json.Unmarshal(value, into) == nil
}

// jsonKind is the word for what a value is.
func jsonKind(value json.RawMessage) string {
	switch value[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// nearest is the known key that was probably meant: two changes away at most.
func nearest(key string, known map[string]kind) string {
	best, least := "", 3
	for name := range known {
		if d := distance(key, name); d < least || d == least && name < best {
			best, least = name, d
		}
	}
	if least > 2 {
		return ""
	}
	return best
}

// distance is how many letters have to be changed, added or taken away, or two
// neighbours exchanged.
func distance(a, b string) int {
	if a == b {
		return 0
	}
	var before, last []int
	for j := range len(b) + 1 {
		last = append(last, j)
	}
	for i := range len(a) {
		row := []int{i + 1}
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			d := min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				d = min(d, before[j-1]+1)
			}
			row = append(row, d)
		}
		before, last = last, row
	}
	return last[len(b)]
}

// flagKey is the name in daemon.json of an option of a command line, "" when the
// word is none.
func flagKey(word string) string {
	name, _, _ := strings.Cut(word, "=")
	switch {
	case name == "-D":
		return "debug"
	case strings.HasPrefix(word, "-H"), name == "--host":
		return "hosts"
	case name == "-l":
		return "log-level"
	case name == "-s":
		return "storage-driver"
	case name == "-G":
		return "group"
	case name == "-b":
		return "bridge"
	case name == "-g", name == "--graph":
		return "data-root"
	case name == "-p":
		return "pidfile"
	case name == "--insecure-registry":
		return "insecure-registries"
	case name == "--add-runtime":
		return "runtimes"
	case !strings.HasPrefix(name, "--"):
		return ""
	}
	name = name[2:]
	if kind, is := known()[name+"s"]; is && kind != oneFlag {
		return name + "s"
	}
	return name
}
