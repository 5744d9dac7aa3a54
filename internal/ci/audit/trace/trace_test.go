package trace_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/audit/trace"
)

func parsed(t *testing.T, text string) []string {
	t.Helper()
	var got []string
	names := []string{"read", "asked", "written", "made", "removed", "moved", "ran"}
	if _, err := trace.Parse(strings.NewReader(text), "/p", func(a trace.Access) {
		line := names[a.Kind] + " " + a.Path
		if a.To != "" {
			line += " to " + a.To
		}
		got = append(got, line)
	}); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestATraceTellsWhatWasDoneWithWhichFile(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines string
		want  []string
	}{
		"open":           {`1 openat(AT_FDCWD</p>, "a", O_RDONLY|O_CLOEXEC) = 3</p/a>`, []string{"read /p/a"}},
		"old open":       {`1 open("../x/./a", O_RDONLY) = 3</x/a>`, []string{"read /x/a"}},
		"missing":        {`1 openat(AT_FDCWD</p>, ".npmrc", O_RDONLY) = -1 ENOENT (No such file or directory)`, []string{"asked /p/.npmrc"}},
		"refused":        {`1 openat(AT_FDCWD</p>, "a", O_RDONLY) = -1 EACCES (Permission denied)`, nil},
		"through a link": {`1 openat(AT_FDCWD</p>, "node_modules/own/a.js", O_RDONLY) = 3</p/own/a.js>`, []string{"read /p/own/a.js"}},
		"a descriptor":   {`1 openat(5</q/d>, "a", O_RDONLY) = 3</q/d/a>`, []string{"read /q/d/a"}},
		"write":          {`1 openat(AT_FDCWD</p>, "a", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</p/a>`, []string{"written /p/a"}},
		"both":           {`1 openat(AT_FDCWD</p>, "a", O_RDWR|O_CREAT, 0666) = 3</p/a>`, []string{"read /p/a", "written /p/a"}},
		"openat2":        {`1 openat2(AT_FDCWD</p>, "a", {flags=O_WRONLY|O_CREAT, mode=0666, resolve=0}, 24) = 3</p/a>`, []string{"written /p/a"}},
		"a list":         {`1 openat(AT_FDCWD</p>, ".", O_RDONLY|O_NONBLOCK|O_DIRECTORY) = 3</p>`, nil},
		"stat": {"1 newfstatat(AT_FDCWD</p>, \"b\", {st_mode=S_IFREG|0644, st_size=1, ...}, 0) = 0\n1 stat(\"c\", 0x7ff) = -1 ENOENT (No such file or directory)\n" +
			`1 faccessat2(AT_FDCWD</p>, "d", F_OK, AT_EACCESS) = -1 ENOENT (No such file or directory)`, []string{"asked /p/c", "asked /p/d"}},
		"empty path": {`1 newfstatat(3</p/a>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0`, nil},
		"escapes":    {`1 openat(AT_FDCWD</p>, "we ird\n\303\251\"\\,(\x41", O_RDONLY) = 3</p/we ird\n\303\251"\\,(A\76>`, []string{"read /p/we ird\né\"\\,(A>"}},
		"chdir":      {"1 chdir(\"sub\") = 0\n1 open(\"a\", O_RDONLY) = -1 ENOENT (No such file)\n1 chdir(\"nope\") = -1 ENOENT (x)\n1 fchdir(4</q>) = 0\n1 unlink(\"b\") = 0", []string{"asked /p/sub/a", "removed /q/b"}},
		"rename":     {`1 renameat2(AT_FDCWD</p>, "a", AT_FDCWD</p>, "b", RENAME_NOREPLACE) = 0`, []string{"moved /p/a to /p/b"}},
		"link":       {"1 linkat(AT_FDCWD</p>, \"a\", AT_FDCWD</p>, \"b\", 0) = 0\n1 symlink(\"to\", \"c\") = 0\n1 mkdir(\"d\", 0777) = 0\n1 mkdir(\"e\", 0777) = -1 EEXIST (File exists)", []string{"read /p/a", "written /p/b", "written /p/c", "made /p/d"}},
		"exec":       {`1 execve("/usr/bin/env", ["env", "a,b)"], 0x7ffd /* 20 vars */) = 0`, []string{"ran /usr/bin/env"}},
		"halves":     {"1 openat(AT_FDCWD</p>, \"a\",  <unfinished ...>\n2 open(\"b\", O_RDONLY) = 3</p/b>\n1 <... openat resumed>O_RDONLY) = 3</p/a>", []string{"read /p/b", "read /p/a"}},
		"a child":    {"1 chdir(\"/q\") = 0\n1 vfork( <unfinished ...>\n2 open(\"b\", O_RDONLY) = -1 ENOENT (x)\n2 chdir(\"/r\") = 0\n1 <... vfork resumed>) = 2\n1 unlink(\"c\") = 0\n2 unlink(\"d\") = 0", []string{"asked /q/b", "removed /q/c", "removed /r/d"}},
		"a thread":   {"1 clone3({flags=CLONE_VM|CLONE_FS|CLONE_THREAD, stack=0x7f}, 88) = 2\n2 chdir(\"/q\") = 0\n1 unlink(\"c\") = 0", []string{"removed /q/c"}},
		"remarks":    {"1 --- SIGCHLD {si_signo=SIGCHLD} ---\nstrace: Process 2 attached\n1 +++ exited with 0 +++\n1 exit_group(0) = ?\n\x00\n1 <... wait4 resumed>) = 2", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := parsed(t, test.lines); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestALineWithoutEndTakesNoMemory(t *testing.T) {
	t.Parallel()
	long := `1 open("` + strings.Repeat("x", 3<<20) + "\", O_RDONLY) = 3\n1 unlink(\"a\") = 0\n"
	if got := parsed(t, long); !slices.Equal(got, []string{"removed /p/a"}) {
		t.Errorf("got %d accesses", len(got))
	}
}

func FuzzEveryPathIsAbsoluteAndClean(f *testing.F) {
	f.Add(`1 openat(AT_FDCWD</p>, "a\7\x4", O_RDWR) = 3</p/a\7>`)
	f.Add("1 vfork( <unfinished ...>\n2 renameat(3</q>, \"..\", 4<pipe:[1]>, \"<\", 0) = 0\n1 <... vfork resumed>) = 2<x>")
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := trace.Parse(strings.NewReader(text), "/p", func(a trace.Access) {
			for _, name := range []string{a.Path, a.To} {
				if name != "" && (!path.IsAbs(name) || path.Clean(name) != name) {
					t.Errorf("%q", name)
				}
			}
		}); err != nil {
			t.Error(err)
		}
	})
}
