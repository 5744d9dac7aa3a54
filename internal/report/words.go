package report

// words are the few words of its own that a console says.
type words struct {
	ok, skipped, failed, warning string
	of, left, about              string
}

func wordsIn(lang string) words {
	if lang == "es" {
		return words{
			ok: "ok", skipped: "omitido", failed: "falló", warning: "aviso",
			of: "de", left: "faltan %s", about: "unos %s",
		}
	}
	return words{
		ok: "ok", skipped: "skipped", failed: "failed", warning: "warning",
		of: "of", left: "%s left", about: "about %s",
	}
}

// The escape codes in use. They leave the console only where colour is allowed.
const (
	styleGreen  = "\x1b[32m"
	styleRed    = "\x1b[31m"
	styleYellow = "\x1b[33m"
	styleDim    = "\x1b[2m"
	styleReset  = "\x1b[0m"
	eraseRow    = "\r\x1b[K"
)
