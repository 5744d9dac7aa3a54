package page

import "strings"

// rowCost is about what the markup of a row takes.
const rowCost = 400

// budget is how many bytes a part of the page may still take. Each long list has
// its own, so that ten thousand failed tests leave room for the rest.
type budget struct{ left int }

// takes tells whether a row of these texts still fits, and counts it: as HTML,
// where one character may become five.
func (b *budget) takes(texts ...string) bool {
	cost := rowCost
	for _, text := range texts {
		cost += len(text)
		for _, special := range []string{"<", ">", "&", `"`, "'", "+"} {
			cost += 4 * strings.Count(text, special)
		}
	}
	if cost > b.left {
		b.left = 0
		return false
	}
	b.left -= cost
	return true
}
