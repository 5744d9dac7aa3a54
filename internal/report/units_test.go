package report_test

import (
	"math"
	"testing"
	"time"

	"iact-infra/internal/report"
)

func TestSizesAreInTheUnitThatAPersonReads(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0 B", 1: "1 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB",
		102348: "99.9 KiB", 102400: "100 KiB", 1<<20 - 1: "1.0 MiB", 1 << 20: "1.0 MiB", 350 << 20: "350 MiB",
		1288490189: "1.2 GiB", 1<<40 - 1: "1.0 TiB", math.MaxInt64: "8.0 EiB", -2048: "-2.0 KiB", math.MinInt64: "-8.0 EiB",
	} {
		if got := report.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestDurationsAreInTheUnitThatAPersonReads(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0 ms", 40 * time.Millisecond: "40 ms", 999 * time.Millisecond: "999 ms", 999600 * time.Microsecond: "1.0 s",
		2100 * time.Millisecond: "2.1 s", 59940 * time.Millisecond: "59.9 s", 59960 * time.Millisecond: "1 min",
		190 * time.Second: "3 min 10 s", time.Hour - time.Millisecond: "1 h", 125 * time.Minute: "2 h 5 min",
		24*time.Hour - time.Second: "1 d", 76 * time.Hour: "3 d 4 h", -2100 * time.Millisecond: "-2.1 s",
	} {
		if got := report.Duration(d); got != want {
			t.Errorf("Duration(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestAgesAreOneUnitAndTheFutureIsNegative(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		0: "0 s", 40 * time.Second: "40 s", 5*time.Minute + 59*time.Second: "5 min", 3 * time.Hour: "3 h",
		47 * time.Hour: "47 h", 48 * time.Hour: "2 d", 100 * 24 * time.Hour: "100 d",
		-500 * time.Millisecond: "0 s", -2 * time.Hour: "-2 h",
	} {
		if got := report.Age(now, now.Add(-d)); got != want {
			t.Errorf("Age of %v = %q, want %q", d, got, want)
		}
	}
}

func TestCleanKeepsWhatIsHarmless(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "sesión ✓ 日本": "sesión ✓ 日本", " a\tb\n": "a b", "a\x00b": `a\x00b`, "x\u0085y": `x\x85y`,
		"\xff": `\xff`, "a\r\nb": "a b", "\u2066x": `\u2066x`,
	} {
		if got := report.Clean(in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}
