package packages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/fault"
)

// DockerFingerprint is the key that signs Docker's own repositories.
const DockerFingerprint = "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"

// Where Docker's packages come from.
const (
	DockerCom    = "docker.com"
	Distribution = "distribution"
	Auto         = "auto"
)

// DockerOptions say which Docker a host gets.
type DockerOptions struct {
	From    string // DockerCom, Distribution or Auto, which "" is, too
	Version string // a pin: "28.*", "28.5.1"
	// Repository is a mirror of Docker's repository, and Key where its key is;
	// empty are Docker's own. A mirror that signs itself has its own Fingerprint.
	Repository, Key, Fingerprint string
	// Replace takes over from an older file that names the same repository.
	Replace bool
}

// Facts are what a choice depends on.
type Facts struct {
	System System
	Offers map[string]Offer
	// Reachable says whether Docker's repository has something for this system;
	// only Auto asks.
	Reachable bool
}

// Choice is which packages make Docker on a host, and why.
type Choice struct {
	From     string   `json:"from"`
	Why      string   `json:"why"`
	Packages []string `json:"packages"`
	// Engine is the package that a version pin means.
	Engine string `json:"engine"`
	// Compose is the package that brings Compose 2, "" when there is none.
	Compose string `json:"compose,omitempty"`
	// Conflicts are installed packages that have to go first.
	Conflicts []string `json:"conflicts,omitempty"`
}

func dockerCom() []string {
	return []string{"docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin", "docker-compose-plugin"}
}

// DockerNames are all packages that a choice looks at.
func DockerNames() []string {
	return append(dockerCom(), "docker-ce-rootless-extras", "docker-model-plugin", "docker.io", "docker-cli", "docker-buildx", "docker-compose", "docker-compose-v2", "docker-doc", "podman-docker", "containerd", "runc")
}

// Choose decides between Docker's own packages and the distribution's. Auto
// never swaps one that is there for the other.
func Choose(from string, facts Facts) (Choice, error) {
	there := func(name string) bool { return facts.Offers[name].Installed != "" }
	offered := func(name string) bool { return facts.Offers[name].Candidate != "" }
	switch from {
	case DockerCom, Distribution:
		return choose(from, "it is configured", facts)
	case Auto, "":
	default:
		return Choice{}, fault.New(fault.Usage, "host.docker.from: docker.com, distribution or auto", fmt.Errorf("choose docker from %q: there is no such place", from))
	}
	switch {
	case there("docker-ce"):
		return choose(DockerCom, "docker-ce is installed", facts)
	case there("docker.io"):
		return choose(Distribution, "docker.io is installed", facts)
	case offered("docker-ce"):
		return choose(DockerCom, "a repository with docker-ce is configured", facts)
	case facts.Reachable:
		return choose(DockerCom, "Docker's repository has packages for "+facts.System.BaseCodename, facts)
	case offered("docker.io"):
		return choose(Distribution, "Docker's repository cannot be reached or has nothing for "+facts.System.BaseCodename, facts)
	}
	return Choice{}, &Problem{Kind: Unknown, Text: "neither Docker's repository nor " + facts.System.Name + " offers Docker", Fix: "apt-get update; name a mirror in host.docker.repository"}
}

func choose(from, why string, facts Facts) (Choice, error) {
	c := Choice{From: from, Why: why}
	conflicts := []string{"docker.io", "docker-cli", "docker-buildx", "docker-compose", "docker-compose-v2", "docker-doc", "podman-docker", "containerd", "runc"}
	if from == DockerCom {
		c.Packages, c.Engine, c.Compose = dockerCom(), "docker-ce", "docker-compose-plugin"
	} else {
		conflicts = append(dockerCom(), "docker-ce-rootless-extras", "docker-model-plugin", "podman-docker")
		c.Packages, c.Engine = []string{"docker.io"}, "docker.io"
		// Newer releases have the client and buildx in packages of their own.
		for _, name := range []string{"docker-cli", "docker-buildx"} {
			if facts.Offers[name].Candidate != "" {
				c.Packages = append(c.Packages, name)
			}
		}
		c.Compose = distributionCompose(facts.Offers)
		if c.Compose != "" {
			c.Packages = append(c.Packages, c.Compose)
		}
		if facts.Offers["docker.io"] == (Offer{}) {
			return c, &Problem{Kind: Unknown, Text: facts.System.Name + " offers no docker.io", Fix: "apt-get update, or host.docker.from: docker.com"}
		}
	}
	for _, name := range conflicts {
		if facts.Offers[name].Installed != "" {
			c.Conflicts = append(c.Conflicts, name)
		}
	}
	return c, nil
}

// distributionCompose is the distribution's package of Compose 2. In Ubuntu it
// has a name of its own; Debian's docker-compose is version 1 up to release 12.
func distributionCompose(offers map[string]Offer) string {
	if offers["docker-compose-v2"].Candidate != "" {
		return "docker-compose-v2"
	}
	version := upstream(offers["docker-compose"].Candidate)
	if version == "" || version == "1" || strings.HasPrefix(version, "1.") {
		return ""
	}
	return "docker-compose"
}

