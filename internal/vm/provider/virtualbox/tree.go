package virtualbox

import (
	"encoding/xml"
	"fmt"
	"slices"
)

// node is an element of a settings file that is changed in places and otherwise
// kept as it is, whatever it holds.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []*node    `xml:",any"`
}

func parseTree(text []byte) (*node, error) {
	var root node
	if err := xml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("read definition: %w", err)
	}
	root.tidy()
	root.set("xmlns", "http://www.virtualbox.org/")
	return &root, nil
}

// tidy leaves the name space to the root, and drops the white space between
// elements.
func (n *node) tidy() {
	n.XMLName.Space = ""
	if len(n.Nodes) > 0 {
		n.Text = ""
	}
	n.unset("xmlns")
	for _, child := range n.Nodes {
		child.tidy()
	}
}

// all are the elements of a name, however deep they lie.
func (n *node) all(names ...string) []*node {
	var found []*node
	for _, child := range n.Nodes {
		if slices.Contains(names, child.XMLName.Local) {
			found = append(found, child)
		}
		found = append(found, child.all(names...)...)
	}
	return found
}

// first is the first child of a name, made where there is none.
func (n *node) first(name string) *node {
	for _, child := range n.Nodes {
		if child.XMLName.Local == name {
			return child
		}
	}
	child := element(name)
	n.Nodes = append(n.Nodes, child)
	return child
}

func element(name string, attrs ...string) *node {
	n := &node{XMLName: xml.Name{Local: name}}
	for i := 0; i+1 < len(attrs); i += 2 {
		n.set(attrs[i], attrs[i+1])
	}
	return n
}

// drop removes the elements of some names, however deep they lie.
func (n *node) drop(names ...string) {
	n.keep(func(child *node) bool { return !slices.Contains(names, child.XMLName.Local) })
}

// keep removes what is not to stay, however deep it lies.
func (n *node) keep(stays func(*node) bool) {
	n.Nodes = slices.DeleteFunc(n.Nodes, func(child *node) bool { return !stays(child) })
	for _, child := range n.Nodes {
		child.keep(stays)
	}
}

func (n *node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (n *node) set(name, value string) {
	n.unset(name)
	n.Attrs = append(n.Attrs, xml.Attr{Name: xml.Name{Local: name}, Value: value})
}

func (n *node) unset(names ...string) {
	n.Attrs = slices.DeleteFunc(n.Attrs, func(a xml.Attr) bool { return slices.Contains(names, a.Name.Local) })
}
