package probe

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"iact-infra/internal/verdict"
)

// proxy compares what the daemon pulls by with what programs in containers get.
func (f *Facts) proxy(Want) verdict.Finding {
	places := []struct {
		name string
		all  map[string]string
	}{
		{"the host", f.Host.Proxies},
		{"the daemon", map[string]string{"http_proxy": f.Daemon.HTTPProxy, "https_proxy": f.Daemon.HTTPSProxy}},
		{"containers", f.container().Proxies},
	}
	var seen, differ []string
	for _, name := range []string{"http_proxy", "https_proxy"} {
		var values []string
		for _, p := range places {
			if value := p.all[name]; value != "" {
				seen = append(seen, fmt.Sprintf("%s=%s of %s", name, plain(value), p.name))
			}
			values = append(values, strings.TrimSuffix(p.all[name], "/"))
		}
		if slices.Sort(values); len(slices.Compact(values)) > 1 {
			differ = append(differ, name)
		}
	}
	if len(seen) == 0 {
		return fine("none is set for host, daemon and containers")
	}
	if len(differ) > 0 {
		return warn(list(seen), "host, daemon and containers do not agree on "+list(differ)+": what is pulled by one is not reached by another",
			`of the daemon: "proxies" in daemon.json (Docker 23 and later); of containers: "proxies" in ~/.docker/config.json; of the host: /etc/environment`)
	}
	return fine("%s", list(seen))
}

// container is one that ran.
func (f *Facts) container() Seen {
	if f.Bridge.Why != "" {
		return f.Own
	}
	return f.Bridge
}

// plain is a proxy without the password that its address may hold.
func plain(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		_, after, _ := strings.Cut(address, "@")
		return after
	}
	return u.Redacted()
}

// slack is for a clock that shows seconds, and for the time between two looks.
const slack = 2 * time.Second

func (f *Facts) clock(Want) verdict.Finding {
	host, inside := f.Host.Clock, f.container().Clock
	if host.IsZero() || inside.IsZero() {
		return fail("no container or no host has told the time", "the probe did not run", "see the other findings")
	}
	took := f.After.Sub(f.Before)
	off := func(t time.Time) time.Duration {
		switch {
		case t.Before(f.Before.Add(-slack)):
			return t.Sub(f.Before)
		case t.After(f.After.Add(slack)):
			return t.Sub(f.After)
		}
		return 0
	}
	if apart := inside.Sub(host).Abs(); apart > took+slack {
		return fail(fmt.Sprintf("%s between host and container", apart), "a container does not have the host's clock (a virtual machine of Docker in between?)", "restart Docker; certificates and logins fail while clocks differ")
	}
	if d := off(host); d != 0 {
		return warn(fmt.Sprintf("%s off the clock of this machine", d.Round(time.Second)), "one of the two clocks is wrong", "timedatectl set-ntp true on both")
	}
	return fine("host and container agree, and with this machine")
}

func (f *Facts) registry(w Want) verdict.Finding {
	switch {
	case w.Image == "":
		return fine("none is asked for")
	case !f.Image.OK():
		return wanted(w, w.Image+": "+f.Image.Why, "the daemon does not get the image: no way to the registry, no such image, or its limit is reached; it asks by the host's resolvers and its own proxy", "see HN-DNS-001, HN-OUT-001 and HN-PRX-001; host.daemon.mirrors, docker login, or host.network.image for another one")
	}
	return fine("%s", f.Image.Said)
}

func (f *Facts) volumes(Want) verdict.Finding {
	for _, a := range []Answer{f.Volume.Kept, f.Volume.Gone} {
		if !a.OK() {
			return fail(a.Why, "a volume could not be made, written, read by a second container, or removed", "docker system df and df -h of Docker's data show whether it is full; the message says the rest")
		}
	}
	return fine("made, written by a container, read by another, removed")
}

func (f *Facts) disk(w Want) verdict.Finding {
	if f.Volume.Why != "" {
		return fail(f.Volume.Why, "nothing could be measured where Docker keeps its data", "see HN-VOL-001")
	}
	said := fmt.Sprintf("%.0f small writes and %.0f MiB a second that have reached the disk", f.Volume.Writes, f.Volume.Bulk)
	if f.Volume.Writes < float64(w.Writes) {
		return warn(fmt.Sprintf("%s; %d are wanted (host.network.writes)", said, w.Writes), "databases wait for each commit: a slow or busy disk, or a network file system", "put Docker's data on another disk (host.daemon.data_root), or see who writes now (iostat -x 1)")
	}
	return fine("%s", said)
}

func (f *Facts) memory(Want) verdict.Finding {
	l := f.Memory
	says, _ := strconv.ParseInt(l.Says, 10, 64) // "max" is no limit, as 0 is none
	switch {
	case l.Why != "":
		return fail(l.Why, "a container with a memory limit does not run", "look at the message")
	case l.Took == "killed":
		return fine("one who took 128 MiB of 64 was ended; its control group says %d MiB", says>>20)
	case says == memoryLimit:
		return warn("128 MiB were taken; the control group says 64 MiB", "the kernel does not count swap: a container swaps instead of being ended", "swapaccount=1 on the kernel's command line, or no swap")
	}
	return fail(fmt.Sprintf("128 MiB of 64 were taken; the control group says %s", l.Says), "memory limits have no effect: one container can take the memory of all", "cgroup_enable=memory on the kernel's command line; docker info shows a warning")
}

func (f *Facts) cpu(Want) verdict.Finding {
	l := f.CPU
	took, err := strconv.ParseFloat(l.Took, 64)
	switch {
	case l.Why != "":
		return fail(l.Why, "a container with a CPU limit does not run", "look at the message")
	case err != nil:
		return fail("it says "+l.Took, "the probe was not understood", "run it again")
	case took > 1.6*cpuLimit:
		return fail(fmt.Sprintf("%.2f of a processor were taken where %.2f is the limit; the control group says %s", took, cpuLimit, l.Says), "CPU limits have no effect", "docker info shows a warning when the kernel lacks CFS quotas (CONFIG_CFS_BANDWIDTH)")
	}
	return fine("%.2f of a processor where %.2f is the limit; the control group says %s", took, cpuLimit, l.Says)
}
