// Package runbook turns the tables of procedures into something to read: the
// list of procedures, the steps of one, how each of them stands, and the
// explanation of a log. It only shapes and words; it runs nothing and reads no configuration.
package runbook
