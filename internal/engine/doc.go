// Package engine runs the steps of procedures.
//
// A room says what a step is; the engine does everything that is the same for
// all steps. It runs the needs first, each once per process and independent
// ones in parallel, by handing them to mage's own mg.CtxDeps. It skips what is
// proved to be done, writes the intent into the journal before a change and the
// result after it, validates, and explains a failure with the symptom
// catalogue. In plan mode it walks the same table and changes nothing.
//
// When a step fails, what this process changed is undone, the last step first; a
// run that was cancelled or killed stays as it is. Resume goes on with it in a
// fresh process: the same targets once more, where a Done check says what still
// holds and Recall gives what was recorded. Rollback takes a run back from a
// fresh process. All of these work from the journals alone, hold a lock on the
// journal of the run that they work on, and note there what they did to it.
//
// mg.Deps flattens errors to one string and merges differing exit codes to 1.
// Therefore every outcome is kept here, under the name of its step, and what
// mg.Deps reports is ignored: Target builds its own Failure from the outcomes.
package engine
