package devjson

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// services judges what the services say of each other and of the rest.
func (c *check) services() {
	ports := map[string]publication{}
	containers := map[string]string{}
	for _, s := range c.project.services {
		c.serviceKeys(s)
		c.origin(s)
		c.depends(s)
		c.networks(s)
		c.volumes(s)
		c.envFiles(s)
		c.published(s, ports)
		if name := s.get("container_name"); len(name) > 0 {
			f := name[len(name)-1]
			if other, there := containers[f.in.Value]; there && f.in.Value != "" {
				c.addAt("DC-NAME", Fail, f.where(), fmt.Sprintf("container_name %q is that of %s as well", f.in.Value, other), "two containers cannot have one name: docker says \"name is already in use\"", "give each its own, or leave container_name out")
			}
			containers[f.in.Value] = s.name
		}
	}
	c.cycles()
	c.blanks()
	c.givenFiles()
}

// givenFiles judges the files of secrets and configs, which Compose mounts: it
// starts no service with one that is missing.
func (c *check) givenFiles() {
	for _, kind := range []string{"secrets", "configs"} {
		used := map[string]bool{}
		for _, s := range c.project.services {
			for _, f := range s.items(kind) {
				used[f.in.Value] = true
				for _, inner := range fields(f.file, f.in) {
					used[inner.in.Value] = used[inner.in.Value] || inner.key.Value == "source"
				}
			}
		}
		for _, top := range c.project.tops {
			if top.key.Value != kind || c.files == nil {
				continue
			}
			for _, one := range fields(top.file, top.in) {
				for _, f := range fields(top.file, one.in) {
					where, known := c.inProject(c.project.dir, f.in.Value)
					if f.key.Value != "file" || f.in.Value == "" || !known || !used[one.key.Value] || !c.absent(where) || c.made(where) {
						continue
					}
					c.addAt("DC-PATH", Fail, f.where(), kind+"."+one.key.Value+": "+where+" is not there", "Compose mounts the file and does not make it: docker says \"bind source path does not exist\"", "make the file, or correct the path")
				}
			}
		}
	}
}

// topKeys judges the keys at the top of the files.
func (c *check) topKeys() {
	known := []string{"services", "volumes", "networks", "configs", "secrets", "version", "name", "include", "models"}
	for _, f := range c.project.tops {
		if f.key.Value == "version" && f.in.Tag != "!!str" && f.in.Kind == yaml.ScalarNode {
			c.addAt("DC-TYPE", Fail, f.where(), "version is "+f.in.Value, "Compose says \"version must be a string\" and does not start", "take the line out; nobody reads it any more")
		}
		if f.key.Value == "services" && f.in.Kind != yaml.MappingNode {
			c.addAt("DC-COMPOSE", Fail, f.where(), "services is no mapping", "Compose says \"services must be a mapping\"", "write each service as NAME: with its settings indented below")
			c.project.whole = false
		}
		if slices.Contains(known, f.key.Value) || strings.HasPrefix(f.key.Value, "x-") || f.key.Tag == "!!merge" {
			continue
		}
		near, state, fix := Near(f.key.Value, known), Fail, "services stand below services:, and what is for people only begins with x-"
		if near != "" {
			fix = "write " + near
			c.project.whole = c.project.whole && near != "services"
		}
		c.addAt("DC-KEY", state, f.where(), f.key.Value, "Compose says \"additional properties not allowed\" and does not start", fix)
	}
}

func (c *check) serviceKeys(s *service) {
	known := strings.Fields(`annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count cpu_percent
		cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt
		dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts gpus group_add healthcheck hostname image init
		ipc isolation label_file labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks
		oom_kill_disable oom_score_adj pid pids_limit platform ports post_start pre_stop privileged profiles provider pull_policy pull_refresh_after read_only
		restart runtime scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits use_api_socket user
		userns_mode uts volumes volumes_from working_dir`)
	for _, part := range s.parts {
		if part.in.Kind != yaml.MappingNode {
			c.addAt("DC-COMPOSE", Fail, part.where(), "the service "+s.name+" has no settings", "Compose says \"services."+s.name+" must be a mapping\"", "indent what belongs to it, and give it image or build")
			continue
		}
		for _, f := range fields(part.file, part.in) {
			if slices.Contains(known, f.key.Value) || strings.HasPrefix(f.key.Value, "x-") {
				continue
			}
			state, fix := Warn, "take it out, or begin it with x-"
			if near := Near(f.key.Value, known); near != "" {
				state, fix = Fail, "write "+near
				s.meant = s.meant || near == "image" || near == "build"
			}
			c.addAt("DC-KEY", state, f.where(), s.name+"."+f.key.Value, "Compose says \"additional properties not allowed\" and does not start", fix)
		}
	}
}

// depends judges depends_on, links and their like.
func (c *check) depends(s *service) {
	for _, key := range []string{"depends_on", "links", "volumes_from"} {
		for _, f := range s.items(key) {
			name, _, _ := strings.Cut(f.key.Value, ":")
			if name == "container" || name == "" || strings.Contains(name, "$") {
				continue
			}
			other := c.project.service(name)
			if other == nil && c.project.whole {
				names := c.project.names()
				c.addAt("DC-DEPENDS", Fail, f.where(), fmt.Sprintf("%s.%s names %q", s.name, key, name), "no compose file has this service: Compose says \"depends on undefined service\"; there are: "+strings.Join(names, ", "), suggested(name, names, "correct the name, or add the service"))
			}
			if other != nil && key == "depends_on" {
				c.condition(s, other, f)
				c.profiled(s, other, f)
			}
		}
	}
}

