package site_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/ci/artifacts/site"
)

func built(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const page = `<!doctype html><link rel="stylesheet" href="css/a.css?v=1"><link rel=canonical href="/nowhere">
<script defer src="/app.1f.js"></script><img srcset="small.png 1x, big.png 2x" src="data:image/png;base64,AA"><a href="/other">x</a>
<script src="https://cdn.example/x.js"></script><!-- <script src="/gone.js"></script> --><div style="background: url('bg.png')">`

func TestASiteIsAskedForAllThatItsPageLoads(t *testing.T) {
	t.Parallel()
	whole := map[string]string{
		"index.html": page, "css/a.css": `@import "b.css"; /* url(gone.png) */ p{background:url( "../bg.png" )} q{x:url(data:a)}`,
		"css/b.css": "b{}", "app.1f.js": "1", "small.png": "1", "big.png": "2", "bg.png": "3",
	}
	asked, problems, err := site.Check(t.Context(), built(t, whole), "/")
	if err != nil || len(problems) > 0 || asked != 7 {
		t.Fatalf("asked %d, %v, %v", asked, problems, err)
	}
	for name, test := range map[string]struct {
		change map[string]string
		want   []string
	}{
		"missing script":  {map[string]string{"app.1f.js": "-"}, []string{"/app.1f.js, which / asks for: answered 404 Not Found"}},
		"empty script":    {map[string]string{"app.1f.js": ""}, []string{"/app.1f.js, which / asks for: it is empty"}},
		"through a sheet": {map[string]string{"css/b.css": "-", "bg.png": "-"}, []string{"/bg.png, which / asks for: answered 404 Not Found", "/css/b.css, which /css/a.css asks for: answered 404 Not Found"}},
		"empty page":      {map[string]string{"index.html": ""}, []string{"/, which the visitor asks for: it is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{}
			for name, text := range whole {
				if changed, is := test.change[name]; is {
					text = changed
				}
				if text != "-" {
					files[name] = text
				}
			}
			_, problems, err := site.Check(t.Context(), built(t, files), "/")
			var got []string
			for _, p := range problems {
				got = append(got, p.String())
			}
			slices.Sort(got)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestASiteBuiltForAPathIsServedThere(t *testing.T) {
	t.Parallel()
	dir := built(t, map[string]string{"index.html": `<base href="/app/"><script src="static/a.js"></script><img src="/app/b.png">`, "static/a.js": "1", "b.png": "1"})
	if asked, problems, err := site.Check(t.Context(), dir, "app"); err != nil || len(problems) > 0 || asked != 3 {
		t.Errorf("under its path: asked %d, %v, %v", asked, problems, err)
	}
	if _, problems, err := site.Check(t.Context(), dir, ""); err != nil || len(problems) != 2 {
		t.Errorf("under another: %v, %v", problems, err)
	}
}

func TestALinkThatLeavesTheSiteIsAProblem(t *testing.T) {
	t.Parallel()
	dir := built(t, map[string]string{"index.html": `<script src="a.js"></script>`})
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "a.js")); err != nil {
		t.Fatal(err)
	}
	_, problems, err := site.Check(t.Context(), dir, "/")
	if err != nil || len(problems) != 1 || !strings.Contains(problems[0].Why, "answered") {
		t.Errorf("got %v, %v", problems, err)
	}
}
