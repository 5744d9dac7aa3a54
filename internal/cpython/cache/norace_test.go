//go:build !race

package cache_test

// less is by how much the memory test is shortened, and allowed more: not at all.
const less = 1
