package page

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEverySentenceIsInBothLanguagesWithTheSameBlanks(t *testing.T) {
	t.Parallel()
	verbs := regexp.MustCompile(`%[a-z%]`)
	for key, text := range table() {
		if text.ES == "" || text.EN == "" {
			t.Errorf("%s lacks a language", key)
		}
		if es, en := verbs.FindAllString(text.ES, -1), verbs.FindAllString(text.EN, -1); !slices.Equal(es, en) {
			t.Errorf("%s has the blanks %q in Spanish and %q in English", key, es, en)
		}
		if number := strings.HasPrefix(key, "n."); number != strings.Contains(text.ES, "|%d ") && number != strings.Contains(text.ES, "|") {
			t.Errorf("%s: a number has two forms, and nothing else has", key)
		}
	}
}

func TestTheTableHoldsTheWordsThatAreUsedAndNoOthers(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.*")
	if err != nil {
		t.Fatal(err)
	}
	said := regexp.MustCompile(`(?:\b(?:say|count)|\.(?:of|number|title))[ (]"([a-z.]+[a-z])"`)
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") || file == "words.go" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range said.FindAllStringSubmatch(string(text), -1) {
			if _, known := table()[found[1]]; !known {
				t.Errorf("%s says %q, which is not in the table", file, found[1])
			}
		}
		all.Write(text)
	}
	for key := range table() {
		group, _, _ := strings.Cut(key, ".")
		if !strings.Contains(all.String(), `"`+key+`"`) && !strings.Contains(all.String(), `">`+key+`"`) && !strings.Contains(all.String(), `"`+group+`."`) {
			t.Errorf("nobody says %s", key)
		}
	}
}
