package release

import "sync"

// tally adds up the progress of several downloads, which tell of themselves at the same time.
type tally struct {
	mutex sync.Mutex
	say   func(done, total int64)
	each  map[int][2]int64
}

func newTally(say func(done, total int64)) *tally {
	return &tally{say: say, each: map[int][2]int64{}}
}

// of is how one download tells how far it is. A total that is not known yet counts as what has come.
func (t *tally) of(i int) func(done, total int64) {
	if t.say == nil {
		return func(int64, int64) {}
	}
	return func(done, total int64) {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		t.each[i] = [2]int64{done, max(done, total)}
		var sum [2]int64
		for _, one := range t.each {
			sum[0] += one[0]
			sum[1] += one[1]
		}
		t.say(sum[0], sum[1])
	}
}
