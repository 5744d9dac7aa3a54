package daemon

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"iact-infra/internal/command"
)

// State is what is known of a value.
type State string

// What is known of a value.
const (
	Proven   State = "proven"
	Unproven State = "unproven" // nothing shows it
	Wrong    State = "wrong"
)

// Proof is what the daemon itself shows of one setting.
type Proof struct {
	Key   string `json:"key"`
	Want  string `json:"want"`
	Got   string `json:"got,omitempty"`
	State State  `json:"state"`
	By    string `json:"by"` // what showed it, or why nothing does
}

func proofOf(key, want, got, by string) Proof {
	p := Proof{Key: key, Want: want, Got: got, State: Proven, By: by}
	if want != got {
		p.State = Wrong
	}
	return p
}

// judge compares with `docker info` what shows there.
func (d *Daemon) judge(ctx context.Context, info Info, want Settings) ([]Proof, error) {
	const by = "docker info"
	var all []Proof
	text := func(key, want, got string) {
		if want != "" {
			all = append(all, proofOf(key, want, got, by))
		}
	}
	boolean := func(key string, want *bool, got bool) {
		if want != nil {
			all = append(all, proofOf(key, strconv.FormatBool(*want), strconv.FormatBool(got), by))
		}
	}
	boolean("debug", want.Debug, info.Debug)
	text("log-driver", want.LogDriver, info.LoggingDriver)
	text("storage-driver", want.Storage, info.Driver)
	if want.DataRoot != "" {
		// The daemon names it without links.
		root, err := d.text(ctx, command.Read("sh", "-c", `readlink -f -- "$1" || printf '%s\n' "$1"`, "sh", want.DataRoot))
		if err != nil {
			return nil, fmt.Errorf("read the data root: %w", err)
		}
		text("data-root", strings.TrimSpace(root), info.DockerRootDir)
	}
	boolean("live-restore", want.LiveRestore, info.LiveRestoreEnabled)
	if len(want.Pools) > 0 {
		var wanted, got []string
		for _, pool := range want.Pools {
			wanted = append(wanted, poolText(pool, want.poolSize()))
		}
		for _, pool := range info.DefaultAddressPools {
			got = append(got, poolText(pool.Base, pool.Size))
		}
		all = append(all, proofOf("default-address-pools", strings.Join(wanted, ", "), strings.Join(got, ", "), by))
	}
	if want.Mirrors != nil {
		all = append(all, proofOf("registry-mirrors", joined(want.Mirrors), joined(info.RegistryConfig.Mirrors), by))
	}
	for _, registry := range want.Insecure {
		index, named := info.RegistryConfig.IndexConfigs[registry]
		network := slices.Contains(info.RegistryConfig.InsecureRegistryCIDRs, networkText(registry))
		got := "not among them"
		if named && !index.Secure || network {
			got = registry
		}
		all = append(all, proofOf("insecure-registries", registry, got, by))
	}
	return all, nil
}

// networkText is a network as the daemon shows it, without the bits of the host.
func networkText(text string) string {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix.Masked().String()
	}
	return text
}

// poolText is one form for both: the daemon keeps the bits of the host.
func poolText(base string, size int) string {
	return fmt.Sprintf("%s by /%d", networkText(base), size)
}

func joined(addresses []string) string {
	trimmed := make([]string, len(addresses))
	for i, one := range addresses {
		trimmed[i] = strings.TrimSuffix(one, "/")
	}
	return strings.Join(trimmed, ", ")
}

// prove looks at every wanted value after the turn. What `docker info` does not
// show, a probe shows; what no probe shows is said to be unproven.
func (d *Daemon) prove(ctx context.Context, want Settings, t *turn) ([]Proof, error) {
	info, err := d.Info(ctx)
	if err != nil {
		return nil, err
	}
	all, err := d.judge(ctx, info, want)
	if err != nil {
		return nil, err
	}
	if want.LogSize != "" || want.LogFiles > 0 || len(want.DNS) > 0 {
		all = append(all, d.probe(ctx, want)...)
	}
	if want.BuildKit != nil {
		if t.reloaded == nil || t.restarted {
			if err := t.reload(ctx); err != nil {
				return nil, err
			}
		}
		wanted := "buildkit:" + strconv.FormatBool(*want.BuildKit)
		proof := Proof{Key: "features.buildkit", Want: wanted, Got: t.reloaded["features"], State: Proven, By: "the reload event"}
		switch {
		case proof.Got == "":
			proof.State, proof.By = Unproven, "the reload event of this daemon names no features"
		case !strings.Contains(proof.Got, wanted):
			proof.State = Wrong
		}
		all = append(all, proof)
	}
	if want.ICC != nil {
		all = append(all, d.proveICC(ctx, strconv.FormatBool(*want.ICC)))
	}
	if want.UserlandProxy != nil {
		all = append(all, d.proveProxy(ctx, strconv.FormatBool(*want.UserlandProxy)))
	}
	return all, nil
}

// wrong is the error of the values that are not in effect.
func wrong(proofs []Proof) error {
	var all []string
	for _, p := range proofs {
		if p.State == Wrong {
			all = append(all, fmt.Sprintf("%s is %s, not %s (%s)", p.Key, quoted(p.Got), quoted(p.Want), p.By))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return fmt.Errorf("prove the settings: %s", strings.Join(all, "; "))
}

func quoted(value string) string {
	if value == "" {
		return "nothing"
	}
	return strconv.Quote(value)
}
