package page

import (
	"fmt"
	"strings"

	"iact-infra/internal/procedure"
)

// words is everything that the page says in one language.
type words struct {
	lang  string
	table map[string]procedure.Text
}

func wordsIn(lang string) words {
	if lang != "es" {
		lang = "en"
	}
	return words{lang: lang, table: table()}
}

// say is the sentence of a key, with its %s and %d filled in. A key that is not in
// the table is an error, which a template passes on.
func (w words) say(key string, args ...any) (string, error) {
	text, known := w.table[key]
	if !known {
		return "", fmt.Errorf("no words for %q", key)
	}
	if len(args) == 0 {
		return text.In(w.lang), nil
	}
	return fmt.Sprintf(text.In(w.lang), args...), nil
}

// of is say for a key of our own; the tests of the table know them all.
func (w words) of(key string, args ...any) string {
	text, err := w.say(key, args...)
	if err != nil {
		return key
	}
	return text
}

// count is the sentence of a number: its text holds "one|%d many".
func (w words) count(key string, n int) (string, error) {
	text, err := w.say(key)
	one, many, _ := strings.Cut(text, "|")
	if n == 1 || err != nil {
		return one, err
	}
	return fmt.Sprintf(many, n), nil
}

func (w words) number(key string, n int) string {
	text, err := w.count(key, n)
	if err != nil {
		return key
	}
	return text
}

