// Package page is what people see of a run of the pipeline: one HTML file, the
// Markdown of a job summary, and the table that a terminal shows at the end.
//
// All three are made from one view of the run. The view holds what is shown and
// nothing else: chosen, put in order, worded, bounded, and cleaned of everything
// that a program may have put into its output. What writes it only has to escape.
//
// The HTML needs nothing but itself. It has no script; its pictures are SVG in
// percent of their width, so that they fit a telephone and print with their
// colours; its policy lets nothing in but its own style, which it names by hash.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"iact-infra/internal/ci/outcome"
)

//go:embed page.html
var pageText string

//go:embed parts.html
var partsText string

//go:embed page.css
var style string

// Options say for whom a run is told.
type Options struct {
	Lang string // es or en
	// Clean takes secrets out of a text; nil when there are none.
	Clean func(string) string
}

// Write writes the page: one HTML file of 2 MB at most, however large the run.
func Write(w io.Writer, run outcome.Run, opt Options) error {
	said := wordsIn(opt.Lang)
	page, err := template.New("page").Funcs(template.FuncMap{"say": said.say, "count": said.count}).Parse(pageText)
	if err == nil {
		page, err = page.Parse(partsText)
	}
	if err != nil {
		return fmt.Errorf("read page template: %w", err)
	}
	hash := sha256.Sum256([]byte(style))
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{
		"V": viewOf(run, opt),
		// The style is ours, and so it is safe.
		"Style":     template.CSS(style),
		"StyleHash": base64.StdEncoding.EncodeToString(hash[:]),
	})
	if err != nil {
		return fmt.Errorf("make page: %w", err)
	}
	_, err = out.WriteTo(w)
	return err
}