// profiled judges whether what a service depends on is started with it.
func (c *check) profiled(s, other *service, f field) {
	_, chosen := c.env["COMPOSE_PROFILES"]
	if len(other.items("profiles")) == 0 || len(s.items("profiles")) > 0 || chosen || c.env == nil || slices.Contains(c.settings.RunServices, other.name) || other.name == c.settings.Service {
		return
	}
	for _, inner := range fields(f.file, f.in) {
		if inner.key.Value == "required" && inner.in.Value == "false" {
			return
		}
	}
	c.addAt("DC-DEPENDS", Warn, f.where(), s.name+" depends on "+other.name+", which has profiles", "no profile is chosen, and Compose says \"depends on undefined service\"", `take the profiles of `+other.name+` out, or name it in "runServices"`)
}

// condition judges what a service waits for.
func (c *check) condition(s, other *service, f field) {
	for _, inner := range fields(f.file, f.in) {
		if inner.key.Value != "condition" {
			continue
		}
		may := []string{"service_started", "service_healthy", "service_completed_successfully"}
		if !slices.Contains(may, inner.in.Value) {
			c.addAt("DC-ENUM", Fail, inner.where(), fmt.Sprintf("condition is %q", inner.in.Value), "Compose does not know this condition, and does not start", suggested(inner.in.Value, may, "write one of: "+strings.Join(may, ", ")))
		}
		image, _, _ := strings.Cut(other.word("image"), ":")
		without := strings.Fields("postgres mysql mariadb redis mongo rabbitmq memcached nginx httpd alpine busybox debian ubuntu python node")
		if inner.in.Value == "service_healthy" && len(other.get("healthcheck")) == 0 && len(other.get("build")) == 0 && len(other.get("extends")) == 0 && slices.Contains(without, image) {
			c.addAt("DC-DEPENDS", Fail, inner.where(), fmt.Sprintf("%s waits until %s is healthy, and %s has no healthcheck", s.name, other.name, other.name), "neither the service nor the image "+image+" has one: Compose says \"has no healthcheck configured\" and stops", "give "+other.name+" a healthcheck, or write condition: service_started")
		}
	}
}

// cycles names services that wait for each other.
func (c *check) cycles() {
	state := map[string]int{} // 1: on the way, 2: done
	var visit func(s *service, way []string)
	visit = func(s *service, way []string) {
		way = append(slices.Clone(way), s.name)
		state[s.name] = 1
		for _, f := range s.items("depends_on") {
			other := c.project.service(f.key.Value)
			switch {
			case other == nil || state[other.name] == 2:
			case state[other.name] == 1:
				c.addAt("DC-DEPENDS", Fail, f.where(), strings.Join(append(way[slices.Index(way, other.name):], other.name), " → "), "they wait for each other: Compose says \"dependency cycle detected\"", "take one of the depends_on out")
			default:
				visit(other, way)
			}
		}
		state[s.name] = 2
	}
	for _, s := range c.project.services {
		if state[s.name] == 0 {
			visit(s, nil)
		}
	}
}

// networks judges network_mode and the networks that a service is in.
func (c *check) networks(s *service) {
	modes := s.get("network_mode")
	if len(modes) > 0 {
		mode := modes[len(modes)-1]
		if len(s.get("networks")) > 0 {
			c.addAt("DC-NETWORK", Fail, mode.where(), s.name+" has network_mode and networks", "Compose says that they cannot be combined", "keep one of them")
		}
		if name, of := strings.CutPrefix(mode.in.Value, "service:"); of {
			if c.project.service(name) == nil && c.project.whole && !strings.Contains(name, "$") {
				c.addAt("DC-NETWORK", Fail, mode.where(), "network_mode: "+mode.in.Value, "no compose file has this service", suggested(name, c.project.names(), "name a service that there is"))
			} else if len(s.items("ports")) > 0 {
				c.addAt("DC-NETWORK", Fail, mode.where(), s.name+" publishes ports, and has network_mode: "+mode.in.Value, "the network, and with it the ports, are those of "+name+": docker says \"conflicting options: port publishing and the container type network mode\"", "move its ports: to the service "+name)
			}
		}
	}
	for _, f := range s.items("networks") {
		if name := f.key.Value; name != "default" && !strings.Contains(name, "$") && c.project.whole && !c.declared("networks", name) {
			c.addAt("DC-NETWORK", Fail, f.where(), fmt.Sprintf("%s is in the network %q", s.name, name), "the network is not declared: Compose says \"refers to undefined network\"", "write networks: {"+name+": {}} at the top")
		}
	}
	for _, key := range []string{"secrets", "configs"} {
		for _, f := range s.items(key) {
			if f.in.Kind == yaml.ScalarNode && c.project.whole && !strings.Contains(f.in.Value, "$") && !c.declared(key, f.in.Value) {
				c.addAt("DC-COMPOSE", Fail, f.where(), fmt.Sprintf("%s uses %s %q", s.name, key, f.in.Value), "it is not declared: Compose says \"undefined\" and does not start", "declare it below "+key+": at the top")
			}
		}
	}
}

// declared says whether a name stands below a key at the top of a file.
func (c *check) declared(key, name string) bool {
	for _, top := range c.project.tops {
		if top.key.Value == key && slices.ContainsFunc(fields(top.file, top.in), func(f field) bool { return f.key.Value == name }) {
			return true
		}
	}
	return false
}
