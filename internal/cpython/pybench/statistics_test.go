package pybench_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"iact-infra/internal/cpython/pybench"
)

// noise makes values around a truth as a machine does: a few per cent for every
// process, a drift over the run, and now and then one that was disturbed.
type noise struct {
	*rand.Rand
	small, disturbed float64
}

func newNoise(seed uint64) noise { return noise{rand.New(rand.NewPCG(seed, 7)), 0.03, 0.05} }

// pairs are rounds of both sides, the new one slower by factor.
func (n noise) pairs(rounds int, factor float64) [2][]float64 {
	var values [2][]float64
	for round := range rounds {
		drift := 1 + 0.02*float64(round)
		values[0] = append(values[0], n.one(0.001*drift))
		values[1] = append(values[1], n.one(0.001*drift*factor))
	}
	return values
}

func (n noise) one(truth float64) float64 {
	value := truth * math.Exp(n.NormFloat64()*n.small)
	if n.Float64() < n.disturbed {
		value *= 1 + n.ExpFloat64()/4
	}
	return value
}

func TestAPlantedRegressionIsFoundThroughNoise(t *testing.T) {
	t.Parallel()
	found := 0
	for seed := range uint64(100) {
		n := newNoise(seed)
		report := pybench.Seam{}.Judged(0.10, []string{"sound", "slow"}, map[string][2][]float64{"sound": n.pairs(12, 1), "slow": n.pairs(12, 1.2)})
		for _, one := range report.Regressions(0.10) {
			if one.Name != "slow" {
				t.Errorf("seed %d: %s is called a regression: %s", seed, one.Name, one.Ratio)
			}
			found++
		}
	}
	if found < 90 {
		t.Errorf("of 100 regressions by 20 %%, %d were found", found)
	}
}

func TestNoiseAloneIsNoRegression(t *testing.T) {
	t.Parallel()
	for _, rounds := range []int{2, 3, 5, 6, 12} {
		alarms := 0
		for seed := range uint64(100) {
			n, names, values := newNoise(seed), []string{}, map[string][2][]float64{}
			for i := range 20 {
				name := fmt.Sprint(i)
				names, values[name] = append(names, name), n.pairs(rounds, 1)
			}
			if len(pybench.Seam{}.Judged(0.10, names, values).Regressions(0.10)) > 0 {
				alarms++
			}
		}
		if alarms > 4 {
			t.Errorf("%d rounds: %d of 100 comparisons of the same with itself raise an alarm", rounds, alarms)
		}
	}
}

func TestTheIntervalHoldsTheTruthAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	for _, rounds := range []int{2, 3, 4, 5, 6, 7, 10, 12, 20} {
		for name, disturbed := range map[string]float64{"quiet": 0, "disturbed": 0.1} {
			const times = 2000
			n, held := newNoise(uint64(rounds)), 0
			n.disturbed = disturbed
			for range times {
				values := n.pairs(rounds, 1.07)
				if r := (pybench.Seam{}).Compare(values[0], values[1]); r.Low <= 1.07 && 1.07 <= r.High {
					held++
				}
			}
			if share := float64(held) / times; share < 0.935 {
				t.Errorf("%d rounds, %s machine: the interval holds the truth in %.1f %% of all cases", rounds, name, share*100)
			}
		}
	}
}

func TestTheRanksThatAreCutAreThoseOfThePrintedTables(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{6: 0, 7: 2, 8: 3, 9: 5, 10: 8, 11: 10, 12: 13, 13: 17, 14: 21, 15: 25, 16: 29, 20: 52, 25: 89} {
		if got := (pybench.Seam{}).RankCut(n); got != want {
			t.Errorf("%d pairs: %d, want %d", n, got, want)
		}
	}
}

func TestOneDisturbedRoundHardlyMovesTheAnswer(t *testing.T) {
	t.Parallel()
	values := newNoise(1).pairs(12, 1)
	before := pybench.Seam{}.Compare(values[0], values[1])
	values[1][4] *= 50
	after := pybench.Seam{}.Compare(values[0], values[1])
	if math.Abs(after.Value/before.Value-1) > 0.02 || after.High > before.High*1.1 {
		t.Errorf("%s became %s", before, after)
	}
}

func TestAVerdictIs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ratio pybench.Ratio
		want  string
	}{
		"slower when all of the interval is":            {pybench.Ratio{Value: 1.2, Low: 1.1, High: 1.3}, pybench.Slower},
		"faster when all of the interval is":            {pybench.Ratio{Value: 0.8, Low: 0.7, High: 0.9}, pybench.Faster},
		"same when what is left is small":               {pybench.Ratio{Value: 1, Low: 0.96, High: 1.04}, pybench.Same},
		"same when the difference is a trifle":          {pybench.Ratio{Value: 1.01, Low: 1.005, High: 1.02}, pybench.Same},
		"unclear when the interval is wide":             {pybench.Ratio{Value: 1, Low: 0.7, High: 1.3}, pybench.Unclear},
		"unclear when a real trifle may be a large one": {pybench.Ratio{Value: 1.015, Low: 1.001, High: 1.2}, pybench.Unclear},
	} {
		if got := (pybench.Seam{}).Verdict(c.ratio, 0.10); got != c.want {
			t.Errorf("%s: it is %s", name, got)
		}
	}
}

func TestTheMeanIsGeometric(t *testing.T) {
	t.Parallel()
	twice, half := [2][]float64{{1, 1, 1}, {2, 2, 2}}, [2][]float64{{4, 4, 4}, {2, 2, 2}}
	report := pybench.Seam{}.Judged(0.10, []string{"a", "b"}, map[string][2][]float64{"a": twice, "b": half})
	if m := report.Mean; math.Abs(m.Value-1) > 1e-9 || math.Abs(m.Low-1) > 1e-9 || math.Abs(m.High-1) > 1e-9 {
		t.Errorf("twice and half make %s", m)
	}
}
