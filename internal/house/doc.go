// Package house wires the rooms together: environment, configuration, console,
// journal, registry and engine. It is what the targets of magefiles/ call, and
// it lives here so that it can be tested.
//
// Nothing happens before it is needed. A House is free to build, so that listing
// targets costs nothing; a wrong configuration is reported by the first target
// that reads it, with exit code 2.
package house
