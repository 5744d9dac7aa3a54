package redact_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"iact-infra/internal/redact"
)

const secret = `Zq8/w"rd$ 'ñ+4711`

func TestALearnedSecretIsHiddenInEverySpelling(t *testing.T) {
	t.Parallel()
	r := redact.New()
	r.Learn("POSTGRES_PASSWORD", secret)
	inJSON, _ := json.Marshal(map[string]string{"a": secret})
	for _, text := range []string{
		"login with " + secret + " failed", string(inJSON), "postgres://u:" + url.QueryEscape(secret) + "@db/x", url.PathEscape(secret),
		"cGFkZGluZw==" + base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("user:" + secret)),
		base64.URLEncoding.EncodeToString([]byte("me:" + secret + ":more")), strings.ReplaceAll(secret, "$", "$$"),
	} {
		got := r.Text(text)
		for _, part := range []string{"Zq8", "4711", "Wnc4L3ci", "pxOC93In", "acTgvdyJy"} {
			if strings.Contains(got, part) {
				t.Errorf("%s shows %s of the secret", got, part)
			}
		}
		if !strings.Contains(got, redact.Hidden) {
			t.Errorf("%s does not show that something is hidden", got)
		}
	}
}

// The spellings are what programs were seen to write of this value: json.dumps of
// Python with and without ASCII, its repr, html.escape, shlex.quote, encoding/xml
// of Go, JSON.stringify of Node, and a text of the shell.
func TestASecretWithQuotesIsHiddenAsOtherProgramsWriteIt(t *testing.T) {
	t.Parallel()
	r := redact.New()
	r.Learn("DB_PASSWORD", "abc\"<d\u00e9fg5&$x'y>")
	for _, text := range []string{
		`abc\"<d\u00e9fg5&$x'y>`, "abc\\\"<d\u00e9fg5&$x'y>", "abc\"<d\u00e9fg5&$x\\'y>", "abc&quot;&lt;d\u00e9fg5&amp;$x&#x27;y&gt;",
		"abc\"<d\u00e9fg5&$x'\"'\"'y>", "abc&#34;&lt;d\u00e9fg5&amp;$x&#39;y&gt;", "abc\"&lt;d\u00e9fg5&amp;$x'y&gt;", "abc\\\"<d\u00e9fg5&\\$x'y>",
	} {
		if got := r.Known("<" + text + ">"); got != "<"+redact.Hidden+">" {
			t.Errorf("%s becomes %s", text, got)
		}
	}
}

func TestEachLineOfASecretIsHiddenAlone(t *testing.T) {
	t.Parallel()
	r := redact.New()
	r.Learn("SIGNING_TOKEN", "first line of it\n  second line of it\nend")
	const text = "1: first line of it\n2: second line of it with more\nend of the log\n"
	if got := r.Known(text); got != "1: ***\n2: *** with more\nend of the log\n" {
		t.Errorf("it is %q", got)
	}
	if got := r.Known("{\"v\": \"first line of it\\n  second line of it\\nend\"}"); got != `{"v": "***"}` {
		t.Errorf("it is %q", got)
	}
}

func TestWhatLooksLikeASecretIsHiddenAndItsNameStays(t *testing.T) {
	t.Parallel()
	r := redact.New()
	for text, want := range map[string]string{
		"DB_PASSWORD=hunter2 next":                        "DB_PASSWORD=*** next",
		`"Env": ["MYSQL_ROOT_PASSWORD=a b c", "X=1"]`:     `"Env": ["MYSQL_ROOT_PASSWORD=*** b c", "X=1"]`,
		`"auth": "dXNlcjpwYXNz"`:                          `"auth": ***`,
		"api_key: 'a b'":                                  "api_key: ***",
		"Authorization: Bearer abc.def-ghi":               "Authorization: Bearer ***",
		"git clone https://me:pw1@host/x.git":             "git clone https://me:***@host/x.git",
		"https://abcdefghij0123456789abcdef@github.com/x": "https://***@github.com/x",
		"mysql --password hunter2 -u root":                "mysql --password *** -u root",
		"token ghp_abcdefghijklmnop1234 used":             "token ghp_*** used",
		"key AKIAABCDEFGHIJKLMNOP used":                   "key AKIA*** used",
		"Set-Cookie: sid=31d4d96e407aad42; Path=/":        "Set-Cookie: ***",
		"jwt eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJ end":      "jwt *** end",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n-----END OPENSSH PRIVATE KEY-----\nafter": "-----BEGIN OPENSSH PRIVATE KEY----- ***\nafter",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIcut off":                                           "-----BEGIN RSA PRIVATE KEY----- ***",
	} {
		if got := r.Text(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	t.Parallel()
	r := redact.New()
	r.Learn("POSTGRES_USER", "analyst")
	r.Learn("POSTGRES_PASSWORD", "analyst") // as bad as it is usual
	r.Learn("PGPASSWORD", "postgres")
	r.Learn("PORT", "5432")
	for _, text := range []string{
		"POSTGRES_PASSWORD_FILE=/run/secrets/pg", "image postgres:15 of user analyst", "author: Ana", "https://host/path?x=1", "2026-11-27T10:00:00Z listen 5432",
		"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "passed 12 tests", "compass=north", "the key stands twice",
	} {
		if got := r.Text(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

func FuzzALearnedSecretNeverShows(f *testing.F) {
	f.Add("before ", secret, " after")
	f.Fuzz(func(t *testing.T, before, value, after string) {
		value = strings.Trim(strings.TrimSpace(value), `"'`)
		if len(value) < 12 || strings.ContainsAny(redact.Hidden, value[:1]+value[len(value)-1:]) {
			return // too short to be learned, or it cannot be told from its mask
		}
		r := redact.New()
		r.Learn("A_TOKEN", value)
		if got := r.Text(before + value + after); strings.Contains(got, value) && !strings.Contains(before+redact.Hidden+after, value) {
			t.Errorf("%q shows %q", got, value)
		}
	})
}

func TestTheDirectoryOfAShellIsNoPassword(t *testing.T) {
	t.Parallel()
	r := redact.New()
	r.Learn("PWD", "/srv/project")
	r.Learn("OLDPWD", "/srv/before")
	r.Learn("DB_PWD", "hunter22")
	if got := r.Known("/srv/project /srv/before hunter22 TOKEN=abcdef"); got != "/srv/project /srv/before *** TOKEN=abcdef" {
		t.Errorf("it is %s", got)
	}
}
