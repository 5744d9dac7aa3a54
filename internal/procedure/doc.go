// Package procedure describes operational procedures as data.
//
// A procedure is an ordered table of steps. A step says what it is called, what
// it needs, how to tell that it is already done, how to do it, how to prove that
// it worked and how to take it back. Nothing here runs anything: the engine does
// numbering, timing, validation, advice and output, so that a room of the house
// only writes its table and the work of each step.
//
// Tables are written by hand, so Registry.Lint checks each of them for the
// mistakes that a compiler cannot see.
package procedure
