package engine

// words are what the engine itself says to people.
type words struct {
	alreadyDone, cause, fix, next, hint, unverified    string
	failedSteps, readsOnly, cannotTell, laterUnknown   string
	cancelling, stillEnding, cancelledBy, nothingToRun string
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
		}
	}
	return words{
		alreadyDone: "already done: ", cause: "cause", fix: "fix", next: "next", hint: "hint",
		unverified: "not verified", failedSteps: "%d problems", readsOnly: "reads only, changes nothing",
		cannotTell: "cannot tell whether it is done: ", laterUnknown: "the rest of the step cannot be planned: ",
		cancelling:  "cancelled: waiting for what is running to end",
		stillEnding: "still ending; what is cut off now can be taken up later",
		cancelledBy: "cancelled", nothingToRun: "not started",
	}
}
