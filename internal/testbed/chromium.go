package testbed

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"iact-infra/internal/command"
)

// ErrNoChromium says that this machine has no browser that draws pages without a screen.
var ErrNoChromium = errors.New("no Chromium on this machine")

// Browser is Chromium without a screen, with a profile of its own.
type Browser struct {
	t       testing.TB
	door    *command.Door
	program string
}

// Opened is what a browser made of a page.
type Opened struct {
	DOM     string   // when the page had been loaded and its scripts had run
	Console []string // what it wrote to the console: its errors, and what its policy refused
	PNG     string   // a file: the window
}

// Chromium is a browser to look at pages with.
func Chromium(t testing.TB) *Browser {
	t.Helper()
	realOnly(t)
	b := &Browser{t: t, door: command.NewDoor(command.Local())}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome-stable", "google-chrome"} {
		if path, err := b.door.Look(t.Context(), name); err == nil {
			b.program = path
			return b
		}
	}
	installed(t, ErrNoChromium, ErrNoChromium)
	return nil
}

// Open loads a page into a window of that size.
func (b *Browser) Open(url string, width, height int) Opened {
	b.t.Helper()
	shot := filepath.Join(b.t.TempDir(), "window.png")
	size := "--window-size=" + strconv.Itoa(width) + "," + strconv.Itoa(height)
	dom, said := b.run("--hide-scrollbars", size, "--screenshot="+shot, "--dump-dom", url)
	opened := Opened{DOM: dom, PNG: shot}
	for line := range strings.Lines(said) {
		if strings.Contains(line, "CONSOLE") {
			opened.Console = append(opened.Console, strings.TrimSpace(line))
		}
	}
	return opened
}

// Print prints a page, and gives the PDF.
func (b *Browser) Print(url string) []byte {
	b.t.Helper()
	file := filepath.Join(b.t.TempDir(), "page.pdf")
	b.run("--no-pdf-header-footer", "--print-to-pdf="+file, url)
	text, err := os.ReadFile(file)
	if err != nil {
		b.t.Fatalf("print %s: %v", url, err)
	}
	return text
}

// run starts the browser for one page. The sandbox needs rights that containers do not give; the pages are our own.
func (b *Browser) run(args ...string) (out, said string) {
	b.t.Helper()
	profile := b.t.TempDir()
	var errs strings.Builder
	chromium := command.Change(b.program, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-crash-reporter", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--no-first-run", "--no-proxy-server",
		"--enable-logging=stderr", "--user-data-dir=" + profile,
	}, args...)...)
	chromium.Env = []string{"HOME=" + profile, "XDG_CONFIG_HOME=" + profile, "XDG_CACHE_HOME=" + profile}
	chromium.Stderr = io.Writer(&errs)
	chromium.Timeout = 2 * time.Minute
	out, err := b.door.Text(b.t.Context(), chromium).String()
	if err != nil {
		b.t.Fatalf("open a page: %v", err)
	}
	return out, errs.String()
}
