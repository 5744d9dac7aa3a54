// Package engine runs the steps of procedures.
//
// A room says what a step is; the engine does everything that is the same for
// all steps. It runs the needs first, each once per process and independent
// ones in parallel, by handing them to mage's own mg.CtxDeps. It skips what is
// proved to be done, writes the intent into the journal before a change and the
// result after it, validates, and explains a failure with the symptom
// catalogue. In plan mode it walks the same table and changes nothing.
//
// mg.Deps flattens errors to one string and merges differing exit codes to 1.
// Therefore every outcome is kept here, under the name of its step, and what
// mg.Deps reports is ignored: Target builds its own Failure from the outcomes.
package engine
