package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/config"
)

func TestEverySettingIsShownWithTheLineItComesFrom(t *testing.T) {
	t.Parallel()
	root := checkout(t,
		"config/iact.yaml", "backup:\n  level: best\n  keep:\n    daily: 2\n  scrub_after: 36h\n"+
			"  sources:\n    - name: docs\n      kind: files\n      path: docs\n      exclude:\n        - a\n        - b\n",
		"config/iact.local.yaml", "\nbackup: {level: better}\n")
	have := mustLoad(t, root).Show()
	want := []config.Setting{
		{Key: "project", Value: root, Origin: "default"},
		{Key: "backup.store", Value: filepath.Join(root, "backups/sets"), Origin: "default"},
		{Key: "backup.sources[0].name", Value: "docs", Origin: "config/iact.yaml:7"},
		{Key: "backup.sources[0].kind", Value: "files", Origin: "config/iact.yaml:8"},
		{Key: "backup.sources[0].path", Value: filepath.Join(root, "docs"), Origin: "config/iact.yaml:9"},
		{Key: "backup.sources[0].exclude", Value: "[a, b]", Origin: "config/iact.yaml:11"},
		{Key: "backup.sources[0].via", Value: "local", Origin: "default"},
		{Key: "backup.sources[0].as", Value: "", Origin: "default"},
		{Key: "backup.sources[0].retries", Value: "1", Origin: "default"},
		{Key: "backup.sources[0].timeout", Value: "0s", Origin: "default"},
		{Key: "backup.sources[0].before", Value: "[]", Origin: "default"},
		{Key: "backup.sources[0].after", Value: "[]", Origin: "default"},
		{Key: "backup.exclude", Value: "[node_modules/, venv/, .venv/, __pycache__/, dist/, build/, coverage/, .git/]", Origin: "default"},
		{Key: "backup.volumes.match", Value: "[*]", Origin: "default"},
		{Key: "backup.volumes.except", Value: "[]", Origin: "default"},
		{Key: "backup.volumes.mode", Value: "live", Origin: "default"},
		{Key: "backup.retired", Value: "[]", Origin: "default"},
		{Key: "backup.keep.last", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.hourly", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.daily", Value: "2", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.weekly", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.monthly", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.yearly", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.within", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.within_hourly", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.within_daily", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.within_weekly", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.within_monthly", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.within_yearly", Value: "0", Origin: "config/iact.yaml:4"},
		{Key: "backup.keep.tags", Value: "[]", Origin: "config/iact.yaml:4"},
		{Key: "backup.level", Value: "better", Origin: "config/iact.local.yaml:2"},
		{Key: "backup.scrub_after", Value: "1d12h", Origin: "config/iact.yaml:5"},
		{Key: "backup.space_margin", Value: "10", Origin: "default"},
		{Key: "ssh.config", Value: "", Origin: "default"},
		{Key: "vm.provider", Value: "auto", Origin: "default"},
		{Key: "vm.dir", Value: root + "/vm", Origin: "default"},
		{Key: "vm.machines", Value: "[]", Origin: "default"},
		{Key: "vm.box", Value: "debian/bookworm64", Origin: "default"},
		{Key: "vm.box_version", Value: "", Origin: "default"},
		{Key: "vm.memory", Value: "4096", Origin: "default"},
		{Key: "vm.cpus", Value: "2", Origin: "default"},
		{Key: "vm.disk", Value: "50", Origin: "default"},
		{Key: "vm.postgresql", Value: "16", Origin: "default"},
		{Key: "vm.mariadb", Value: "11.4", Origin: "default"},
		{Key: "vm.postgresql_port", Value: "15432", Origin: "default"},
		{Key: "vm.mariadb_port", Value: "13306", Origin: "default"},
		{Key: "vm.analytics", Value: "iact_analytics", Origin: "default"},
		{Key: "vm.legacy", Value: "ivr_legacy", Origin: "default"},
		{Key: "vm.user", Value: "django_user", Origin: "default"},
		{Key: "vm.timezone", Value: "UTC", Origin: "default"},
		{Key: "vm.logins", Value: root + "/config/vm.env", Origin: "default"},
		{Key: "host.user", Value: "", Origin: "default"},
		{Key: "host.memory", Value: "8", Origin: "default"},
		{Key: "host.disk", Value: "50", Origin: "default"},
		{Key: "host.ports", Value: "[]", Origin: "default"},
		{Key: "host.hello", Value: "hello-world", Origin: "default"},
		{Key: "host.upgrade", Value: "false", Origin: "default"},
		{Key: "host.index_age", Value: "1d", Origin: "default"},
		{Key: "host.packages", Value: "[ca-certificates, curl, gnupg, lsb-release, wget, git, build-essential]", Origin: "default"},
		{Key: "host.docker.from", Value: "auto", Origin: "default"},
		{Key: "host.docker.version", Value: "", Origin: "default"},
		{Key: "host.docker.repository", Value: "", Origin: "default"},
		{Key: "host.docker.key", Value: "", Origin: "default"},
		{Key: "host.docker.fingerprint", Value: "", Origin: "default"},
		{Key: "host.compose.from", Value: "auto", Origin: "default"},
		{Key: "host.compose.version", Value: "", Origin: "default"},
		{Key: "host.compose.sha256", Value: "", Origin: "default"},
		{Key: "host.daemon.log_driver", Value: "", Origin: "default"},
		{Key: "host.daemon.log_size", Value: "10m", Origin: "default"},
		{Key: "host.daemon.log_files", Value: "3", Origin: "default"},
		{Key: "host.daemon.live_restore", Value: "true", Origin: "default"},
		{Key: "host.daemon.pools", Value: "[]", Origin: "default"},
		{Key: "host.daemon.pool_size", Value: "24", Origin: "default"},
		{Key: "host.daemon.storage", Value: "", Origin: "default"},
		{Key: "host.daemon.data_root", Value: "", Origin: "default"},
		{Key: "host.daemon.dns", Value: "[]", Origin: "default"},
		{Key: "host.daemon.mirrors", Value: "[]", Origin: "default"},
		{Key: "host.daemon.insecure_registries", Value: "[]", Origin: "default"},
		{Key: "host.daemon.buildkit", Value: "", Origin: "default"},
		{Key: "host.daemon.icc", Value: "", Origin: "default"},
		{Key: "host.daemon.debug", Value: "", Origin: "default"},
		{Key: "host.daemon.userland_proxy", Value: "", Origin: "default"},
		{Key: "host.devcontainer.repository", Value: "https://github.com/2-Coatl/IACT.git", Origin: "default"},
		{Key: "host.devcontainer.ref", Value: "", Origin: "default"},
		{Key: "host.devcontainer.dir", Value: "~/IACT", Origin: "default"},
		{Key: "host.devcontainer.cli", Value: "installed", Origin: "default"},
		{Key: "host.devcontainer.version", Value: "0.89.0", Origin: "default"},
		{Key: "host.devcontainer.command", Value: "pwd", Origin: "default"},
		{Key: "host.network.outside", Value: "[registry-1.docker.io:443]", Origin: "default"},
		{Key: "host.network.image", Value: "alpine:3.22", Origin: "default"},
		{Key: "host.network.required", Value: "false", Origin: "default"},
		{Key: "host.network.writes", Value: "50", Origin: "default"},
		{Key: "ci.components", Value: "auto", Origin: "default"},
		{Key: "ci.stages.deps.needs", Value: "[]", Origin: "default"},
		{Key: "ci.stages.deps.limit", Value: "0s", Origin: "default"},
		{Key: "ci.stages.deps.optional", Value: "false", Origin: "default"},
		{Key: "ci.stages.env.needs", Value: "[]", Origin: "default"},
		{Key: "ci.stages.env.limit", Value: "0s", Origin: "default"},
		{Key: "ci.stages.env.optional", Value: "false", Origin: "default"},
		{Key: "ci.stages.unit.needs", Value: "[deps, env]", Origin: "default"},
		{Key: "ci.stages.unit.limit", Value: "0s", Origin: "default"},
		{Key: "ci.stages.unit.optional", Value: "false", Origin: "default"},
		{Key: "ci.stages.lint.needs", Value: "[deps, env]", Origin: "default"},
		{Key: "ci.stages.lint.limit", Value: "0s", Origin: "default"},
		{Key: "ci.stages.lint.optional", Value: "false", Origin: "default"},
		{Key: "ci.stages.build.needs", Value: "[deps, env]", Origin: "default"},
		{Key: "ci.stages.build.limit", Value: "0s", Origin: "default"},
		{Key: "ci.stages.build.optional", Value: "false", Origin: "default"},
		{Key: "ci.stages.artifacts.needs", Value: "[build]", Origin: "default"},
		{Key: "ci.stages.artifacts.limit", Value: "0s", Origin: "default"},
		{Key: "ci.stages.artifacts.optional", Value: "false", Origin: "default"},
		{Key: "ci.stages.integration.needs", Value: "[build, artifacts]", Origin: "default"},
		{Key: "ci.stages.integration.limit", Value: "0s", Origin: "default"},
		{Key: "ci.stages.integration.optional", Value: "false", Origin: "default"},
		{Key: "ci.cache", Value: filepath.Join(root, ".iact/cache/ci"), Origin: "default"},
		{Key: "ci.cache_limit", Value: "10GB", Origin: "default"},
		{Key: "ci.trust", Value: "auto", Origin: "default"},
		{Key: "ci.jobs", Value: "0", Origin: "default"},
		{Key: "ci.limit", Value: "30m", Origin: "default"},
		{Key: "ci.retries", Value: "1", Origin: "default"},
		{Key: "ci.repository", Value: "https://github.com/2-Coatl/IACT.git", Origin: "default"},
		{Key: "ci.branch", Value: "develop", Origin: "default"},
		{Key: "ci.depth", Value: "0", Origin: "default"},
		{Key: "ci.baseline", Value: "", Origin: "default"},
		{Key: "ci.wheels", Value: "", Origin: "default"},
		{Key: "ci.python", Value: "python3", Origin: "default"},
		{Key: "devcontainer.workspace", Value: "", Origin: "default"},
		{Key: "devcontainer.reach", Value: "[github.com:443]", Origin: "default"},
		{Key: "devcontainer.debug_image", Value: "nicolaka/netshoot:v0.13", Origin: "default"},
		{Key: "cpython.version", Value: "3.13.5", Origin: "default"},
		{Key: "cpython.prefix", Value: "/opt", Origin: "default"},
		{Key: "cpython.source", Value: "https://www.python.org/ftp/python", Origin: "default"},
		{Key: "cpython.mirrors", Value: "[]", Origin: "default"},
		{Key: "cpython.lock", Value: filepath.Join(root, "config", "cpython.lock"), Origin: "default"},
		{Key: "cpython.work", Value: filepath.Join(root, ".iact", "cache", "cpython"), Origin: "default"},
		{Key: "cpython.cache", Value: filepath.Join(root, ".iact", "cache", "cpython", "builds"), Origin: "default"},
		{Key: "cpython.optimizations", Value: "true", Origin: "default"},
		{Key: "cpython.pgo", Value: "stop", Origin: "default"},
		{Key: "cpython.jobs", Value: "0", Origin: "default"},
		{Key: "cpython.ccache", Value: "false", Origin: "default"},
		{Key: "cpython.modules", Value: "[ssl, hashlib, sqlite3, _uuid, lzma, bz2, zlib, ctypes, readline, curses, venv, ensurepip]", Origin: "default"},
		{Key: "cpython.allow_missing", Value: "[_tkinter, _gdbm, _dbm, nis]", Origin: "default"},
		{Key: "cpython.tests", Value: "[]", Origin: "default"},
		{Key: "cpython.venvs", Value: "[]", Origin: "default"},
		{Key: "cpython.wheels", Value: "", Origin: "default"},
		{Key: "cpython.distcc", Value: "false", Origin: "default"},
		{Key: "cpython.release_keys", Value: "", Origin: "default"},
		{Key: "cpython.trusted_root", Value: "", Origin: "default"},
		{Key: "cpython.sign_key", Value: "", Origin: "default"},
		{Key: "cpython.signers", Value: "", Origin: "default"},
		{Key: "cpython.keep", Value: "3", Origin: "default"},
		{Key: "cpython.smoke", Value: "[]", Origin: "default"},
		{Key: "cpython.slower", Value: "10", Origin: "default"},
	}
	for i := range max(len(have), len(want)) {
		if i >= len(have) || i >= len(want) || have[i] != want[i] {
			t.Fatalf("setting %d\ngot  %+v\nwant %+v", i, have[min(i, len(have)):], want[min(i, len(want)):])
		}
	}
}

func TestASourceThatTheLocalFileReplacedLeavesNoOriginBehind(t *testing.T) {
	t.Parallel()
	root := checkout(t,
		"config/iact.yaml", "backup: {sources: [{name: a, kind: files, path: a, timeout: 2h}]}",
		"config/iact.local.yaml", "backup: {sources: [{name: b, kind: files, path: b}]}")
	want := config.Setting{Key: "backup.sources[0].timeout", Value: "0s", Origin: "default"}
	if have := mustLoad(t, root).Show(); !slices.Contains(have, want) {
		t.Errorf("%+v is not in %+v", want, have)
	}
}

func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	root := checkout(t, "hunter2.txt", "x", "config/iact.yaml", `
backup:
  sources:
    - name: a
      kind: postgres
      password_file: hunter2.txt
      before:
        - curl https://ana:hunter2@host/hook
        - curl https://ana:hun@hunter2@host/hook
        - PGPASSWORD=hunter2 psql
        - PGPASSWORD='x hunter2' psql
        - mysql --password hunter2
        - "curl -H 'X-Token: hunter2' host"
        - export API_SECRET_KEY="hunter2"
`)
	var hidden int
	for _, s := range mustLoad(t, root).Show() {
		if strings.Contains(s.Value, "hunter2") {
			t.Errorf("%s shows %s", s.Key, s.Value)
		}
		hidden += strings.Count(s.Value, "***")
		if s.Key == "backup.sources[0].before" && !strings.Contains(s.Value, "curl https://ana:***@host/hook") {
			t.Errorf("more than the password is gone: %s", s.Value)
		}
	}
	if hidden != 8 {
		t.Errorf("%d values are masked, want 8", hidden)
	}
}