// ComposePackage is the package that brings Compose 2 to the Docker of this host,
// with the versions that there are; "" when no repository has one.
func (a *Apt) ComposePackage(ctx context.Context) (string, Versions, error) {
	offers, err := a.Offers(ctx, DockerNames()...)
	if err != nil {
		return "", nil, err
	}
	name := distributionCompose(offers)
	// Docker's own goes with Docker's own engine; it is not put beside another's.
	if offers["docker.io"].Installed == "" && offers["docker-compose-plugin"].Candidate != "" {
		name = "docker-compose-plugin"
	}
	if name == "" {
		return "", nil, nil
	}
	versions, err := a.Versions(ctx, name)
	return name, versions, err
}

// DockerRepository is Docker's repository for a system, or the mirror of it.
func DockerRepository(s System, o DockerOptions) (Repository, error) {
	r := Repository{Name: "docker", URL: strings.TrimRight(o.Repository, "/"), Suite: s.BaseCodename, Components: []string{"stable"}, Arch: s.Arch, Key: o.Key, Fingerprint: o.Fingerprint, Replace: o.Replace}
	if r.URL == "" {
		r.URL = "https://download.docker.com/linux/" + s.Base
	}
	if r.Key == "" {
		r.Key = r.URL + "/gpg"
	}
	if r.Fingerprint == "" {
		r.Fingerprint = DockerFingerprint
	}
	if r.Suite == "" {
		return r, fault.New(fault.Missing, "host.docker.from: distribution", fmt.Errorf("name docker's repository for %s: it says no codename (testing and unstable have none)", s.Name))
	}
	return r, nil
}

// DockerPlan is the choice for this host. It only reads.
func (a *Apt) DockerPlan(ctx context.Context, o DockerOptions) (Choice, error) {
	c, _, err := a.dockerPlan(ctx, o)
	if err != nil {
		return c, fmt.Errorf("choose docker: %w", err)
	}
	return c, nil
}

func (a *Apt) dockerPlan(ctx context.Context, o DockerOptions) (Choice, Repository, error) {
	s, err := a.System(ctx)
	if err != nil {
		return Choice{}, Repository{}, err
	}
	offers, err := a.Offers(ctx, DockerNames()...)
	if err != nil {
		return Choice{}, Repository{}, err
	}
	facts := Facts{System: s, Offers: offers}
	r, err := DockerRepository(s, o)
	if o.From == DockerCom && err != nil {
		return Choice{}, r, err
	}
	if err == nil && (o.From == Auto || o.From == "") {
		_, down := a.fetch(ctx, r.URL+"/dists/"+r.Suite+"/InRelease")
		facts.Reachable = down == nil
	}
	c, err := Choose(o.From, facts)
	return c, r, err
}

// Docker gives the host Docker's engine with buildx and Compose 2, or as much of
// it as the place that it comes from has. What has to be removed is named first
// and removed in the same transaction. A Docker that is there is left alone.
func (a *Apt) Docker(ctx context.Context, o DockerOptions) (Choice, Record, error) {
	w := a.begin()
	c, err := w.docker(ctx, o)
	if err != nil {
		return c, w.record, fmt.Errorf("install docker: %w", err)
	}
	return c, w.record, nil
}

func (w *work) docker(ctx context.Context, o DockerOptions) (Choice, error) {
	if err := w.ready(ctx); err != nil {
		return Choice{}, err
	}
	c, r, err := w.dockerPlan(ctx, o)
	if Is(err, Unknown) && !w.Door.Planning() { // the index may never have been fetched
		if err := w.Refresh(ctx); err != nil {
			return c, err
		}
		c, r, err = w.dockerPlan(ctx, o)
	}
	if err != nil {
		return c, err
	}
	w.say("docker comes from %s: %s", c.From, c.Why)
	if len(c.Conflicts) > 0 {
		w.say("%s will be removed: they cannot be together with %s. Images, containers and volumes in /var/lib/docker stay; running containers stop", strings.Join(c.Conflicts, ", "), c.Engine)
	}
	if c.From == DockerCom && !w.served(ctx, c, o) {
		if err := w.addRepository(ctx, r); err != nil {
			return c, fmt.Errorf("add repository %s: %w", r.URL, err)
		}
	}
	if w.Door.Planning() && c.From == DockerCom {
		// Before its index is there, apt cannot simulate its packages.
		return c, w.Door.Run(ctx, w.get(slices.Concat(w.installing(), c.Packages, minus(c.Conflicts))...))
	}
	wanted, err := w.pinned(ctx, c, o.Version)
	if err != nil {
		return c, err
	}
	now, err := w.Snapshot(ctx)
	if err != nil {
		return c, err
	}
	if now.Version(c.Engine) == "" {
		if err := w.willMakeGroup(ctx, dockerGroup); err != nil {
			return c, err
		}
	}
	return c, w.install(ctx, wanted, c.Conflicts)
}

// served reports whether docker-ce comes from a repository that somebody else
// configured, and no other one is asked for.
func (a *Apt) served(ctx context.Context, c Choice, o DockerOptions) bool {
	if o.Repository != "" || o.From == DockerCom {
		return false
	}
	offered, err := a.Versions(ctx, c.Engine)
	return err == nil && len(offered[c.Engine]) > 0
}

func minus(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, name+"-")
	}
	return all
}
