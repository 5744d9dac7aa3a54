package site

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// page wants all that a page loads by itself. Links to other pages are none of
// that: a program of one page answers them by its scripts.
func (c *crawl) page(at *url.URL, text []byte) {
	base := at
	tokens := html.NewTokenizer(bytes.NewReader(text))
	for {
		switch tokens.Next() {
		case html.ErrorToken: // the end
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			if token.Data == "base" {
				if moved, err := at.Parse(attribute(token, "href")); err == nil {
					base = moved
				}
			}
			for _, address := range loads(token) {
				c.want(base, address, at.Path)
			}
			if style := attribute(token, "style"); style != "" {
				c.style(base, style)
			}
		}
	}
}

// loads lists the addresses that a browser fetches for an element.
func loads(token html.Token) []string {
	var addresses []string
	add := func(name string) {
		if value := attribute(token, name); value != "" && !strings.HasPrefix(value, "#") {
			addresses = append(addresses, value)
		}
	}
	switch token.Data {
	case "script", "img", "source", "video", "audio", "track", "embed", "iframe", "input":
		add("src")
		if token.Data == "video" {
			add("poster")
		}
		for candidate := range strings.SplitSeq(attribute(token, "srcset"), ",") {
			if fields := strings.Fields(candidate); len(fields) > 0 {
				addresses = append(addresses, fields[0])
			}
		}
	case "link":
		rel := strings.Fields(strings.ToLower(attribute(token, "rel")))
		if slices.ContainsFunc([]string{"stylesheet", "icon", "apple-touch-icon", "manifest", "modulepreload", "preload", "prefetch"},
			func(kind string) bool { return slices.Contains(rel, kind) }) {
			add("href")
		}
	case "object":
		add("data")
	}
	return addresses
}

func attribute(token html.Token, name string) string {
	for _, a := range token.Attr {
		if a.Key == name && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}

// style wants what a style sheet loads. Comments are no part of it.
func (c *crawl) style(at *url.URL, text string) {
	text = regexp.MustCompile(`(?s)/\*.*?\*/`).ReplaceAllString(text, "")
	loaded := regexp.MustCompile(`(?i)url\(\s*(?:"([^"]*)"|'([^']*)'|([^)"'\s]*))\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')`)
	for _, match := range loaded.FindAllStringSubmatch(text, -1) {
		if address := strings.Join(match[1:], ""); address != "" && !strings.HasPrefix(address, "#") {
			c.want(at, address, at.Path)
		}
	}
}