func TestAPasswordInClearTextIsRefusedAndNotRepeated(t *testing.T) {
	t.Parallel()
	for _, content := range []string{
		"backup: {sources: [{name: a, kind: postgres, password: hunter2}]}",
		"backup: {sources: [{name: a, kind: files, path: ., Password: hunter2}]}",
		"backup: {password: [hunter2]}",
		"passwd: hunter2",
	} {
		have := loadError(t, content)
		if !strings.Contains(have, "a password in clear text is refused; put it alone into a file of mode 0600") ||
			!strings.Contains(have, "password_file") || !strings.Contains(have, "~/.pgpass") {
			t.Errorf("%s: got %s", content, have)
		}
		if strings.Contains(have, "hunter2") {
			t.Errorf("the error repeats the password: %s", have)
		}
	}
	for _, key := range []string{"host", "user", "database", "path", "as", "password=hunter2"} {
		for _, value := range []string{"postgres://ana:hunter2@h/db", "ana:hunter2@h", "host=h password=hunter2", "[password=hunter2]"} {
			have := loadError(t, "backup: {sources: [{name: a, kind: postgres, "+key+": "+value+"}]}")
			if strings.Contains(have, "hunter2") {
				t.Errorf("%s: %s: got %s", key, value, have)
			}
		}
	}
	if have := loadError(t, "backup: {sources: [{name: a, kind: postgres, pasword_file: x}]}"); !strings.Contains(have, "did you mean password_file?") {
		t.Errorf("got %s", have)
	}
}

