package devjson

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// valueFlags are the flags of docker run that have a value; bareFlags need none.
func valueFlags() []string {
	return strings.Fields(`--add-host --annotation --attach --blkio-weight --blkio-weight-device --cap-add --cap-drop --cgroup-parent --cgroupns --cidfile --cpu-count --cpu-percent
		--cpu-period --cpu-quota --cpu-rt-period --cpu-rt-runtime --cpu-shares --cpus --cpuset-cpus --cpuset-mems --detach-keys --device --device-cgroup-rule
		--device-read-bps --device-read-iops --device-write-bps --device-write-iops --dns --dns-opt --dns-option --dns-search --domainname --entrypoint --env --env-file
		--expose --gpus --group-add --health-cmd --health-interval --health-retries --health-start-interval --health-start-period --health-timeout --hostname
		--io-maxbandwidth --io-maxiops --ip --ip6 --ipc --isolation --kernel-memory --label --label-file --link --link-local-ip --log-driver --log-opt --mac-address
		--memory --memory-reservation --memory-swap --memory-swappiness --mount --name --net --net-alias --network --network-alias --oom-score-adj --pid --pids-limit
		--platform --publish --pull --restart --runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl --tmpfs --ulimit --user --userns
		--uts --volume --volume-driver --volumes-from --workdir
		--gidmap --uidmap --subgidname --subuidname --secret --systemd --arch --os --variant --requires --tz --umask --conmon-pidfile --pidfile --chrootdirs
		-a -c -e -h -l -m -p -u -v -w`)
}

func bareFlags() []string {
	return strings.Fields(`--detach --disable-content-trust --help --init --interactive --no-healthcheck --oom-kill-disable --privileged --publish-all --quiet --read-only --rm --sig-proxy --tty
		--use-api-socket --no-hosts --no-hostname --replace --env-host --http-proxy --tls-verify --rmi --passwd
		-d -i -t -P -q -it -ti -dit -itd`)
}

// arguments judges runArgs, as docker run reads them.
func (c *check) arguments(root value) {
	if root.find("dockerComposeFile") != nil {
		return
	}
	items := root.get("runArgs").items
	for i := 0; i < len(items); i++ {
		if items[i].kind != text {
			continue
		}
		flag, in, joined := strings.Cut(items[i].text, "=")
		say := func(state State, cause, fix string) {
			c.add("DC-RUN-ARGS", state, items[i].at, fmt.Sprintf("runArgs has %q", items[i].text), cause, fix)
		}
		takes := slices.Contains(valueFlags(), flag)
		switch {
		case takes && !joined:
			if i++; i == len(items) || items[i].kind != text {
				i--
				say(Fail, "the flag has no value: docker says \"flag needs an argument\", or takes the name of the image for it", `write "`+flag+`=…"`)
				continue
			}
			in = items[i].text
			c.argument(flag, in, items[i])
		case takes:
			c.argument(flag, in, items[i])
		case slices.Contains(bareFlags(), flag):
			c.bare(flag, say)
		default:
			c.noFlag(items[i].text, say)
		}
	}
}

// noFlag judges a word that is no flag of docker run.
func (c *check) noFlag(word string, say func(state State, cause, fix string)) {
	first, rest, spaced := strings.Cut(word, " ")
	all := append(valueFlags(), bareFlags()...)
	flag, _, _ := strings.Cut(first, "=")
	switch {
	case strings.Contains(word, "${") && !strings.HasPrefix(word, "-"), strings.TrimSpace(word) == "":
	case spaced && slices.Contains(all, flag):
		say(Fail, "each item is one word of the command, and docker looks for a flag with a space in its name", fmt.Sprintf("write %q, %q", first, strings.TrimSpace(rest)))
	case !strings.HasPrefix(word, "-"):
		say(Fail, "no flag before it takes this value, and docker takes it for the name of the image", "take it out, or put its flag before it")
	case regexp.MustCompile(`^-[aceghlmpuvw][^-=\s]`).MatchString(word) && !slices.Contains(all, "-"+flag): // -p80:80
	case strings.HasPrefix(word, "--"):
		long := slices.DeleteFunc(all, func(f string) bool { return !strings.HasPrefix(f, "--") })
		if near := Near(flag, long); near != "" {
			say(Fail, "docker says \"unknown flag\"", "write "+near)
		}
	case slices.Contains(all, "-"+flag):
		say(Fail, "docker says \"unknown shorthand flag\"", "write -"+flag)
	}
}

