package dotenv_test

import (
	"fmt"
	"strings"
	"testing"

	"iact-infra/internal/ci/dotenv"
	"iact-infra/internal/verdict"
)

// said are the findings that are not well, as "fail CI-ENV-003 .env: what was seen".
func said(all []verdict.Finding) []string {
	var lines []string
	for _, f := range all {
		if f.State != verdict.OK {
			lines = append(lines, fmt.Sprintf("%s %s %s: %s", f.State, f.Code, f.About, f.Seen))
		}
	}
	return lines
}

const strong = "pX9sLq2vT7nRw4Zb8KdYc1Hf6Jg3Mt5QaUeViOxW"

func TestAFileIsHeldAgainstItsTemplate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ template, text, want string }{
		"all there":                {"A=1\nSECRET_KEY=x\n# C=3\n", "A=2\nSECRET_KEY=" + strong + "\nC=1\n", ""},
		"missing":                  {"A=1\nB=2\nC\n", "A=1\n", "fail CI-ENV-003 .env: missing: B"},
		"set without a value":      {"A=1\n", "A\n", "fail CI-ENV-003 .env: missing: A"},
		"empty and optional":       {"A=\n", "A=\n", ""},
		"empty":                    {"A=1\n", "\nA=\n", "warn CI-ENV-004 .env:2 A: empty"},
		"an empty secret":          {"", "SECRET_KEY=", "fail CI-ENV-004 .env:1 SECRET_KEY: empty"},
		"a placeholder":            {"", "API_TOKEN=your-token-here", "warn CI-ENV-005 .env:1 API_TOKEN: a placeholder"},
		"a placeholder in Spanish": {"", "DB_PASSWORD=cámbiame", "warn CI-ENV-005 .env:1 DB_PASSWORD: a placeholder"},
		"a secret's placeholder":   {"", "DJANGO_SECRET_KEY=<change me>", "fail CI-ENV-005 .env:1 DJANGO_SECRET_KEY: a placeholder"},
		"the procedure's secret":   {"", "SECRET_KEY=dev-secret-key-12345", "warn CI-ENV-006 .env:1 SECRET_KEY: a weak secret"},
		"Django's first secret":    {"", "SECRET_KEY=django-insecure-" + strong, "warn CI-ENV-006 .env:1 SECRET_KEY: a weak secret"},
		"somebody else's secret":   {"", "OAUTH_CLIENT_SECRET=short", ""},
		"a port":                   {"", "APP_PORT=80a\nB_PORT=0\nPORT=8000", "fail CI-ENV-007 .env:1 APP_PORT: implausible|fail CI-ENV-007 .env:2 B_PORT: implausible"},
		"an address":               {"", "API_URL=http://[::1\nB_URL=https://x.org:99999\nC_URL=example.org\nD_URL=sqlite:///x.db\nE_URL=/api", "fail CI-ENV-007 .env:1 API_URL: implausible|fail CI-ENV-007 .env:2 B_URL: implausible|warn CI-ENV-007 .env:3 C_URL: implausible"},
		"a truth":                  {"", "DEBUG=app:*\nX_ENABLED=on\nUSE_TLS=maybe", "warn CI-ENV-007 .env:1 DEBUG: implausible|warn CI-ENV-007 .env:3 USE_TLS: implausible"},
		"a mail address":           {"", "ADMIN_EMAIL=nobody\nEMAIL=a@b.org", "warn CI-ENV-007 .env:1 ADMIN_EMAIL: implausible"},
		"the procedure's hosts":    {"", "DATABASE_URL=postgresql://postgres:postgres@db:5432/iact_analytics\nREDIS_URL=redis://redis:6379/0\nDB_HOST=127.0.0.1\nX_HOST=db.example.org", "warn CI-ENV-008 .env:1 DATABASE_URL: host db|warn CI-ENV-008 .env:2 REDIS_URL: host redis"},
		"a reference":              {"", "DATABASE_URL=postgres://${USER}@${HOST}/x\nAPP_PORT=$PORT", ""},
		"twice":                    {"", "A=1\nA=2", "warn CI-ENV-002 .env:2 A: also in line 1"},
		"the last of two counts":   {"", "X_PORT=no\nX_PORT=1", "warn CI-ENV-002 .env:2 X_PORT: also in line 1"},
		"broken":                   {"", "A=1\nthis is no line\n", "warn CI-ENV-002 .env:2: python-dotenv cannot read it"},
		"read differently":         {"", "COLOUR=a#b", "warn CI-ENV-002 .env COLOUR: python-dotenv and dotenv of Node read it differently"},
		"not UTF-8":                {"", "A=\xe9", "fail CI-ENV-002 .env: not UTF-8"},
	} {
		got := strings.Join(said(dotenv.Judge(".env", c.template, c.text)), "|")
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func TestNoFindingShowsAValue(t *testing.T) {
	t.Parallel()
	text := "SECRET_KEY=hunter2hunter2\nA_URL=http://u:hunter2@[x\nB_PORT=hunter2\nDEBUG=hunter2\nC_EMAIL=hunter2\nD=your-hunter2\nE=hunter2#x\nSECRET_KEY=hunter2\n"
	found := dotenv.Judge(".env", "", text)
	if len(said(found)) < 6 {
		t.Errorf("only %q was found", said(found))
	}
	for _, f := range found {
		if all := fmt.Sprint(f); strings.Contains(all, "hunter2") {
			t.Errorf("a value in %s", all)
		}
	}
}

func TestWhatIsNotInTheTemplateIsToldAndNoFault(t *testing.T) {
	t.Parallel()
	for _, f := range dotenv.Judge(".env", "A=1\n#B=2\n", "A=1\nB=2\nMINE=3\n") {
		if f.Code == "CI-ENV-009" && f.State == verdict.OK && f.Seen == "MINE" {
			return
		}
	}
	t.Error("nobody tells of MINE")
}
