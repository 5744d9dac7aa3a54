package config

// ciKeys are the keys of the pipeline. Those of one component and of one job are
// in keys_job.go.
func ciKeys() []key {
	return []key{
		{
			name: "components", shape: listing, fallback: "auto", entries: componentEntries, keys: componentKeys(&Component{}),
			en: "The parts of the project. auto: found by package.json, requirements, pyproject.toml, go.mod, Dockerfile and compose files. Or a list; ci:init writes one.",
			es: "Las partes del proyecto. auto: se hallan por package.json, requirements, pyproject.toml, go.mod, Dockerfile y archivos de compose. O una lista; ci:init la escribe.",
		},
		{
			name: "stages", shape: section, keys: stagesKeys(),
			en: "What holds for all jobs of a stage: the stages that end before, a limit of time (0s: that of ci.limit), and whether a failure only warns.",
			es: "Lo que vale para todos los trabajos de una etapa: las etapas que terminan antes, un límite de tiempo (0s: el de ci.limit), y si un fallo solo avisa.",
		},
		{
			name: "cache", shape: path, fallback: ".iact/cache/ci", rule: pathRule,
			en: "Results of jobs, which are not run again while nothing has changed. It may be shared.", es: "Resultados de trabajos, que no se repiten mientras nada cambie. Puede compartirse.",
			at: func(c *Config, _ *Source) any { return &c.CI.Cache },
		},
		{
			name: "cache_limit", shape: size, fallback: "10GB",
			en: "How large the cache may grow; what was not used for longest goes first. 0B: no limit.", es: "Cuánto puede crecer la caché; primero sale lo que más tiempo lleva sin usarse. 0B: sin límite.",
			at: func(c *Config, _ *Source) any { return &c.CI.CacheLimit },
		},
		{
			name: "trust", shape: choice, fallback: "auto", choices: []string{"auto", "local", "untrusted"},
			en: "Whose results the cache gives: what an untrusted run has made is never used by a trusted one. auto: by branch and system.", es: "De quién son los resultados que da la caché: lo hecho sin confianza nunca sirve a una ejecución de confianza. auto: según rama y sistema.",
			at: func(c *Config, _ *Source) any { return &c.CI.Trust },
		},
		{
			name: "jobs", shape: number, fallback: "0", max: 1024,
			en: "How many jobs run at once; 0: by cores and memory.", es: "Cuántos trabajos a la vez; 0: según núcleos y memoria.",
			at: func(c *Config, _ *Source) any { return &c.CI.Jobs },
		},
		{
			name: "limit", shape: duration, fallback: "30m",
			en: "After how long a job is ended that has no limit of its own.", es: "Tras cuánto se termina un trabajo sin límite propio.",
			at: func(c *Config, _ *Source) any { return &c.CI.Limit },
		},
		{
			name: "retries", shape: number, fallback: "1", max: 10,
			en: "How often failed tests are run again, to tell flaky ones.", es: "Cuántas veces se repiten las pruebas fallidas, para distinguir las inestables.",
			at: func(c *Config, _ *Source) any { return &c.CI.Retries },
		},
		{
			name: "repository", shape: text, fallback: "https://github.com/2-Coatl/IACT.git", rule: repositoryRule,
			en: "Where ci:checkout clones the project from.", es: "De dónde clona ci:checkout el proyecto.",
			at: func(c *Config, _ *Source) any { return &c.CI.Repository },
		},
		{
			name: "branch", shape: text, fallback: "develop", rule: refRule,
			en: "The branch that ci:checkout brings up to date.", es: "La rama que ci:checkout actualiza.",
			at: func(c *Config, _ *Source) any { return &c.CI.Branch },
		},
		{
			name: "depth", shape: number, fallback: "0", max: 1_000_000,
			en: "How many commits of history ci:checkout clones; 0: all. A copy that is there keeps what it has.", es: "Cuántos commits de historia clona ci:checkout; 0: todos. Una copia que ya está conserva lo que tiene.",
			at: func(c *Config, _ *Source) any { return &c.CI.Depth },
		},
		{
			name: "baseline", shape: path, fallback: "", example: "/srv/iact/findings.json", rule: pathRule,
			en: "A file of known findings: only others count. All count when left out.", es: "Un archivo con hallazgos conocidos: solo cuentan los demás. Si falta, cuentan todos.",
			at: func(c *Config, _ *Source) any { return &c.CI.Baseline },
		},
		{
			name: "wheels", shape: path, fallback: "", example: "/srv/wheels", rule: pathRule,
			en: "A directory of wheels from which pip installs, without an index; the index when left out.", es: "Un directorio de wheels del que instala pip, sin índice; si falta, el índice.",
			at: func(c *Config, _ *Source) any { return &c.CI.Wheels },
		},
		{
			name: "python", shape: text, fallback: "python3", rule: interpreterRule,
			en: "The interpreter that environments are made with: a name, or a path from /.", es: "El intérprete con que se hacen los entornos: un nombre, o una ruta desde /.",
			at: func(c *Config, _ *Source) any { return &c.CI.Python },
		},
	}
}

// stagesKeys are one section for each stage.
func stagesKeys() []key {
	needs := map[string]string{"deps": "[]", "env": "[]", "unit": "[deps, env]", "lint": "[deps, env]", "build": "[deps, env]",
		"artifacts": "[build]", "integration": "[build, artifacts]"}
	of := func(c *Config, name string) *Stage {
		if c.CI.Stages == nil {
			c.CI.Stages = map[string]*Stage{}
		}
		if c.CI.Stages[name] == nil {
			c.CI.Stages[name] = &Stage{}
		}
		return c.CI.Stages[name]
	}
	var all []key
	for i, name := range StageNames() {
		step := string(rune('3' + i))
		all = append(all, key{name: name, shape: section, en: "Step " + step + ".", es: "Paso " + step + ".", keys: []key{
			{
				name: "needs", shape: texts, fallback: needs[name], rule: stageRule,
				en: "Stages before it.", es: "Etapas anteriores.",
				at: func(c *Config, _ *Source) any { return &of(c, name).Needs },
			},
			{
				name: "limit", shape: duration, fallback: "0s",
				en: "Limit of each job.", es: "Límite de cada trabajo.",
				at: func(c *Config, _ *Source) any { return &of(c, name).Limit },
			},
			{
				name: "optional", shape: truth, fallback: "false",
				en: "A failure only warns.", es: "Un fallo solo avisa.",
				at: func(c *Config, _ *Source) any { return &of(c, name).Optional },
			},
		}})
	}
	return all
}