// bare judges flags without a value.
func (c *check) bare(flag string, say func(state State, cause, fix string)) {
	switch flag {
	case "-t", "-it", "-ti", "-i", "--tty", "--interactive", "-dit", "-itd":
		if strings.Contains(flag, "t") {
			say(Warn, "the tools start it without a terminal: docker may say \"the input device is not a TTY\"", "take it out")
		}
	case "-d", "--detach":
		say(Warn, "the tools wait for what the container says, which they do not see then", "take it out")
	case "--rm":
		say(Note, "the container is gone as soon as it stops, and is made anew each time", "take it out if that is not wanted")
	}
}

// argument judges the value of a flag.
func (c *check) argument(flag, in string, v value) {
	say := func(code string, state State, cause, fix string) {
		c.add(code, state, v.at, fmt.Sprintf("runArgs: %s %s", flag, in), cause, fix)
	}
	if strings.Contains(in, "${") && flag != "--env-file" {
		return
	}
	for _, shape := range []struct{ flags, pattern, cause, fix string }{
		{"-m --memory --memory-swap --memory-reservation --shm-size", `^(-1|\d+(\.\d+)?\s?([kmgtpKMGTP]?[iI]?[bB]?)?)$`, "docker says \"invalid size\"", "write it like 4g"},
		{"--cpus", `^\d*\.?\d+$`, "docker does not take it for a number", "write it like 1.5"},
		{"--name", `^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`, "docker says \"Invalid container name\"", "use letters, digits, _, . and -"},
	} {
		if slices.Contains(strings.Fields(shape.flags), flag) && !regexp.MustCompile(shape.pattern).MatchString(in) {
			say("DC-RUN-ARGS", Fail, shape.cause, shape.fix)
		}
	}
	switch flag {
	case "--env-file":
		c.envFile(in, say)
	case "--entrypoint":
		say("DC-RUN-ARGS", Warn, "the tools set the entry point themselves, and docker takes the last one", `take it out; "overrideCommand": false keeps that of the image`)
	case "-u", "--user":
		if user := c.settings.ContainerUser; user != "" && user != in {
			say("DC-CONTRADICTION", Warn, "containerUser is "+user, "keep containerUser")
		}
	case "-p", "--publish":
		c.appPort(value{kind: text, at: v.at, text: in}, map[string]bool{})
	case "-v", "--volume":
		if m := ParseVolume(in); m.Target != "" && !path.IsAbs(m.Target) {
			say("DC-MOUNT", Fail, "the target "+m.Target+" is not absolute", "begin it with /")
		}
	case "--mount":
		c.oneMount(ParseMount(in), value{kind: text, at: v.at, text: in}, "runArgs")
	case "--net", "--network":
		if in == "host" && len(c.settings.AppPort) > 0 {
			say("DC-CONTRADICTION", Note, "with the network of the host nothing is published, and appPort is not needed", "keep one of them")
		}
	}
}

// envFile judges that a file with variables is there.
func (c *check) envFile(in string, say func(code string, state State, cause, fix string)) {
	where, known := c.inProject(".", in)
	if !known || c.made(where) {
		return
	}
	if c.absent(where) {
		say("DC-ENV-FILE", Fail, "the file is not there, and docker does not start the container; the path begins where the tool was started", "make the file: touch "+where)
	} else if !path.IsAbs(in) && !strings.HasPrefix(in, "${") {
		say("DC-ENV-FILE", Note, "the path begins where the tool was started, which is not always the project", "write ${localWorkspaceFolder}/"+in)
	}
}
