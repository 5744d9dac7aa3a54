package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"iact-infra/internal/fault"
)

// Settings are what the daemon should have. A zero value leaves alone what is
// there; a list replaces the one that is there.
type Settings struct {
	LogDriver     string
	LogSize       string   // of one log file: 10m
	LogFiles      int      // of a container
	Storage       string   // the storage driver
	DataRoot      string   // where images, volumes and containers are
	LiveRestore   *bool    // containers outlive the daemon
	Pools         []string // networks that Docker may take its own from, as CIDR
	PoolSize      int      // of each of its own, in bits; 0 is 24
	DNS           []string // resolvers of the containers
	Mirrors       []string // of the registry
	Insecure      []string // registries that are reached without TLS
	UserlandProxy *bool
	ICC           *bool // containers on the default bridge reach one another
	Debug         *bool
	BuildKit      *bool
}

// wish is one key with the value that it should have, or with the fields that an
// object should have besides its others.
type wish struct {
	key    string
	value  string // as JSON
	fields []wish
}

const defaultPoolSize = 24

// wishes are the settings as keys, in the order in which a fresh file has them.
func (s Settings) wishes() []wish {
	var all []wish
	add := func(set bool, key string, value any) {
		if set {
			all = append(all, wish{key: key, value: compact(value)})
		}
	}
	boolean := func(key string, value *bool) { add(value != nil, key, value) }
	boolean("debug", s.Debug)
	add(s.LogDriver != "", "log-driver", s.LogDriver)
	var log []wish
	if s.LogSize != "" {
		log = append(log, wish{key: "max-size", value: compact(s.LogSize)})
	}
	if s.LogFiles > 0 {
		// The daemon takes text only.
		log = append(log, wish{key: "max-file", value: compact(strconv.Itoa(s.LogFiles))})
	}
	if log != nil {
		all = append(all, wish{key: "log-opts", fields: log})
	}
	add(s.Storage != "", "storage-driver", s.Storage)
	add(s.DataRoot != "", "data-root", s.DataRoot)
	boolean("live-restore", s.LiveRestore)
	if len(s.Pools) > 0 {
		pools := make([]string, len(s.Pools))
		for i, base := range s.Pools {
			pools[i] = fmt.Sprintf(`{"base": %s, "size": %d}`, compact(base), s.poolSize())
		}
		all = append(all, wish{key: "default-address-pools", value: "[" + strings.Join(pools, ", ") + "]"})
	}
	list := func(key string, value []string) {
		if value == nil {
			return
		}
		quoted := make([]string, len(value))
		for i, one := range value {
			quoted[i] = compact(one)
		}
		all = append(all, wish{key: key, value: "[" + strings.Join(quoted, ", ") + "]"})
	}
	list("dns", s.DNS)
	list("registry-mirrors", s.Mirrors)
	list("insecure-registries", s.Insecure)
	boolean("userland-proxy", s.UserlandProxy)
	boolean("icc", s.ICC)
	if s.BuildKit != nil {
		all = append(all, wish{key: "features", fields: []wish{{key: "buildkit", value: compact(s.BuildKit)}}})
	}
	return all
}

func (s Settings) poolSize() int {
	if s.PoolSize > 0 {
		return s.PoolSize
	}
	return defaultPoolSize
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		// Text, numbers and truth values have a form in JSON.
		return "null"
	}
	return string(text)
}

// check names everything that no daemon would take.
func (s Settings) check() error {
	var all []error
	bad := func(key, value, rule string) {
		all = append(all, fmt.Errorf("check %s: %q is not %s", key, value, rule))
	}
	if s.LogSize != "" && !regexp.MustCompile(`^[1-9][0-9]*[kmgKMG]?$`).MatchString(s.LogSize) {
		bad("log size", s.LogSize, "a size such as 10m")
	}
	if s.LogFiles < 0 {
		bad("log files", strconv.Itoa(s.LogFiles), "a number of files")
	}
	if s.DataRoot != "" && (!path.IsAbs(s.DataRoot) || path.Clean(s.DataRoot) == "/") {
		bad("data root", s.DataRoot, "the absolute path of a directory")
	}
	for _, address := range s.DNS {
		if _, err := netip.ParseAddr(address); err != nil {
			bad("dns", address, "an IP address")
		}
	}
	for _, mirror := range s.Mirrors {
		u, err := url.Parse(mirror)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			bad("registry mirror", mirror, "an http or https address of a registry without login and query")
		}
	}
	for _, registry := range s.Insecure {
		if _, err := netip.ParsePrefix(registry); err != nil && !regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`).MatchString(registry) {
			bad("insecure registry", registry, "a registry such as registry.example:5000, or a network")
		}
	}
	s.checkPools(bad)
	return fault.New(fault.Usage, "correct it under host.daemon", errors.Join(all...))
}

func (s Settings) checkPools(bad func(key, value, rule string)) {
	for _, pool := range s.Pools {
		prefix, err := netip.ParsePrefix(pool)
		switch {
		case err != nil:
			bad("address pool", pool, "a network such as 172.20.0.0/14")
		case s.poolSize() < prefix.Bits() || s.poolSize() > prefix.Addr().BitLen():
			bad("size of the networks in pool "+pool, strconv.Itoa(s.poolSize()), fmt.Sprintf("from %d to %d", prefix.Bits(), prefix.Addr().BitLen()))
		}
	}
}
