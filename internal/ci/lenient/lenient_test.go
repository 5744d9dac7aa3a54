package lenient_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"iact-infra/internal/ci/lenient"
)

// read is the value of an attribute and the text of a document.
func read(t *testing.T, document string) (attr, text string, err error) {
	t.Helper()
	d := lenient.Decoder(strings.NewReader(document))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return attr, text, nil
		}
		if err != nil {
			return attr, text, lenient.Explain(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			for _, a := range token.Attr {
				attr += a.Value
			}
		case xml.CharData:
			text += string(token)
		}
	}
}

func TestWhatXMLForbidsIsMadeReadable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ document, attr, text string }{
		"plain":                       {`<a b="1">x &amp; y</a>`, "1", "x & y"},
		"a byte order mark":           {"\xef\xbb\xbf<a>x</a>", "", "x"},
		"colours":                     {"<a b=\"\x1b[31mred\x1b[0m\">\x1b[1;32mgreen\x1b[K</a>", "red", "green"},
		"colours in CDATA":            {"<a><![CDATA[\x1b[31mred\x1b[0m ]] > & <b>]]></a>", "", "red ]] > & <b>"},
		"colours by reference":        {"<a b='&#27;[31mred'>&#x1B;[0mx</a>", "red", "x"},
		"a lone escape":               {"<a>\x1bx\x1b[<b/></a>", "", "x["},
		"control characters":          {"<a b='\x00'>\x01&#1;&#x0;&#xFFFF;</a>", "\uFFFD", "\uFFFD\uFFFD\uFFFD\uFFFD"},
		"invalid UTF-8":               {"<a>caf\xe9 \xf0\x9f</a>", "", "caf\uFFFD \uFFFD\uFFFD"},
		"valid UTF-8":                 {"<a>café 😀</a>", "", "café 😀"},
		"Latin 1, declared":           {"<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9</a>", "", "café"},
		"names of HTML":               {"<a>&nbsp;&eacute;</a>", "", "\u00a0é"},
		"a reference in CDATA":        {"<a><![CDATA[&amp; &#27;]]></a>", "", "&amp; &#27;"},
		"a comment with markup":       {"<a><!-- <b> ' \" & -->x</a>", "", "x"},
		"a > in a value":              {`<a b="1 > '0'">x</a>`, "1 > '0'", "x"},
		"brackets before CDATA's end": {"<a><![CDATA[x]]]]></a>", "", "x]]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attr, text, err := read(t, c.document)
			if err != nil || attr != c.attr || text != c.text {
				t.Errorf("got %q and %q, %v; want %q and %q", attr, text, err, c.attr, c.text)
			}
		})
	}
}

func TestOfALongRunOfTextOnlyTheBeginningPasses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("0123456789", 80_000)
	for name, document := range map[string]string{
		"text":       "<a>" + long + "&amp;</a>",
		"references": "<a>" + strings.Repeat("&amp;&lt;", 80_000) + "</a>",
		"CDATA":      "<a><![CDATA[" + long + "]]></a>",
		"a value":    `<a b="` + long + `"></a>`,
		"a comment":  "<a><!--" + long + "--></a>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			attr, text, err := read(t, document)
			if err != nil {
				t.Fatal(err)
			}
			if len(attr)+len(text) > 256<<10 {
				t.Errorf("%d bytes passed, want no more than 256 KiB", len(attr)+len(text))
			}
		})
	}
}

func TestTheEndOfCDATAIsFoundWhereverTheLimitFalls(t *testing.T) {
	t.Parallel()
	for around := (256 << 10) - 4; around < (256<<10)+5; around++ {
		_, text, err := read(t, "<a><![CDATA["+strings.Repeat("x", around)+"]]>after</a>")
		if err != nil || !strings.HasSuffix(text, "xafter") && !strings.HasSuffix(text, "x]after") && !strings.HasSuffix(text, "x]]after") {
			t.Errorf("%d bytes: %v, the end is %q", around, err, text[len(text)-10:])
		}
	}
}

func TestADocumentThatIsCutOffSaysSo(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"<a>\n<b>", "<a><![CDATA[x", "<a b=\"x", "<a"} {
		if _, _, err := read(t, document); err == nil || !strings.Contains(err.Error(), "it is cut off at line") {
			t.Errorf("%q: %v", document, err)
		}
	}
	if _, _, err := read(t, "<a>&nothing</a>"); err == nil || !strings.Contains(err.Error(), "no well-formed XML") {
		t.Errorf("a lone ampersand: %v", err)
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte("<a b='&#27;[31m'>\x1b[0m\xff<![CDATA[]]]]></a>"))
	f.Add([]byte("<!-- --><a>&#xFFFFFFFFF;</a>"))
	f.Fuzz(func(t *testing.T, document []byte) {
		d := lenient.Decoder(strings.NewReader(string(document)))
		for {
			token, err := d.Token()
			if err != nil {
				// No character may be what stops the reader.
				if strings.Contains(err.Error(), "illegal character code") || strings.Contains(err.Error(), "invalid UTF-8") {
					t.Errorf("%q: %v", document, err)
				}
				return
			}
			if text, is := token.(xml.CharData); is && strings.ContainsAny(string(text), "\x00\x1b") {
				t.Errorf("%q passed %q", document, text)
			}
		}
	})
}

func TestPlainTextHasNoSequences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain é":                                 "plain é",
		"\x1b[1;31mred\x1b[0m \x1b[2Kline":        "red line",
		"\x1b]0;title\x07text\x1b]8;;x\x1b\\link": "textlink",
		"\x1b(Bx\x1b":                             "x",
		"\x1b[31":                                 "",
		"\x1b[3\nnext":                            "\nnext",
	} {
		if got := lenient.Plain(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
