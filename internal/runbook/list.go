package runbook

import (
	"fmt"
	"io"
	"text/tabwriter"

	"iact-infra/internal/procedure"
)

// Listed is one procedure in the list of all.
type Listed struct {
	Code      string `json:"code"`
	Namespace string `json:"namespace"`
	Title     string `json:"title"`
	Steps     int    `json:"steps"`
	Missing   []int  `json:"missing"`
}

// List is what procedure:list shows.
func List(tables []procedure.Procedure, lang string) []Listed {
	listed := []Listed{}
	for _, table := range tables {
		listed = append(listed, Listed{
			Code:      table.Code,
			Namespace: table.Namespace,
			Title:     table.Title.In(lang),
			Steps:     len(table.Steps),
			Missing:   append([]int{}, table.Missing...),
		})
	}
	return listed
}

// WriteList writes the list for people.
func WriteList(w io.Writer, listed []Listed, lang string) {
	say := wordsIn(lang)
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", say.namespace, say.code, say.steps, say.title)
	for _, p := range listed {
		count := fmt.Sprint(p.Steps)
		if whole := p.Steps + len(p.Missing); whole > p.Steps {
			count = fmt.Sprintf(say.stepsOf, p.Steps, whole)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.Namespace, p.Code, count, p.Title)
	}
	_ = table.Flush()
}
