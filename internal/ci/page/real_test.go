package page_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/html"

	"iact-infra/internal/ci/page"
	"iact-infra/internal/testbed"
)

//go:embed testdata/measure.html
var measurePage string

// frame is what the wrapper has measured of the page in a frame.
type frame struct {
	Name     string   `json:"name"`
	Dark     bool     `json:"dark"`
	Width    int      `json:"width"`
	Scroll   int      `json:"scroll"`
	Headings []string `json:"headings"`
	Bars     int      `json:"bars"`
	Texts    int      `json:"texts"`
	Wrong    []string `json:"wrong"`
}

func TestRealABrowserShowsThePageAsItIsMeant(t *testing.T) {
	t.Parallel()
	browser := testbed.Chromium(t)
	var failed bytes.Buffer
	if err := page.Write(&failed, failedRun(), page.Options{Lang: "es"}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.URL.Path)
		mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/measure" {
			w.Write([]byte(measurePage))
			return
		}
		w.Write(failed.Bytes())
	}))
	defer server.Close()

	opened := browser.Open(server.URL+"/measure", 3400, 1000)
	for _, line := range opened.Console {
		t.Errorf("the console says %s", line)
	}
	mu.Lock()
	for _, path := range asked {
		if path != "/measure" && path != "/page" {
			t.Errorf("the page asks for %s: it needs nothing but itself", path)
		}
	}
	mu.Unlock()
	frames := measured(t, opened.DOM)
	if len(frames) != 5 {
		t.Fatalf("%d frames are measured, want 5", len(frames))
	}
	for _, f := range frames {
		if f.Dark != strings.HasSuffix(f.Name, "dark") {
			t.Errorf("%s: dark is %v", f.Name, f.Dark)
		}
		if f.Scroll > f.Width {
			t.Errorf("%s: the page is %d px wide", f.Name, f.Scroll)
		}
		if len(f.Headings) < 8 || f.Headings[0] != "El pipeline falló" {
			t.Errorf("%s: these headings are seen: %q", f.Name, f.Headings)
		}
		if f.Bars != 10 || f.Texts < 200 {
			t.Errorf("%s: %d bars of the timeline and %d texts are seen", f.Name, f.Bars, f.Texts)
		}
		for _, wrong := range f.Wrong {
			t.Errorf("%s: %s", f.Name, wrong)
		}
	}
	shows(t, opened.PNG)
	if pdf := browser.Print(server.URL + "/page"); !bytes.HasPrefix(pdf, []byte("%PDF-")) || bytes.Count(pdf, []byte("/Type /Page\n")) < 2 {
		t.Errorf("the print of %d bytes has not the pages that the report needs", len(pdf))
	}
}

func measured(t *testing.T, dom string) []frame {
	t.Helper()
	root, err := html.Parse(strings.NewReader(dom))
	if err != nil {
		t.Fatal(err)
	}
	var frames []frame
	if err := json.Unmarshal([]byte(text(byID(t, root, "measured"))), &frames); err != nil {
		t.Fatalf("read what was measured: %v\n%s", err, dom[:min(len(dom), 2000)])
	}
	return frames
}

// shows looks at the picture: the first frame is dark, the second one is not.
func shows(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	light := func(from int) (share float64) {
		bright, all := 0, 0
		for x := from; x < from+360; x += 3 {
			for y := 0; y < 900; y += 3 {
				if r, g, b, _ := picture.At(x, y).RGBA(); r+g+b > 3*0x8000 {
					bright++
				}
				all++
			}
		}
		return float64(bright) / float64(all)
	}
	if dark, day := light(0), light(360); dark > 0.2 || day < 0.8 || day > 0.995 {
		t.Errorf("%.0f %% of the dark page is bright, and %.0f %% of the light one", 100*dark, 100*day)
	}
}
