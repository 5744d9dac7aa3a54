package libvirt

import (
	"encoding/xml"
	"fmt"
	"slices"
)

// node is an element of a definition that is changed in places and otherwise
// kept as it is, whatever it holds. Libvirt never mixes text and elements.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []*node    `xml:",any"`
}

func parseNode(text []byte) (*node, error) {
	var n node
	if err := xml.Unmarshal(text, &n); err != nil {
		return nil, fmt.Errorf("read definition: %w", err)
	}
	n.tidy()
	return &n, nil
}

// tidy drops the white space between elements, and the declarations of name
// spaces, which the encoder writes by itself.
func (n *node) tidy() {
	if len(n.Nodes) > 0 {
		n.Text = ""
	}
	n.Attrs = slices.DeleteFunc(n.Attrs, func(a xml.Attr) bool { return a.Name.Space == "xmlns" || a.Name.Local == "xmlns" })
	for _, child := range n.Nodes {
		child.tidy()
	}
}

func (n *node) text() ([]byte, error) { return xml.MarshalIndent(n, "", "  ") }

// all are the elements at a path below.
func (n *node) all(path ...string) []*node {
	found := []*node{n}
	for _, name := range path {
		var next []*node
		for _, one := range found {
			for _, child := range one.Nodes {
				if child.XMLName.Local == name {
					next = append(next, child)
				}
			}
		}
		found = next
	}
	return found
}

// first is the first of them, made where there is none.
func (n *node) first(name string) *node {
	if found := n.all(name); len(found) > 0 {
		return found[0]
	}
	child := &node{XMLName: xml.Name{Local: name}}
	n.Nodes = append(n.Nodes, child)
	return child
}

// drop removes children of some names.
func (n *node) drop(names ...string) {
	n.Nodes = slices.DeleteFunc(n.Nodes, func(child *node) bool { return slices.Contains(names, child.XMLName.Local) })
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// become sets the attribute type.
func (n *node) become(kind string) {
	n.unset("type")
	n.Attrs = append(n.Attrs, xml.Attr{Name: xml.Name{Local: "type"}, Value: kind})
}

func (n *node) unset(names ...string) {
	n.Attrs = slices.DeleteFunc(n.Attrs, func(a xml.Attr) bool { return slices.Contains(names, a.Name.Local) })
}
