package survey

import (
	"net/netip"
	"time"
)

// Facts is what a machine told about itself. What it did not tell stands in
// Unread, under the name of the script's section, with the reason; the zero value
// of a field means nothing before that was looked at.
type Facts struct {
	Place string        `json:"place"`
	Asked time.Time     `json:"asked"` // by the clock of this machine
	Took  time.Duration `json:"-"`

	OS     OS        `json:"os"`
	Kernel string    `json:"kernel"`
	Arch   string    `json:"arch"` // as uname names it
	Bits   int       `json:"bits"` // of the programs, not of the kernel
	Clock  time.Time `json:"clock"`
	Synced *bool     `json:"clock_synchronised"` // nil: nobody tells
	CPUs   int       `json:"cpus"`
	Virt   Virt      `json:"virtualisation"`
	Cgroup Cgroup    `json:"cgroup"`
	Init   Init      `json:"init"`
	Memory Memory    `json:"memory"`
	Data   Data      `json:"data"`

	Ports    []Port            `json:"ports"`
	Routes   []Route           `json:"routes"`
	Sysctl   map[string]string `json:"sysctl"`
	Iptables string            `json:"iptables"` // nft, legacy, "" when it is not installed

	Packages []Package `json:"packages"`
	Snap     string    `json:"snap_docker"` // its folder
	Docker   Docker    `json:"docker"`
	Daemon   Daemon    `json:"daemon_json"`
	Proxies  []Proxy   `json:"proxies"`

	Rights  Rights            `json:"rights"`
	LSM     []string          `json:"lsm"` // apparmor, selinux: those that are in force
	Config  map[string]string `json:"kernel_config"`
	Modules Modules           `json:"modules"`
	Tools   map[string]string `json:"tools"` // where each one is

	Unread map[string]string `json:"unread"`
}

// OS is what os-release tells.
type OS struct {
	ID       string   `json:"id"`
	Like     []string `json:"like"`
	Version  string   `json:"version"`
	Codename string   `json:"codename"`
	Name     string   `json:"name"`
}

// Virt says what the machine is made of.
type Virt struct {
	VM        string `json:"vm"`        // kvm, vmware, microsoft…; "" for none or nobody knows
	Container string `json:"container"` // lxc, docker…
	WSL       int    `json:"wsl"`       // 1 or 2
	Product   string `json:"product"`   // the firmware's or the board's own words
	CPU       string `json:"cpu"`       // vmx or svm
	KVM       bool   `json:"kvm"`       // /dev/kvm is there
}

// Cgroup is how processes are grouped.
type Cgroup struct {
	Version string `json:"version"` // 1, 2, hybrid
	Memory  bool   `json:"memory"`  // the controller is enabled
}

// Init is process 1.
type Init struct {
	Name    string `json:"name"`
	Systemd bool   `json:"systemd"` // it is the one that runs the machine
	State   string `json:"state"`   // in systemd's words
	OpenRC  bool   `json:"openrc"`
}

// Memory in bytes.
type Memory struct {
	Total     uint64 `json:"total_bytes"`
	Available uint64 `json:"available_bytes"`
	Swap      uint64 `json:"swap_bytes"`
}

// Data is the place that will hold Docker's data and the file system it is on.
type Data struct {
	Root       string   `json:"root"`
	Existing   string   `json:"existing"` // Root, or the nearest folder above it
	Mount      string   `json:"mount"`
	Type       string   `json:"type"`
	Options    []string `json:"options"`
	Size       uint64   `json:"size_bytes"`
	Free       uint64   `json:"free_bytes"`
	Inodes     uint64   `json:"inodes"` // 0: the file system has no limit
	FreeInodes uint64   `json:"free_inodes"`
	FType      string   `json:"ftype"` // of xfs: 1 or 0, "" when nobody tells
}

// Port is one that somebody listens at.
type Port struct {
	Address string `json:"address"`
	Number  int    `json:"number"`
	Process string `json:"process"` // "" without the right to know
}

// Route is a network that the machine reaches in its own way; the default route
// is none.
type Route struct {
	Net    netip.Prefix `json:"net"`
	Device string       `json:"device"`
	Table  string       `json:"table"` // "" is the main one
}

// Package is an installed package that has to do with containers.
type Package struct {
	Manager string `json:"manager"`
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Docker is what is there already.
type Docker struct {
	Client  string   `json:"client"`
	Podman  bool     `json:"podman"` // the client is podman's imitation
	Binary  string   `json:"binary"` // version of dockerd
	Server  string   `json:"server"` // version that answers
	Root    string   `json:"root"`
	Driver  string   `json:"driver"`
	Refused string   `json:"refused"` // why no server answers
	Context string   `json:"context"`
	Host    string   `json:"host"` // DOCKER_HOST
	Sockets []Socket `json:"sockets"`
}

// Socket is where a daemon listens.
type Socket struct {
	Path     string `json:"path"`
	Mode     string `json:"mode"`
	Owner    string `json:"owner"`
	Group    string `json:"group"`
	Writable bool   `json:"writable"`
}

// Daemon is /etc/docker/daemon.json.
type Daemon struct {
	Exists bool              `json:"exists"`
	Bad    string            `json:"bad"` // why it is no JSON object
	Root   string            `json:"data_root"`
	Pools  []Pool            `json:"pools"`
	Proxy  map[string]string `json:"-"`
}

// Pool is a range that Docker cuts its networks from.
type Pool struct {
	Base netip.Prefix `json:"base"`
	Size int          `json:"size"` // of one network
}

// Proxy is one setting; a password in it is ***.
type Proxy struct {
	Where string `json:"where"`
	Name  string `json:"name"` // http_proxy, https_proxy, no_proxy
	Value string `json:"value"`
}

// Places of proxy settings.
const (
	inEnvironment = "environment"
	inEtc         = "/etc/environment"
	inApt         = "apt"
	inDaemon      = "daemon.json"
	inUnit        = "docker's service"
)

// Rights is who looks and what that user may do.
type Rights struct {
	UID         int      `json:"uid"`
	User        string   `json:"user"`
	Groups      []string `json:"groups"`
	Sudo        string   `json:"sudo"` // free, limited, password, denied, "" without sudo
	DockerGroup bool     `json:"docker_group"`
	Rootless    bool     `json:"rootless"` // newuidmap and ranges of sub-ids are there
}

// Answers of sudo.
const (
	sudoFree     = "free"     // everything, without a password
	sudoLimited  = "limited"  // some commands, without a password
	sudoPassword = "password" // it wants one
	sudoDenied   = "denied"
)

// Modules is what the running kernel can load, has loaded and has built in.
type Modules struct {
	Tree        bool     `json:"tree"` // /lib/modules holds this kernel's
	Available   []string `json:"available"`
	Loaded      []string `json:"loaded"`
	FileSystems []string `json:"file_systems"`
	Namespaces  []string `json:"namespaces"`
}
