package page_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"iact-infra/internal/ci/outcome"
	"iact-infra/internal/ci/page"
)

// made is the page of a run, and what a parser makes of it.
func made(t testing.TB, run outcome.Run, opt page.Options) (string, *html.Node) {
	t.Helper()
	var out bytes.Buffer
	if err := page.Write(&out, run, opt); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), root
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// find lists the elements below a node that a selector of the form "tag.class"
// fits; either may be missing.
func find(n *html.Node, selector string) []*html.Node {
	tag, class, _ := strings.Cut(selector, ".")
	var found []*html.Node
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && (tag == "" || d.Data == tag) &&
			(class == "" || slices.Contains(strings.Fields(attribute(d, "class")), class)) {
			found = append(found, d)
		}
	}
	return found
}

func byID(t testing.TB, root *html.Node, id string) *html.Node {
	t.Helper()
	for d := range root.Descendants() {
		if d.Type == html.ElementNode && attribute(d, "id") == id {
			return d
		}
	}
	t.Fatalf("nothing has the id %s", id)
	return nil
}

// has tells whether the page has a section.
func has(root *html.Node, id string) bool {
	for d := range root.Descendants() {
		if d.Type == html.ElementNode && attribute(d, "id") == id {
			return true
		}
	}
	return false
}

// text is all text below a node, with one blank between words.
func text(n *html.Node) string {
	return strings.Join(strings.Fields(rawText(n)), " ")
}

func rawText(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
		if d.Type == html.ElementNode && d.Data != "span" && d.Data != "code" {
			b.WriteString(" ")
		}
	}
	return b.String()
}

func texts(nodes []*html.Node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, text(n))
	}
	return all
}
