package dotenv

import (
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

// ownSecret says whether a name is that of a secret which a project makes up by
// itself. A password, or the key of somebody else's service, has to be the one
// that is valid there, and cannot be made.
func ownSecret(name string) bool {
	upper := strings.ToUpper(name)
	return regexp.MustCompile(`(^|_)(SECRET(_KEY(_BASE)?)?|(SIGNING|ENCRYPTION|JWT|APP|SESSION|COOKIE|HMAC|CSRF)_?(KEY|SECRET)S?|SALT)$`).MatchString(upper) &&
		!regexp.MustCompile(`(^|_)(CLIENT|AWS|S3|MINIO|API|WEBHOOK|OAUTH2?|GITHUB|GITLAB|GOOGLE|AZURE|STRIPE|PAYPAL|TWILIO|CONSUMER|RECAPTCHA|ACCESS)_`).MatchString(upper)
}

// placeholder says whether a value only holds the place of one.
func placeholder(value string) bool {
	value = strings.TrimSpace(value)
	return regexp.MustCompile(`(?i)^(x{3,}|\.{3,}|…|\*{3,}|_{3,}|-{3,}|\?+|to[-_ ]?do|tbd|fixme|dummy|placeholder|<.*>|\{\{.*\}\}`+
		`|(.*[-_ ])?change[-_ ]?(me|this|it)\b.*|replace[-_ ]?(me|this|it|with)\b.*|(your|tu|su)[-_ ].*|(insert|enter|put|paste|pon|ponga|inserte)[-_ ].*|.*[-_ ](here|aqu[ií])`+
		`|c[aá]mbi(ar|ame|alo|eme|elo|e|a)([-_ ].*)?|reempla[zc].*)$`).MatchString(value) ||
		regexp.MustCompile(`://[^\s]*(<[A-Za-z _-]+>|:(changeme|change-me|your[-_]password)@)`).MatchString(value)
}

// weak says why a secret that a project makes up could be guessed; empty when not.
func weak(value string) procedure.Text {
	seen := map[rune]bool{}
	for _, c := range value {
		seen[c] = true
	}
	switch {
	case len(value) < 32:
		return verdict.Sayf("tiene %d caracteres, menos de 32", "it has %d characters, less than 32", len(value))
	case regexp.MustCompile(`(?i)secret|insecure|password|changeme|example|123456|abcdef`).MatchString(value):
		return verdict.Say("contiene palabras que cualquiera probaría", "it holds words that anybody would try")
	case len(seen) < 10:
		return verdict.Say("repite unos pocos caracteres", "it repeats a few characters")
	}
	return procedure.Text{}
}

// refers says whether a value is made from another variable, so that nobody can
// judge it as it stands.
func refers(value string) bool { return regexp.MustCompile(`\$[{(]?[A-Za-z_]`).MatchString(value) }

// implausible says what is wrong with a value for a variable of that name; empty
// when nothing is. sure is false where programs exist that take such a value.
func implausible(name, value string) (why procedure.Text, sure bool) {
	upper := strings.ToUpper(name)
	is := func(suffixes ...string) bool {
		for _, s := range suffixes {
			if upper == s || strings.HasSuffix(upper, "_"+s) {
				return true
			}
		}
		return false
	}
	switch {
	case value == "" || refers(value):
	case is("PORT"):
		if n, err := strconv.Atoi(value); err != nil || n < 1 || n > 65535 {
			return verdict.Say("un puerto es un número de 1 a 65535", "a port is a number from 1 to 65535"), true
		}
	case is("URL", "URI", "DSN"):
		return address(value)
	case is("DEBUG", "ENABLED", "DISABLED") || strings.HasPrefix(upper, "ENABLE_") || strings.HasPrefix(upper, "USE_"):
		if !regexp.MustCompile(`(?i)^(true|false|1|0|yes|no|on|off|t|f|y|n)$`).MatchString(value) {
			return verdict.Say("se espera true o false; otra cosa cuenta como cierta en unos programas y como falsa en otros", "true or false is expected; anything else is true for some programs and false for others"), false
		}
	case is("EMAIL"):
		if _, err := mail.ParseAddress(value); err != nil {
			return verdict.Say("no es una dirección de correo", "it is no mail address"), false
		}
	}
	return procedure.Text{}, false
}

func address(value string) (why procedure.Text, sure bool) {
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return verdict.Say("no es una URL; los caracteres especiales de una contraseña se escriben con %", "it is no URL; special characters of a password are written with %"), true
	case u.Scheme == "" && !strings.HasPrefix(value, "/"):
		return verdict.Say("a la URL le falta el esquema, como https://", "the URL lacks its scheme, like https://"), false
	case u.Port() != "":
		if n, err := strconv.Atoi(u.Port()); err != nil || n < 1 || n > 65535 {
			return verdict.Say("el puerto de la URL no está entre 1 y 65535", "the port of the URL is not between 1 and 65535"), true
		}
	}
	return procedure.Text{}, false
}

// inside is the host of a value when only containers of the same network know it:
// a name without a dot, as services of compose have.
func inside(name, value string) string {
	host, upper := "", strings.ToUpper(name)
	switch {
	case refers(value):
	case strings.HasSuffix(upper, "_HOST") || upper == "HOST":
		host = value
	case strings.Contains(value, "://"):
		if u, err := url.Parse(value); err == nil && u.Scheme != "sqlite" && u.Scheme != "file" {
			host = u.Hostname()
		}
	}
	_, err := netip.ParseAddr(host)
	if err == nil || host == "localhost" || !regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`).MatchString(host) {
		return ""
	}
	return host
}
