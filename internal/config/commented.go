package config

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Commented is config/iact.yaml as it is delivered: every key with what it is,
// commented out with its default. A key line starts with "#" alone, a comment
// with "# ". The sections stand uncommented, so that one line can be switched
// on alone.
func Commented(lang string) string {
	c := commenter{es: lang == "es"}
	c.line("# yaml-language-server: $schema=iact.schema.json")
	c.line("#")
	c.line("# " + c.say("Configuration of the IACT infra toolkit. Every key has a default, shown here: remove the # of a line to change it.",
		"Configuración de IACT infra. Toda clave tiene el valor de omisión que aquí se ve: quite el # de una línea para cambiarlo."))
	c.line("# " + c.say("config/iact.local.yaml is laid over this file and stays out of git. Single keys are replaced, lists as a whole.",
		"config/iact.local.yaml se superpone a este archivo y queda fuera de git. Se sustituyen claves sueltas; las listas, enteras."))
	c.line("# " + c.say("Relative paths count from the root of the repository. No password belongs in here.",
		"Las rutas relativas parten de la raíz del repositorio. Aquí no va ninguna contraseña."))
	c.line("# " + c.say("Look at the result with: go tool mage config:show", "El resultado se ve con: go tool mage config:show"))
	c.section(table(), "")
	return c.b.String()
}

type commenter struct {
	b  strings.Builder
	es bool
}

func (c *commenter) line(s string) { c.b.WriteString(s + "\n") }

func (c *commenter) say(en, es string) string {
	if c.es {
		return es
	}
	return en
}

func (c *commenter) section(keys []key, indent string) {
	for _, k := range keys {
		doc, value := "# "+c.say(k.en, k.es), indent+"#"+k.name+": "+k.fallback
		if k.fallback == "" && k.shape != section { // there is no default: an example
			value += k.example
		}
		if k.shape != section && utf8.RuneCountInString(doc) < 35 {
			c.line(beside(value, 24, doc))
			continue
		}
		c.line("")
		c.line(indent + doc)
		switch k.shape {
		case section:
			if k.clear != nil {
				c.line(value)
				c.rules(k, indent)
				continue
			}
			c.line(indent + k.name + ":")
			c.section(k.keys, indent+"  ")
		case sources:
			c.line(value)
			c.examples(k, indent)
		case listing:
			c.line(value)
			c.line("")
			c.line(indent + "# " + c.say("An entry looks like this. It needs a name, and a job its stage.", "Una entrada se ve así. Necesita name, y un trabajo su stage."))
			c.line(indent + "#" + k.name + ":")
			c.entryExample(k, indent+"#  ")
		default:
			c.line(value)
		}
	}
}

// rules shows every key of a section that is given whole, with examples: to
// switch one line on would switch the others off.
func (c *commenter) rules(k key, indent string) {
	c.line("")
	c.line(indent + "# " + c.say("Every rule there is, with examples.", "Todas las reglas que hay, con ejemplos."))
	c.line(indent + "#" + k.name + ":")
	for _, rule := range k.keys {
		c.line(beside(fmt.Sprintf("%s#    %s: %s", indent, rule.name, rule.example), 46, "# "+c.say(rule.en, rule.es)))
	}
}

// examples shows one source of each kind, and every key once.
func (c *commenter) examples(k key, indent string) {
	c.line("")
	c.line(indent + "# " + c.say("A list looks like this. A source needs name and kind, of kind files also path. From via on, the keys fit every kind.",
		"Una lista se ve así. Una fuente necesita name y kind, y la de tipo files también path. Desde via, las claves valen para todo tipo."))
	c.line(indent + "#" + k.name + ":")
	var shown []string
	for _, kind := range kinds() {
		start := "- "
		for _, sk := range k.keys {
			identity := sk.name == "name" || sk.name == "kind"
			if !sk.takes(kind) || slices.Contains(shown, sk.name) && !identity {
				continue
			}
			doc := ""
			if !slices.Contains(shown, sk.name) {
				doc = "# " + c.say(sk.en, sk.es)
			}
			c.line(beside(fmt.Sprintf("%s#  %s%s: %s", indent, start, sk.name, exampleOf(sk, kind)), 46, doc))
			shown, start = append(shown, sk.name), "  "
		}
	}
}

// beside puts a comment behind a line, from a common column on.
func beside(line string, column int, doc string) string {
	if doc == "" {
		return line
	}
	return line + strings.Repeat(" ", max(1, column-utf8.RuneCountInString(line))) + doc
}

// exampleOf is a value that makes sense in a list of examples.
func exampleOf(k key, kind string) string {
	switch {
	case k.name == "kind":
		return kind
	case k.name == "name":
		return kind + "-example"
	case k.example != "":
		return k.example
	}
	return k.fallback
}
