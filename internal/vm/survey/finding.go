package survey

import (
	"iact-infra/internal/procedure"
	"iact-infra/internal/verdict"
)

func fine(format string, args ...any) verdict.Finding { return verdict.Fine(format, args...) }

func warn(seen string, cause, fix procedure.Text) verdict.Finding {
	return verdict.Bad(verdict.Warn, seen, cause, fix)
}

func fail(seen string, cause, fix procedure.Text) verdict.Finding {
	return verdict.Bad(verdict.Fail, seen, cause, fix)
}

// unknown is the finding where a fact is missing.
func unknown(what, why string) verdict.Finding {
	f := warn("unknown: "+what+": "+why,
		verdict.Say("el equipo no lo dijo, así que no se juzgó", "the host did not tell, so this was not judged"),
		verdict.Say("repita como un usuario que pueda leerlo, o mírelo usted", "run the check again as a user who may read it, or look yourself"))
	f.Unknown = true
	return f
}
