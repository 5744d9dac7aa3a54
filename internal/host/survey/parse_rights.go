package survey

import (
	"slices"
	"strconv"
	"strings"
)

func readRights(f *Facts, s *section) error {
	r := &f.Rights
	ranges := 0
	helper := false
	r.UID = -1
	for _, line := range s.lines {
		word, rest, _ := strings.Cut(line, " ")
		switch word {
		case "uid":
			if n, err := strconv.Atoi(rest); err == nil {
				r.UID = n
			}
		case "user":
			r.User = rest
		case "groups":
			r.Groups = strings.Fields(rest)
		case "sudo":
			r.Sudo = sudoDenied // until its own section says better
		case "newuidmap":
			helper = true
		case "dockergroup":
			r.DockerGroup = rest != ""
		case "/etc/subuid", "/etc/subgid":
			ranges++
		}
	}
	if r.User == "" {
		r.User = strconv.Itoa(r.UID)
	}
	r.Rootless = helper && ranges >= 2
	if r.UID < 0 {
		return errEmpty("who looks")
	}
	return nil
}

// readSudo reads sudo -n -l, which lists what the user may do, or says why not.
func readSudo(f *Facts, s *section) {
	if s == nil || s.word != "" || f.Rights.UID == 0 {
		return
	}
	f.Rights.Sudo = sudoDenied
	for _, line := range append(slices.Clone(s.lines), s.said...) {
		line = strings.TrimSpace(line)
		switch {
		case strings.Contains(line, "a password is required") || strings.Contains(line, "a terminal is required"):
			f.Rights.Sudo = sudoPassword
			return
		case strings.HasPrefix(line, "(") && strings.HasSuffix(line, ") NOPASSWD: ALL"):
			f.Rights.Sudo = sudoFree
			return
		case strings.Contains(line, "NOPASSWD:"):
			f.Rights.Sudo = sudoLimited
		case strings.HasPrefix(line, "(ALL") && strings.HasSuffix(line, ") ALL") && f.Rights.Sudo == sudoDenied:
			f.Rights.Sudo = sudoPassword
		}
	}
}

// readLSM reads which security modules are in force.
func readLSM(f *Facts, s *section) error {
	for file, value := range s.pairs() {
		switch {
		case file == "/sys/module/apparmor/parameters/enabled" && value == "Y":
			f.LSM = append(f.LSM, "apparmor")
		case file == "/sys/fs/selinux/enforce" && value == "1":
			f.LSM = append(f.LSM, "selinux")
		}
	}
	slices.Sort(f.LSM)
	return nil
}
