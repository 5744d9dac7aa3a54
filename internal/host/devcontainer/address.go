package devcontainer

import (
	"regexp"
	"strings"
)

// loginIn finds the user, and the password if there is one, in an address.
func loginIn() *regexp.Regexp { return regexp.MustCompile(`://([^/@\s]+)@`) }

// withoutLogin is an address that may be shown.
func withoutLogin(address string) string {
	return loginIn().ReplaceAllString(address, "://")
}

// logins are the secrets in an address: a password, and for http also a user
// alone, since a token may stand there. The user of ssh is none.
func logins(address string) []string {
	var all []string
	for _, found := range loginIn().FindAllStringSubmatch(address, -1) {
		user, password, both := strings.Cut(found[1], ":")
		if both {
			all = append(all, password, found[1])
		}
		if strings.HasPrefix(address, "http") && len(user) >= 8 {
			all = append(all, user)
		}
	}
	return all
}

// same says that two addresses lead to one repository: by https, by ssh or as
// scp writes it; with .git at the end, or without.
func same(a, b string) bool { return plain(a) == plain(b) }

func plain(address string) string {
	address = withoutLogin(address)
	scheme, rest, is := strings.Cut(address, "://")
	switch {
	case is && scheme != "file":
	case is:
		rest = strings.TrimPrefix(address, "file://")
	default:
		rest = address
		// user@host:path
		if host, path, scp := strings.Cut(rest, ":"); scp && !strings.Contains(host, "/") {
			rest = host[strings.LastIndex(host, "@")+1:] + "/" + strings.TrimPrefix(path, "/")
		}
	}
	host, path, _ := strings.Cut(rest, "/")
	host = regexp.MustCompile(`:(22|80|443|9418)$`).ReplaceAllString(strings.ToLower(host), "")
	return host + "/" + strings.TrimSuffix(strings.TrimRight(path, "/"), ".git")
}
