package config_test

import (
	"regexp"
	"slices"
	"testing"
)

// fits evaluates the part of JSON schema that our schema is written in; any
// other keyword fails the test.
func fits(t *testing.T, schema, v any) bool {
	t.Helper()
	if always, ok := schema.(bool); ok {
		return always
	}
	s := at[map[string]any](t, schema)
	for keyword, arg := range s {
		right := true
		switch keyword {
		case "$schema", "title", "description", "default", "then":
		case "type", "const", "enum":
			right = fitsValue(t, keyword, arg, v)
		case "properties", "additionalProperties", "required":
			right = fitsObject(t, keyword, s, v)
		case "anyOf", "allOf", "if":
			right = fitsSchemas(t, keyword, s, v)
		case "minimum", "maximum", "minLength", "minItems", "items", "pattern":
			right = fitsLimit(t, keyword, arg, v)
		default:
			t.Fatalf("the schema uses %s, which this test does not know", keyword)
		}
		if !right {
			return false
		}
	}
	return true
}

func fitsValue(t *testing.T, keyword string, arg, v any) bool {
	t.Helper()
	switch keyword {
	case "const":
		return v == arg
	case "enum":
		_, isText := v.(string)
		return isText && slices.Contains(at[[]any](t, arg), v)
	}
	is := "null"
	switch v.(type) {
	case map[string]any:
		is = "object"
	case []any:
		is = "array"
	case string:
		is = "string"
	case int:
		is = "integer"
	case bool:
		is = "boolean"
	}
	if types, several := arg.([]any); several {
		return slices.Contains(types, any(is))
	}
	return is == arg
}

func fitsObject(t *testing.T, keyword string, s map[string]any, v any) bool {
	t.Helper()
	object, isObject := v.(map[string]any)
	if !isObject {
		return true
	}
	if keyword == "required" {
		return !slices.ContainsFunc(at[[]any](t, s[keyword]), func(name any) bool { return object[at[string](t, name)] == nil })
	}
	properties := at[map[string]any](t, s["properties"])
	for name, value := range object {
		property, known := properties[name]
		if !known && keyword == "additionalProperties" || known && keyword == "properties" && !fits(t, property, value) {
			return false
		}
	}
	return true
}

func fitsSchemas(t *testing.T, keyword string, s map[string]any, v any) bool {
	t.Helper()
	if keyword == "if" {
		return !fits(t, s["if"], v) || fits(t, s["then"], v)
	}
	var right int
	list := at[[]any](t, s[keyword])
	for _, schema := range list {
		if fits(t, schema, v) {
			right++
		}
	}
	return right == len(list) || keyword == "anyOf" && right > 0
}

func fitsLimit(t *testing.T, keyword string, arg, v any) bool {
	t.Helper()
	switch v := v.(type) {
	case int:
		return keyword == "minimum" && float64(v) >= at[float64](t, arg) || keyword == "maximum" && float64(v) <= at[float64](t, arg)
	case string:
		return keyword == "minLength" && float64(len(v)) >= at[float64](t, arg) ||
			keyword == "pattern" && regexp.MustCompile(at[string](t, arg)).MatchString(v)
	case []any:
		return keyword == "minItems" && float64(len(v)) >= at[float64](t, arg) ||
			keyword == "items" && !slices.ContainsFunc(v, func(item any) bool { return !fits(t, arg, item) })
	}
	return true
}

func at[T any](t *testing.T, v any) T {
	t.Helper()
	is, ok := v.(T)
	if !ok {
		t.Fatalf("%v is a %T", v, v)
	}
	return is
}
