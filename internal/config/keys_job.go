package config

import (
	"regexp"
	"strings"
)

func interpreterRule(s string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_./+-]+$`).MatchString(s) && !strings.HasPrefix(s, "-") && (!strings.Contains(s, "/") || strings.HasPrefix(s, "/")) {
		return ""
	}
	return "a name such as python3.12 is wanted, or a path from / without spaces"
}

// componentKeys are the keys of one component; their values go into it.
func componentKeys(one *Component) []key {
	list := func(dst *[]string) func(*Config, *Source) any { return func(*Config, *Source) any { return dst } }
	word := func(dst *string) func(*Config, *Source) any { return func(*Config, *Source) any { return dst } }
	return []key{
		{name: "name", shape: text, example: "ui", required: true, rule: componentRule, pattern: componentPattern,
			en: "Every component has a name of its own.", es: "Cada componente tiene un nombre propio.", at: word(&one.Name)},
		{name: "dir", shape: text, example: "ui", rule: belowRule,
			en: "Where it lies in the project; the name when left out.", es: "Dónde está en el proyecto; si falta, el nombre.", at: word(&one.Dir)},
		{name: "kind", shape: choice, fallback: "auto", example: "node", choices: []string{"auto", "node", "python", "go", "docker", "custom"},
			en: "What gives it jobs: auto, node, python, go, docker; or custom, without any.", es: "De qué le vienen trabajos: auto, node, python, go, docker; o custom, sin ninguno.", at: word(&one.Kind)},
		{name: "needs", shape: texts, fallback: "[]", rule: componentRule, pattern: componentPattern,
			en: "Components that it is built from or tested against.", es: "Componentes de los que se construye o contra los que se prueba.", at: list(&one.Needs)},
		{name: "coverage", shape: number, fallback: "0", example: "70", max: 100,
			en: "Percent of lines that tests reach. Left out: 70 for node, 80 for python, as in PROCED-INFRA-003.", es: "Porcentaje de líneas que alcanzan las pruebas. Si falta: 70 para node, 80 para python, como en PROCED-INFRA-003.",
			at: func(*Config, *Source) any { return &one.Coverage }},
		{name: "size", shape: size, fallback: "0B", example: "5MB",
			en: "What its artefacts may weigh; 0B: anything. Left out: 5MB for node.", es: "Cuánto pueden pesar sus artefactos; 0B: lo que sea. Si falta: 5MB para node.",
			at: func(*Config, *Source) any { return &one.Size }},
		{name: "jobs", shape: listing, entries: func(*Config) entries { return jobEntries(one) }, keys: jobKeys(&Job{}),
			en: "Jobs besides those of its kind. One with the stage and variant of such a one changes the keys that it gives.", es: "Trabajos además de los de su tipo. Uno con etapa y variante de aquellos cambia las claves que da."},
	}
}

// jobKeys are the keys of one job; their values go into it. None has a default:
// what is left out stays as the kind of the component has it.
func jobKeys(one *Job) []key {
	list := func(name, example, en, es string, rule func(string) string, dst *[]string) key {
		return key{name: name, shape: texts, example: example, rule: rule, en: en, es: es, at: func(*Config, *Source) any { return dst }}
	}
	yes := func(name, en, es string, dst *bool) key {
		return key{name: name, shape: truth, example: "true", en: en, es: es, at: func(*Config, *Source) any { return dst }}
	}
	return []key{
		{name: "stage", shape: choice, required: true, example: "unit", choices: StageNames(),
			en: "The step of the procedure.", es: "El paso del procedimiento.", at: func(*Config, *Source) any { return &one.Stage }},
		{name: "variant", shape: text, example: "e2e", rule: variantRule, pattern: variantPattern,
			en: "Tells several jobs of a stage apart.", es: "Distingue varios trabajos de una etapa.", at: func(*Config, *Source) any { return &one.Variant }},
		list("run", "[npm ci, npm test]", "Lines for /bin/sh -e; [] takes the job away.", "Líneas para /bin/sh -e; [] quita el trabajo.", nil, &one.Run),
		list("needs", "[deps, build]", "Stages of the component, or jobs such as ui:build, that end before; those of the stage when left out.", "Etapas del componente, o trabajos como ui:build, que terminan antes; si falta, los de la etapa.", needRule, &one.Needs),
		list("inputs", "[src/, package.json]", "What it reads, as in gitignore; // counts from the project. Everything when left out.", "Lo que lee, como en gitignore; // cuenta desde el proyecto. Si falta, todo.", patternRule, &one.Inputs),
		list("outputs", "[dist]", "What it makes and the cache keeps.", "Lo que hace y la caché conserva.", belowRule, &one.Outputs),
		list("env", "[NODE_ENV]", "Variables that count and that it gets.", "Variables que cuentan y que recibe.", variableRule, &one.Env),
		list("tools", "[node --version]", "Commands whose output counts.", "Órdenes cuya salida cuenta.", nil, &one.Tools),
		list("junit", "[$IACT_REPORTS/junit.xml]", "Its tests, as JUnit XML. IACT_REPORTS is a directory that each job gets.", "Sus pruebas, en JUnit XML. IACT_REPORTS es un directorio que recibe cada trabajo.", nil, &one.JUnit),
		list("coverage", "[$IACT_REPORTS/lcov.info]", "Its coverage, as Cobertura XML or lcov.info.", "Su cobertura, en Cobertura XML o lcov.info.", nil, &one.Coverage),
		list("findings", "[\"eslint:$IACT_REPORTS/eslint.json\"]", "Its findings, as FORMAT:PATH.", "Sus hallazgos, como FORMATO:RUTA.", findingsRule, &one.Findings),
		list("keep", "[$IACT_REPORTS/traces]", "What is kept when it fails.", "Lo que se guarda cuando falla.", nil, &one.Keep),
		list("services", "[db]", "Services of the compose file that are healthy meanwhile.", "Servicios de compose que están sanos entretanto.", nil, &one.Services),
		{name: "limit", shape: duration, example: "10m",
			en: "After how long it is ended.", es: "Tras cuánto se termina.", at: func(*Config, *Source) any { return &one.Limit }},
		{name: "memory", shape: size, example: "2GB",
			en: "Memory that it takes.", es: "Memoria que ocupa.", at: func(*Config, *Source) any { return &one.Memory }},
		{name: "cores", shape: number, example: "2", min: 1, max: 1024,
			en: "Cores that it keeps busy.", es: "Núcleos que ocupa.", at: func(*Config, *Source) any { return &one.Cores }},
		{name: "retries", shape: number, example: "1", max: 10,
			en: "How often failed tests are run again.", es: "Cuántas veces se repiten pruebas fallidas.", at: func(*Config, *Source) any { return &one.Retries }},
		yes("fresh", "It is run each time.", "Se ejecuta siempre.", &one.Fresh),
		yes("daily", "Its result holds until the next day: it depends on what is known elsewhere.", "Su resultado vale hasta el día siguiente: depende de lo que se sabe fuera.", &one.Daily),
		yes("placed", "Its outputs are good only in this directory.", "Sus salidas solo valen en este directorio.", &one.Placed),
		yes("optional", "A failure only warns.", "Un fallo solo avisa.", &one.Optional),
	}
}
