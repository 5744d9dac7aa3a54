package engine

import (
	"strings"

	"iact-infra/internal/journal"
)

// words are what the engine itself says to people.
type words struct {
	alreadyDone, cause, fix, next, hint, unverified    string
	failedSteps, readsOnly, cannotTell, laterUnknown   string
	cancelling, stillEnding, cancelledBy, nothingToRun string

	// Of the way back and of going on. %s stands for runs, steps and settings.
	tookBack, undone, nothingToUndo, nothingThere, notUndone        string
	leftCancelled, leftKept, leftStays, leftHalf, leftEarlier       string
	leftBack, orUndo                                                string
	resuming, otherVersion, changedSettings, builtUpon, alreadyBack string
	rolledBack, undoneBefore, toUndo, earlierStands, needsUndoFirst string
	beforeStands                                                    string
}

func wordsIn(lang string) words {
	if lang == "es" {
		return words{
			alreadyDone: "ya está hecho: ", cause: "causa", fix: "arreglo", next: "siguiente", hint: "pista",
			unverified: "no comprobado", failedSteps: "%d problemas", readsOnly: "solo lee, no cambia nada",
			cannotTell: "no se puede saber si ya está hecho: ", laterUnknown: "el resto del paso no se puede planear: ",
			cancelling:  "cancelado: se espera a que termine lo que está en marcha",
			stillEnding: "todavía terminando; lo que se corte ahora se retoma después",
			cancelledBy: "cancelado", nothingToRun: "no se inició",

			tookBack: "la ejecución %s falló: lo que cambió se ha deshecho (IACT_KEEP=1 lo conserva)",
			undone:   "deshecho: ", nothingToUndo: "no se deshace: ", nothingThere: "nada que deshacer", notUndone: "sigue en pie",
			leftCancelled: "la ejecución %s quedó a medias; para continuarla%s:",
			leftKept:      "IACT_KEEP conserva lo que cambió la ejecución %s; para continuarla%s:",
			leftStays:     "la ejecución %s queda hasta donde llegó; para continuarla%s:",
			leftHalf:      "la ejecución %s no quedó deshecha del todo; para continuarla%s:",
			leftEarlier:   "deshecho, pero sigue en pie la ejecución %s, que esta continuaba; para continuarla%s:",
			orUndo:        " o deshacerla",
			leftBack:      "la ejecución %s no quedó deshecha del todo; corrija lo anterior y repita:",
			resuming:      "continúa la ejecución %s: %s",
			otherVersion:  "aviso: la ejecución %s es de la versión %s, este programa es la %s",

			changedSettings: "aviso: la configuración cambió desde entonces: %s",
			builtUpon:       "aviso: la ejecución %s cambió %s después y sigue en pie",
			alreadyBack:     "la ejecución %s ya estaba deshecha",
			rolledBack:      "la ejecución %s está deshecha: %s",
			undoneBefore:    "ya deshecho", toUndo: "se deshace",
			beforeStands:   "sigue en pie la ejecución %s, anterior a esta; el mismo objetivo otra vez la deshace",
			earlierStands:  "sigue en pie la ejecución %s, que esta continuaba: procedure:rollback -run=%s la deshace también",
			needsUndoFirst: "sigue en pie: antes hay que deshacer lo que lo necesita",
		}
	}
	return words{
		alreadyDone: "already done: ", cause: "cause", fix: "fix", next: "next", hint: "hint",
		unverified: "not verified", failedSteps: "%d problems", readsOnly: "reads only, changes nothing",
		cannotTell: "cannot tell whether it is done: ", laterUnknown: "the rest of the step cannot be planned: ",
		cancelling:  "cancelled: waiting for what is running to end",
		stillEnding: "still ending; what is cut off now can be taken up later",
		cancelledBy: "cancelled", nothingToRun: "not started",

		tookBack: "run %s failed: what it changed was undone (IACT_KEEP=1 keeps it)",
		undone:   "undone: ", nothingToUndo: "not undone: ", nothingThere: "nothing to undo", notUndone: "still stands",
		leftCancelled: "run %s was cut off; to go on with it%s:",
		leftKept:      "IACT_KEEP keeps what run %s changed; to go on with it%s:",
		leftStays:     "run %s stays as far as it has come; to go on with it%s:",
		leftHalf:      "run %s is not wholly undone; to go on with it%s:",
		leftEarlier:   "undone, but run %s, which this one continued, still stands; to go on with it%s:",
		orUndo:        " or to undo it",
		leftBack:      "run %s is not wholly undone; mend what stands above, then again:",
		resuming:      "going on with run %s: %s",
		otherVersion:  "warning: run %s was made by version %s, this program is %s",

		changedSettings: "warning: the configuration has changed since: %s",
		builtUpon:       "warning: run %s changed %s later and still stands",
		alreadyBack:     "run %s was rolled back before",
		rolledBack:      "run %s is rolled back: %s",
		undoneBefore:    "undone before", toUndo: "is undone",
		beforeStands:   "run %s before it still stands; the same target once more undoes it",
		earlierStands:  "run %s, which this one continued, still stands: procedure:rollback -run=%s undoes it, too",
		needsUndoFirst: "still stands: what needs it has to be undone first",
	}
}

// taken is how a step came out of a rollback, in the user's words.
func (w words) taken(outcome string) string {
	switch outcome {
	case backUndone:
		return strings.TrimSuffix(w.undone, ": ")
	case backEarlier:
		return w.undoneBefore
	case backNotYet:
		return w.toUndo
	case backNothing:
		return w.nothingThere
	case backPassed:
		return strings.TrimSuffix(w.nothingToUndo, ": ")
	}
	return w.notUndone
}

// StateIn is how a procedure or a run stands, in the user's language.
func StateIn(lang, state string) string {
	words := map[string]string{
		journal.OK: "bien", journal.Failed: "falló", journal.Cancelled: "cancelada", journal.Broken: "interrumpida",
		Running: "en marcha", RolledBack: "deshecha", NeverRun: "sin ejecutar",
	}
	if word := words[state]; lang == "es" && word != "" {
		return word
	}
	return state
}
