// Package sbom writes what a project is made of as a CycloneDX 1.6 document.
//
// Nothing is asked of a registry: the lock file of npm and the *.dist-info
// directories of a venv hold it all. The document of the same parts is the same
// to the byte: its number is made from its content and it carries no time.
package sbom

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// Part is one package.
type Part struct {
	Name    string
	Version string
	Kind    string // npm or pypi, as in a package URL
	Licence string // as the package says it: an SPDX name or expression, or free text
	Hashes  []Hash
	// Optional says that the program runs without it: what only development needs.
	Optional bool
}

// Hash is one of a package's archive.
type Hash struct{ Algorithm, Hex string } // SHA-512 or SHA-256

// URL is the package URL: pkg:npm/%40babel/core@7.25.2.
func (p Part) URL() string {
	name := p.Name
	if p.Kind == "pypi" { // one name has several spellings there
		name = strings.ToLower(strings.NewReplacer("_", "-", ".", "-").Replace(name))
	}
	escape := strings.NewReplacer("%", "%25", "@", "%40", " ", "%20", "+", "%2B", "?", "%3F", "#", "%23")
	return "pkg:" + p.Kind + "/" + escape.Replace(name) + "@" + escape.Replace(p.Version)
}

// Write writes the document of a project with its parts, and proves that it can
// be read again.
func Write(w io.Writer, project, version string, parts []Part) error {
	parts = slices.Clone(parts)
	// One that is needed in one place is needed, although another only develops with it.
	slices.SortFunc(parts, func(a, b Part) int {
		return cmp.Or(strings.Compare(a.URL(), b.URL()), cmp.Compare(rank(a), rank(b)))
	})
	parts = slices.CompactFunc(parts, func(a, b Part) bool { return a.URL() == b.URL() })
	components := make([]cdx.Component, 0, len(parts))
	for _, p := range parts {
		components = append(components, p.component())
	}
	bom := cdx.NewBOM()
	bom.Metadata = &cdx.Metadata{Component: &cdx.Component{Type: cdx.ComponentTypeApplication, BOMRef: project, Name: project, Version: version}}
	bom.Components = &components
	encode := func(to io.Writer) error {
		return cdx.NewBOMEncoder(to, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom, cdx.SpecVersion1_6)
	}
	hash := sha256.New()
	if err := encode(hash); err != nil {
		return fmt.Errorf("write SBOM: %w", err)
	}
	bom.SerialNumber = number(hash.Sum(nil))
	var text bytes.Buffer
	if err := encode(&text); err != nil {
		return fmt.Errorf("write SBOM: %w", err)
	}
	var again cdx.BOM
	if err := cdx.NewBOMDecoder(bytes.NewReader(text.Bytes()), cdx.BOMFileFormatJSON).Decode(&again); err != nil {
		return fmt.Errorf("read SBOM again: %w", err)
	}
	if again.Components == nil || len(*again.Components) != len(parts) {
		return fmt.Errorf("read SBOM again: not all %d packages are in it", len(parts))
	}
	_, err := w.Write(text.Bytes())
	return err
}

func rank(p Part) int {
	if p.Optional {
		return 1
	}
	return 0
}

// number is a UUID made from a hash: RFC 9562 calls it version 8.
func number(hash []byte) string {
	u := slices.Clone(hash[:16])
	u[6], u[8] = u[6]&0x0f|0x80, u[8]&0x3f|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func (p Part) component() cdx.Component {
	c := cdx.Component{Type: cdx.ComponentTypeLibrary, BOMRef: p.URL(), Name: p.Name, Version: p.Version, PackageURL: p.URL(), Scope: cdx.ScopeRequired}
	if group, name, scoped := strings.Cut(p.Name, "/"); scoped && p.Kind == "npm" {
		c.Group, c.Name = group, name
	}
	if p.Optional {
		c.Scope = cdx.ScopeOptional
	}
	if len(p.Hashes) > 0 {
		var hashes []cdx.Hash
		for _, h := range p.Hashes {
			hashes = append(hashes, cdx.Hash{Algorithm: cdx.HashAlgorithm(h.Algorithm), Value: h.Hex})
		}
		c.Hashes = &hashes
	}
	if p.Licence != "" {
		c.Licenses = &cdx.Licenses{licence(p.Licence)}
	}
	return c
}

// licence is an expression, an SPDX name or free text. A name that the schema
// does not list would make the document invalid; those that packages commonly
// have are known here, others are told by name.
func licence(text string) cdx.LicenseChoice {
	known := strings.Fields(`0BSD AFL-2.1 Apache-2.0 Artistic-2.0 BlueOak-1.0.0 BSD-2-Clause BSD-3-Clause BSL-1.0 CC-BY-3.0 CC-BY-4.0
		CC0-1.0 EPL-1.0 EPL-2.0 GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ISC LGPL-2.1-only LGPL-2.1-or-later
		LGPL-3.0-only LGPL-3.0-or-later MIT MIT-0 MIT-CMU MPL-2.0 PSF-2.0 Python-2.0 Unlicense WTFPL ZPL-2.1 Zlib`)
	if slices.Contains(known, text) {
		return cdx.LicenseChoice{License: &cdx.License{ID: text}}
	}
	expression := true
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(" ()", r) }) {
		expression = expression && (slices.Contains(known, word) || word == "OR" || word == "AND")
	}
	if expression {
		return cdx.LicenseChoice{Expression: text}
	}
	return cdx.LicenseChoice{License: &cdx.License{Name: text}}
}
