package config_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"iact-infra/internal/config"
)

func TestTheSchemaAgreesWithWhatLoadAccepts(t *testing.T) {
	t.Parallel()
	var schema any
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	one := func(source string) string { return "backup: {sources: [" + source + "]}" }
	for content, right := range map[string]bool{
		"backup:\n  keep:\n": true,
		"project: x":         true,
		"project: ''":        false,
		"project: 5":         false,
		"ci2: {}":            false,
		"backup: []":         false,
		"backup: {sources: auto, retired: [a], exclude: []}":   true,
		"backup: {sources: none}":                              false,
		"backup: {sources: []}":                                false,
		"backup: {retired: [A]}":                               false,
		"backup: {level: best, scrub_after: 1d2h}":             true,
		"backup: {level: bset}":                                false,
		"backup: {scrub_after: 30}":                            false,
		"backup: {scrub_after: 2h1d}":                          false,
		"backup: {keep: {daily: 0, last: 1}, space_margin: 0}": true,
		"backup: {keep: {daily: -1}}":                          true,
		"backup: {keep: {daily: unlimited}}":                   true,
		"backup: {keep: {daily: -2}}":                          false,
		"backup: {keep: {daily: all}}":                         false,
		"backup: {keep: {within: 2y5m7d3h, within_yearly: 0}}": true,
		"backup: {keep: {within: 3h2d}}":                       true,
		"backup: {keep: {within: 1w}}":                         false,
		"backup: {keep: {within: 7}}":                          false,
		"backup: {keep: {within: ''}}":                         false,
		"backup: {keep: {tags: [a, 'b,c']}}":                   true,
		"backup: {keep: {tags: a}}":                            false,
		"backup: {keep: {daily: '1'}}":                         false,
		one("{name: a, kind: postgres, port: 1, user: u}"):     true,
		one("{name: a, kind: mariadb, lock: true, socket: s}"): true,
		one("{name: a, kind: mariadb, lock: 1}"):               false,
		one("{name: a, kind: postgres, lock: true}"):           false,
		one("{name: a, kind: postgres, port: 0}"):              false,
		one("{name: a, kind: postgres, path: x}"):              false,
		one("{name: a, kind: postgres, password: x}"):          false,
		one("{name: a, kind: files, path: /x, exclude: [y]}"):  true,
		one("{name: a, kind: files}"):                          false,
		one("{name: a, kind: files, path: /x, host: h}"):       false,
		one("{name: a, kind: vm}"):                             true,
		one("{name: a, kind: vm, machine: iact-devbox}"):       true,
		one("{name: a, kind: vm, via: local}"):                 false,
		one("{name: a, kind: files, path: /x, machine: b}"):    false,
		one("{name: A, kind: postgres}"):                       false,
		one("{name: a}"):                                       false,
		one("{kind: postgres}"):                                false,
		one("a"):                                               false,
		"ci: {components: auto, cache_limit: 5GB}":             true,
		"ci: {components: [{name: a, jobs: [{stage: unit}]}]}": true,
		"ci: {components: [{name: a, jobs: [{run: [x]}]}]}":    false,
		"ci: {components: [{dir: a}]}":                         false,
		"ci: {components: []}":                                 false,
		"ci: {components: none}":                               false,
		"ci: {cache_limit: 5}":                                 false,
		"ci: {cache_limit: 5GB, trust: maybe}":                 false,
	} {
		var document any
		if err := yaml.Unmarshal([]byte(content), &document); err != nil {
			t.Fatal(err)
		}
		if fits := fits(t, schema, document); fits != right {
			t.Errorf("the schema says %t, want %t: %s", fits, right, content)
		}
		if loaded := loadError(t, content) == ""; loaded != right {
			t.Errorf("Load says %t, want %t: %s", loaded, right, content)
		}
	}
}

// uncomment switches on the key lines of a commented file, those that want says.
func uncomment(file string, want func(line string) bool) string {
	key := regexp.MustCompile(`^( *)#((?: {2,}(?:- )?)?[a-z_][a-z0-9_]*:.*)$`)
	var b strings.Builder
	for line := range strings.Lines(file) {
		if parts := key.FindStringSubmatch(strings.TrimRight(line, "\n")); parts != nil && want(line) {
			line = parts[1] + parts[2] + "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestTheCommentedFileHoldsTheDefaultsAndExamplesThatLoad(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "es"} {
		file := config.Commented(lang)
		bare := mustLoad(t, checkout(t, "config/iact.yaml", file)).Show()
		for _, s := range bare {
			if s.Origin != "default" {
				t.Errorf("%s: %s is not commented out", lang, s.Key)
			}
		}
		isList := func(line string) bool {
			return strings.HasPrefix(line, "  #  ") || line == "  #sources:\n" || line == "  #keep:\n" || line == "  #components:\n"
		}
		root := checkout(t, "config/iact.yaml", uncomment(file, func(line string) bool { return !isList(line) }))
		on := mustLoad(t, root).Show()
		if len(on) != len(bare) {
			t.Fatalf("%s: %d settings, want %d", lang, len(on), len(bare))
		}
		for i, s := range on {
			if s.Origin == "default" {
				t.Errorf("%s: %s stands in no line of its own", lang, s.Key)
			}
			// What has no default shows an example.
			if !strings.HasPrefix(s.Value, "/") && bare[i].Value != "" && s.Value != bare[i].Value {
				t.Errorf("%s: %s is %s in the file but %s by default", lang, s.Key, s.Value, bare[i].Value)
			}
		}
		home := checkout(t, "iact.password", "x", "config/iact.yaml", uncomment(file, isList))
		loaded := mustLoad(t, home, "HOME", home)
		if jobs := loaded.CI.Components[0].Jobs; loaded.CI.Auto || len(jobs) != 1 || len(jobs[0].Given) < 15 {
			t.Errorf("%s: the example of a component is read as %+v", lang, loaded.CI.Components)
		}
		examples := loaded.Backup
		if n := len(examples.Sources); n != 5 {
			t.Errorf("%s: %d example sources, want one of each kind", lang, n)
		}
		for _, rule := range reflect.VisibleFields(reflect.TypeFor[config.Keep]()) {
			if reflect.ValueOf(examples.Keep).FieldByIndex(rule.Index).IsZero() {
				t.Errorf("%s: there is no example of keep.%s", lang, rule.Name)
			}
		}
	}
}

func TestTheSchemaExplainsEveryKeyAndGivesItsDefault(t *testing.T) {
	t.Parallel()
	var schema struct {
		Properties struct {
			Backup struct {
				Properties map[string]struct {
					Description string
					Default     any
				}
			}
		}
	}
	if err := json.Unmarshal(config.Schema(), &schema); err != nil {
		t.Fatal(err)
	}
	for name, k := range schema.Properties.Backup.Properties {
		if k.Description == "" || !strings.Contains(config.Commented("en"), "# "+k.Description) {
			t.Errorf("backup.%s: %q is not what the commented file says", name, k.Description)
		}
	}
	if level := schema.Properties.Backup.Properties["level"].Default; level != "fast" {
		t.Errorf("default level %v", level)
	}
}
