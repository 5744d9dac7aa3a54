package holds_test

import (
	"slices"
	"testing"

	"iact-infra/internal/vm/holds"
)

func TestWhatWasThereHasToBeThereAgainAndReadable(t *testing.T) {
	t.Parallel()
	before := []holds.Fact{{"PostgreSQL", "15.10"}, {"PostgreSQL database a", "3 tables"}, {"PostgreSQL database b", "1 tables"}, {"MariaDB", "10.11"}}
	now := []holds.Fact{
		{"PostgreSQL", "15.10"},
		{"PostgreSQL database a", "3 tables"}, {"read PostgreSQL database a", "17 rows read"},
		{"PostgreSQL database b", "1 tables"}, {"read PostgreSQL database b", "not all rows read"},
	}
	want := []holds.Check{
		{"PostgreSQL", true, "15.10"}, {"PostgreSQL database a", true, "3 tables, 17 rows read"},
		{"PostgreSQL database b", false, "1 tables, and not all of them can be read"}, {"MariaDB", false, "it is not there, or does not answer"},
	}
	if got := holds.Compare(before, now); !slices.Equal(got, want) {
		t.Errorf("it says\n%v, want\n%v", got, want)
	}
	if got := holds.Compare(nil, now[:3]); len(got) != 2 || !got[1].OK || got[1].Found != "3 tables, 17 rows read" {
		t.Errorf("of a machine that told nothing before it says %v", got)
	}
	if got := holds.Compare([]holds.Fact{{"PostgreSQL database a", "4 tables"}}, now); got[0].OK {
		t.Errorf("a table that is lost passes: %v", got)
	}
}
