package config

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Schema is the JSON schema (draft 2020-12) of a configuration file, for
// editors. It says what the table says; what needs more than one key, or the
// file system, only Load finds.
func Schema() []byte {
	root := sectionSchema(table())
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = "Configuration of the IACT infra toolkit"
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(root); err != nil {
		panic("config: encode schema: " + err.Error()) // maps, lists and texts always encode
	}
	return b.Bytes()
}

type object = map[string]any

// sectionSchema accepts null as well: a section with all its keys commented out.
func sectionSchema(keys []key) object {
	properties := object{}
	for _, k := range keys {
		properties[k.name] = keySchema(k)
	}
	return object{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
}

func keySchema(k key) object {
	var s object
	switch k.shape {
	case section:
		s = sectionSchema(k.keys)
	case number:
		s = object{"type": "integer", "minimum": k.min, "maximum": k.max}
	case count:
		s = object{"anyOf": []object{{"type": "integer", "minimum": Unlimited, "maximum": k.max}, {"const": unlimited}}}
	case span:
		s = object{"anyOf": []object{{"type": "integer", "minimum": 0, "maximum": 0}, {"type": "string", "pattern": spanPattern}}}
	case duration:
		s = object{"type": "string", "minLength": 1, "pattern": durationPattern}
	case size:
		s = object{"type": "string", "pattern": sizePattern}
	case listing:
		s = entriesSchema(k)
	case truth:
		s = object{"type": "boolean"}
	case choice:
		s = object{"enum": k.choices}
	case texts:
		s = object{"type": "array", "items": textSchema(k)}
	case sources:
		s = object{"anyOf": []object{{"const": "auto"}, {"type": "array", "minItems": 1, "items": sourceSchema(k.keys)}}}
	default:
		s = textSchema(k)
	}
	s["description"] = k.en
	if k.fallback != "" && k.of == nil {
		var value any
		if err := fallbackNode(k).Decode(&value); err == nil {
			s["default"] = value
		}
	}
	return s
}

func textSchema(k key) object {
	s := object{"type": "string", "minLength": 1}
	if k.pattern != "" {
		s["pattern"] = k.pattern
	}
	return s
}

// sourceSchema adds to the keys, for each kind, which it needs and which it
// does not take.
func sourceSchema(keys []key) object {
	s := sectionSchema(keys)
	s["type"] = "object"
	s["required"] = required(keys, "")
	var rules []object
	for _, kind := range kinds() {
		others := object{}
		for _, k := range keys {
			if !k.takes(kind) {
				others[k.name] = false
			}
		}
		rules = append(rules, object{
			"if":   object{"properties": object{"kind": object{"const": kind}}},
			"then": object{"properties": others, "required": required(keys, kind)},
		})
	}
	s["allOf"] = rules
	return s
}

// required lists the keys that every source of the kind needs.
func required(keys []key, kind string) []string {
	var list []string
	for _, k := range keys {
		if k.required && (len(k.kinds) == 0 || slices.Contains(k.kinds, kind)) {
			list = append(list, k.name)
		}
	}
	return list
}