// table is every heading and sentence, in both languages. Keys with "n." are
// numbers: one thing | %d things.
func table() map[string]procedure.Text {
	return map[string]procedure.Text{
		// The head.
		"title":       {ES: "Pipeline de %s", EN: "Pipeline of %s"},
		"skip":        {ES: "Ir al contenido", EN: "Skip to the content"},
		"contents":    {ES: "Contenido", EN: "Contents"},
		"passed":      {ES: "El pipeline pasó", EN: "The pipeline passed"},
		"failed":      {ES: "El pipeline falló", EN: "The pipeline failed"},
		"cancelled":   {ES: "El pipeline fue detenido", EN: "The pipeline was stopped"},
		"nothing":     {ES: "No se ejecutó ningún trabajo", EN: "No job was run"},
		"nothing.why": {ES: "Ningún componente tiene trabajos para las etapas pedidas.", EN: "No component has jobs for the stages that were asked for."},
		"commit":      {ES: "Commit", EN: "Commit"},
		"branch":      {ES: "Rama", EN: "Branch"},
		"dirty":       {ES: "con cambios sin confirmar", EN: "with changes that are not committed"},
		"host":        {ES: "Equipo", EN: "Host"},
		"started":     {ES: "Inicio", EN: "Started"},
		"run":         {ES: "Ejecución", EN: "Run"},
		"n.cores":     {ES: "1 núcleo|%d núcleos", EN: "1 core|%d cores"},
		"all.cached":  {ES: "Nada ha cambiado: todo vino de la caché.", EN: "Nothing has changed: all of it came from the cache."},

		// The figures.
		"time":        {ES: "Duración", EN: "Duration"},
		"time.before": {ES: "antes %s", EN: "%s before"},
		"jobs":        {ES: "Trabajos", EN: "Jobs"},
		"n.jobs":      {ES: "1 trabajo|%d trabajos", EN: "1 job|%d jobs"},
		"n.blocked":   {ES: "1 no pudo ejecutarse|%d no pudieron ejecutarse", EN: "1 could not run|%d could not run"},
		"n.warned":    {ES: "1 aviso|%d avisos", EN: "1 warning|%d warnings"},
		"n.restored":  {ES: "1 de la caché|%d de la caché", EN: "1 from the cache|%d from the cache"},
		"n.cancelled": {ES: "1 detenido|%d detenidos", EN: "1 stopped|%d stopped"},
		"n.failed":    {ES: "1 falló|%d fallaron", EN: "1 failed|%d failed"},
		"n.flaky":     {ES: "1 inestable|%d inestables", EN: "1 flaky|%d flaky"},
		"n.skipped":   {ES: "1 omitida|%d omitidas", EN: "1 skipped|%d skipped"},
		"n.known":     {ES: "1 ya conocido|%d ya conocidos", EN: "1 known before|%d known before"},
		"n.errors":    {ES: "1 error|%d errores", EN: "1 error|%d errors"},
		"n.more":      {ES: "Hay 1 más, que no se muestra.|Hay %d más, que no se muestran.", EN: "There is 1 more, which is not shown.|There are %d more, which are not shown."},
		"branches":    {ES: "ramas %s", EN: "branches %s"},
		"over.budget": {ES: "sobre el presupuesto", EN: "over budget"},

		// States, of jobs and tests.
		"state.passed":    {ES: "pasó", EN: "passed"},
		"state.restored":  {ES: "de la caché", EN: "from cache"},
		"state.failed":    {ES: "falló", EN: "failed"},
		"state.warned":    {ES: "aviso", EN: "warning"},
		"state.blocked":   {ES: "no ejecutado", EN: "not run"},
		"state.cancelled": {ES: "detenido", EN: "stopped"},
		"state.unknown":   {ES: "desconocido", EN: "unknown"},
		"level.error":     {ES: "error", EN: "error"},
		"level.warning":   {ES: "aviso", EN: "warning"},
		"level.note":      {ES: "nota", EN: "note"},

		// Failures.
		"failures":       {ES: "Qué falló", EN: "What failed"},
		"failed.first":   {ES: "falló primero", EN: "failed first"},
		"failed.after":   {ES: "Falló después de %s.", EN: "Failed after %s."},
		"failed.exit":    {ES: "Falló después de %s, con el código %d.", EN: "Failed after %s, with exit code %d."},
		"cause":          {ES: "Causa", EN: "Cause"},
		"fix":            {ES: "Solución", EN: "Fix"},
		"symptom":        {ES: "Síntoma %s", EN: "Symptom %s"},
		"commands":       {ES: "Comandos", EN: "Commands"},
		"log.end":        {ES: "Final del registro", EN: "End of the log"},
		"log.whole":      {ES: "Registro completo", EN: "Whole log"},
		"failed.tests":   {ES: "Pruebas que fallaron", EN: "Tests that failed"},
		"blocked.jobs":   {ES: "No se ejecutaron, porque necesitan lo que falló:", EN: "Not run, as they need what failed:"},
		"cancelled.jobs": {ES: "Detenidos antes de terminar:", EN: "Stopped before their end:"},

		// The timeline.
		"timeline":      {ES: "Línea de tiempo", EN: "Timeline"},
		"timeline.what": {ES: "%s en %s; cada fila es una ranura.", EN: "%s over %s; each row is a slot."},
		"n.lanes":       {ES: "1 ranura|%d ranuras", EN: "1 slot|%d slots"},
		"serial":        {ES: "Uno tras otro y sin caché: %s. Así: %s, %s veces más rápido.", EN: "One after the other and without cache: %s. This way: %s, %s times as fast."},
		"serial.plain":  {ES: "Uno tras otro y sin caché: %s.", EN: "One after the other and without cache: %s."},
		"critical":      {ES: "Camino crítico", EN: "Critical path"},
		"critical.mark": {ES: "en el camino crítico", EN: "on the critical path"},
		"waited":        {ES: "esperó %s", EN: "waited %s"},
		"waiting":       {ES: "espera de una ranura", EN: "waiting for a slot"},
		"job":           {ES: "Trabajo", EN: "Job"},
		"state":         {ES: "Estado", EN: "State"},
		"when":          {ES: "Cuándo", EN: "When"},
		"took":          {ES: "Tiempo", EN: "Time"},
		"saved":         {ES: "Ahorro", EN: "Saved"},
		"saved.all":     {ES: "La caché ahorró %s.", EN: "The cache saved %s."},
		"log":           {ES: "registro", EN: "log"},

		// Tests.
		"tests":           {ES: "Pruebas", EN: "Tests"},
		"tests.passed":    {ES: "Pasaron", EN: "Passed"},
		"tests.failed":    {ES: "Fallaron", EN: "Failed"},
		"tests.skipped":   {ES: "Omitidas", EN: "Skipped"},
		"tests.flaky":     {ES: "Inestables", EN: "Flaky"},
		"tests.slowest":   {ES: "Las más lentas", EN: "Slowest"},
		"flaky.what":      {ES: "Fallaron y luego pasaron con el mismo código: no cuentan como fallo, pero no son de fiar.", EN: "They failed and then passed with the same code: no failure, but not to be trusted."},
		"n.attempts":      {ES: "1 intento|%d intentos", EN: "1 attempt|%d attempts"},
		"test":            {ES: "Prueba", EN: "Test"},
		"message.missing": {ES: "sin mensaje", EN: "no message"},

		// Coverage.
		"coverage":       {ES: "Cobertura", EN: "Coverage"},
		"component":      {ES: "Componente", EN: "Component"},
		"lines":          {ES: "Líneas", EN: "Lines"},
		"branches.head":  {ES: "Ramas de código", EN: "Branches"},
		"threshold":      {ES: "Mínimo", EN: "Threshold"},
		"threshold.not":  {ES: "por debajo del mínimo", EN: "below the threshold"},
		"all.components": {ES: "Todos", EN: "All"},
		"worst":          {ES: "Archivos con más líneas sin probar", EN: "Files with most lines untested"},
		"file":           {ES: "Archivo", EN: "File"},
		"missed":         {ES: "Sin probar", EN: "Untested"},
		"meter":          {ES: "%s de las líneas", EN: "%s of the lines"},

		// Findings.
		"findings":      {ES: "Hallazgos", EN: "Findings"},
		"n.findings":    {ES: "1 hallazgo nuevo|%d hallazgos nuevos", EN: "1 new finding|%d new findings"},
		"findings.none": {ES: "Ningún hallazgo nuevo.", EN: "No new finding."},
		"known":         {ES: "La línea base ya conoce %d.", EN: "The baseline knows %d already."},
		"no.file":       {ES: "sin archivo", EN: "no file"},
		"where":         {ES: "Línea", EN: "Line"},
		"level":         {ES: "Nivel", EN: "Level"},
		"message":       {ES: "Mensaje", EN: "Message"},
		"rule":          {ES: "Regla", EN: "Rule"},

		// Artefacts.
		"artifacts":      {ES: "Artefactos", EN: "Artefacts"},
		"artifact":       {ES: "Artefacto", EN: "Artefact"},
		"kind":           {ES: "Tipo", EN: "Kind"},
		"kind.file":      {ES: "archivo", EN: "file"},
		"kind.directory": {ES: "directorio", EN: "directory"},
		"kind.image":     {ES: "imagen", EN: "image"},
		"size":           {ES: "Tamaño", EN: "Size"},
		"change":         {ES: "Cambio", EN: "Change"},
		"budget":         {ES: "Presupuesto", EN: "Budget"},
		"budget.used":    {ES: "%s del presupuesto", EN: "%s of the budget"},
		"same":           {ES: "igual", EN: "same"},
		"new":            {ES: "nuevo", EN: "new"},

		// History.
		"history":      {ES: "Historia", EN: "History"},
		"n.runs":       {ES: "1 ejecución|Las últimas %d ejecuciones", EN: "1 run|The last %d runs"},
		"history.size": {ES: "Tamaño de %s", EN: "Size of %s"},
		"history.from": {ES: "De %s a %s; entre %s y %s.", EN: "From %s to %s; between %s and %s."},
		"this.run":     {ES: "esta", EN: "this one"},
		"result":       {ES: "Resultado", EN: "Result"},

		// What stayed behind.
		"left":      {ES: "Procesos que quedaron", EN: "Processes left behind"},
		"left.what": {ES: "Estos procesos siguieron vivos cuando su trabajo había terminado. Fueron detenidos.", EN: "These processes were still alive when their job had ended. They were ended."},

		"cut": {ES: "Lo demás no cabe en un resumen: está en la página y en los registros.", EN: "The rest does not fit into a summary: it is in the page and in the logs."},
	}
}