func TestAPasswordFileThatOthersCanReadIsRefused(t *testing.T) {
	t.Parallel()
	for mode, refused := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o640: true, 0o604: true, 0o660: true} {
		root := checkout(t, "secret", "hunter2\n", "config/iact.yaml", "backup: {sources: [{name: a, kind: postgres, password_file: secret}]}")
		file := filepath.Join(root, "secret")
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(config.Options{Root: root, Getenv: env()})
		if !refused {
			if err != nil {
				t.Errorf("mode %o: %v", mode, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "config/iact.yaml:1:61: backup.sources[0].password_file: "+file+" has mode ") ||
			!strings.Contains(err.Error(), "chmod 600 "+file) {
			t.Errorf("mode %o: got %v, %v", mode, c, err)
		}
	}
	for name, want := range map[string]string{"none": "no such file or directory", ".": "is not a file"} {
		have := loadError(t, "backup: {sources: [{name: a, kind: postgres, password_file: "+name+"}]}")
		if !strings.Contains(have, want) || strings.Contains(have, "\n") {
			t.Errorf("%s: got %s", name, have)
		}
	}
}

func TestThePasswordIsReadWhenItIsNeededAndHeldAgainstTheRuleAgain(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{"hunter 2\n": "hunter 2", "ñ\r\n": "ñ", "x": "x"} {
		file := filepath.Join(checkout(t, "secret", content), "secret")
		if have, err := (config.Source{Name: "a", PasswordFile: file}).Password(); have != want || err != nil {
			t.Errorf("%q: got %q, %v", content, have, err)
		}
		if err := os.Chmod(file, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := (config.Source{Name: "a", PasswordFile: file}).Password(); err == nil {
			t.Error("a file that others can read since is read")
		}
	}
	for _, content := range []string{"", "\n", "one\ntwo\n"} {
		file := filepath.Join(checkout(t, "secret", content), "secret")
		if have, err := (config.Source{Name: "a", PasswordFile: file}).Password(); err == nil || strings.Contains(err.Error(), "two") {
			t.Errorf("%q: got %q, %v", content, have, err)
		}
	}
	if have, err := (config.Source{}).Password(); have != "" || err != nil {
		t.Errorf("without a file: got %q, %v", have, err)
	}
}
