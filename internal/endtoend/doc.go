// Package endtoend tries the program that users get. Its tests build it once,
// the way release:binary does, and run scripts over it: testdata/*.txtar, each
// headed by the promise that it pins. Beside what testscript brings along, a
// script has the command tree, which writes one line for each file of a
// directory, so that two states can be compared.
package endtoend
