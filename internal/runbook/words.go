package runbook

// words are what the output says around the tables' own texts.
type words struct {
	namespace, code, steps, title, stepsOf     string
	needs, takes, changes, nothing             string
	undo, yes, no, upTo                        string
	missing, span, here                        string
	state, step, age, took, run                string
	toGoOn, toUndo                             string
	nothingWrong, cause, fix, next, unverified string
}

func wordsIn(lang string) words {
	if lang == "es" {
		return words{
			namespace: "ESPACIO", code: "CÓDIGO", steps: "PASOS", title: "TÍTULO", stepsOf: "%d de %d",
			needs: "necesita", takes: "dura", changes: "cambia", nothing: "nada, solo lee",
			undo: "se deshace", yes: "sí", no: "no: ", upTo: "hasta %s", missing: "aún sin construir, pasos", span: "de %s a %s", here: " (aquí: %s)",
			state: "ESTADO", step: "PASO", age: "HACE", took: "DURÓ", run: "EJECUCIÓN",
			toGoOn: "para continuar %s (hace %s)", toUndo: "para deshacer %s (hace %s)",
			nothingWrong: "no se encontró nada malo", cause: "causa", fix: "arreglo", next: "siguiente",
			unverified: "no comprobado",
		}
	}
	return words{
		namespace: "NAMESPACE", code: "CODE", steps: "STEPS", title: "TITLE", stepsOf: "%d of %d",
		needs: "needs", takes: "takes", changes: "changes", nothing: "nothing, it only reads",
		undo: "undo", yes: "yes", no: "not needed: ", upTo: "up to %s", missing: "not built yet, steps", span: "%s to %s", here: " (here: %s)",
		state: "STATE", step: "STEP", age: "AGE", took: "TOOK", run: "RUN",
		toGoOn: "to go on with %s (%s ago)", toUndo: "to undo %s (%s ago)",
		nothingWrong: "nothing wrong found", cause: "cause", fix: "fix", next: "next",
		unverified: "not verified",
	}
}
