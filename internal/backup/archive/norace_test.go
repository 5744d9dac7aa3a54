//go:build !race

package archive_test

// less is by how much the long tests are shortened: not at all.
const less = 1
