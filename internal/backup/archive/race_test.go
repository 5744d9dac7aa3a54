//go:build race

package archive_test

// less is by how much the long tests are shortened: the race detector makes
// this package about ten times slower.
const less = 8
