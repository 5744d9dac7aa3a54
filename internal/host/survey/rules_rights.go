package survey

import (
	"fmt"
	"slices"

	"iact-infra/internal/verdict"
)

// rights asks whether this user can install.
func (f *Facts) rights(Wants) verdict.Finding {
	r := f.Rights
	who := fmt.Sprintf("%s (uid %d)", r.User, r.UID)
	if r.UID == 0 {
		return fine("%s", who)
	}
	if why, missing := f.Unread["sudo"]; missing {
		return unknown("sudo", why)
	}
	maybe := slices.ContainsFunc([]string{"sudo", "wheel", "admin"}, func(g string) bool { return slices.Contains(r.Groups, g) })
	switch {
	case r.Sudo == sudoFree:
		return fine("%s, sudo without a password", who)
	case r.Sudo == sudoPassword && maybe:
		return warn(who+", sudo wants a password", "steps that change the machine cannot type it", "run sudo -v first, run the procedure as root, or allow NOPASSWD for its time")
	case r.Sudo == sudoLimited:
		return warn(who+", sudo for some commands only", "steps may be refused", "run the procedure as root, or ask for all commands: sudo -l shows what there is")
	case f.Docker.Server != "":
		return warn(who+", no sudo that works; a daemon answers", "nothing can be installed or configured, what is there can be used", "run the procedure as root to change it")
	case r.Rootless:
		return fail(who+", no sudo that works", "packages cannot be installed, nor the daemon configured", "run as root; or use rootless Docker, for which everything else is here: dockerd-rootless-setuptool.sh install")
	case r.Sudo == sudoPassword:
		return fail(who+", sudo wants a password, and the user is in none of the groups sudo, wheel, admin", "packages cannot be installed, nor the daemon configured", "run as root, or have an administrator run: usermod -aG sudo "+r.User)
	}
	return fail(who+", no sudo that works", "packages cannot be installed, nor the daemon configured", "run as root, or as a user who may use sudo")
}

// dockerGroup says whether this user may speak with the daemon.
func (f *Facts) dockerGroup(Wants) verdict.Finding {
	r := f.Rights
	member := slices.Contains(r.Groups, "docker")
	switch {
	case r.UID == 0:
		return fine("root needs none")
	case member:
		return fine("%s is a member, which is as good as being root", r.User)
	case !r.DockerGroup:
		return fine("not there yet; Docker's package makes it")
	}
	return warn(r.User+" is not a member in this session", "docker ps would be refused: permission denied at the socket", "host:group adds the user (as good as making it root); then log in anew")
}

// security says which modules confine containers.
func (f *Facts) security(Wants) verdict.Finding {
	switch {
	case slices.Contains(f.LSM, "apparmor") && f.Tools["apt-get"] != "" && f.Tools["apparmor_parser"] == "":
		return warn("AppArmor is on, and apparmor_parser is not installed", "the daemon cannot load its profile: containers do not start", "apt-get install apparmor")
	case slices.Contains(f.LSM, "selinux"):
		return fine("SELinux is enforcing: bind mounts need :z or :Z")
	case len(f.LSM) == 0:
		return fine("none is in force")
	}
	return fine("%s", list(f.LSM))
}
