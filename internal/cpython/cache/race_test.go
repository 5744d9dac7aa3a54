//go:build race

package cache_test

// less is by how much the memory test is shortened, and allowed more: the race
// detector is slow and large.
const less = 8
