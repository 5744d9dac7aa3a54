package config

import "math"

// keepKeys are the rules of retention, named as in restic.
func keepKeys() []key {
	number := func(name, example, en, es string, at func(*Keep) *int) key {
		return key{name: name, shape: count, fallback: "0", example: example, max: math.MaxInt32, en: en, es: es,
			at: func(c *Config, _ *Source) any { return at(&c.Backup.Keep) }}
	}
	within := func(name, example, en, es string, at func(*Keep) *Span) key {
		return key{name: name, shape: span, fallback: "0", example: example, en: en, es: es,
			at: func(c *Config, _ *Source) any { return at(&c.Backup.Keep) }}
	}
	return []key{
		number("last", "3", "The newest sets; a number or unlimited, as below.", "Los más recientes; un número o unlimited, como abajo.", func(k *Keep) *int { return &k.Last }),
		number("hourly", "24", "The newest of each hour that has one, that many hours.", "El más reciente de cada hora que tiene alguno, tantas horas.", func(k *Keep) *int { return &k.Hourly }),
		number("daily", "7", "The newest of each day.", "El más reciente de cada día.", func(k *Keep) *int { return &k.Daily }),
		number("weekly", "5", "The newest of each week, Monday to Sunday.", "El más reciente de cada semana, de lunes a domingo.", func(k *Keep) *int { return &k.Weekly }),
		number("monthly", "12", "The newest of each month.", "El más reciente de cada mes.", func(k *Keep) *int { return &k.Monthly }),
		number("yearly", "unlimited", "The newest of each year.", "El más reciente de cada año.", func(k *Keep) *int { return &k.Yearly }),
		within("within", "2d", "All sets of this stretch before the newest one. Units: y, m (months), d, h.", "Todos los de este lapso antes del más reciente. Unidades: y, m (meses), d, h.", func(k *Keep) *Span { return &k.Within }),
		within("within_hourly", "7d", "Of such a stretch, the newest of each hour.", "De un lapso así, el más reciente de cada hora.", func(k *Keep) *Span { return &k.WithinHourly }),
		within("within_daily", "1m", "As above, of each day.", "Igual, de cada día.", func(k *Keep) *Span { return &k.WithinDaily }),
		within("within_weekly", "3m", "As above, of each week.", "Igual, de cada semana.", func(k *Keep) *Span { return &k.WithinWeekly }),
		within("within_monthly", "1y6m", "As above, of each month.", "Igual, de cada mes.", func(k *Keep) *Span { return &k.WithinMonthly }),
		within("within_yearly", "10y", "As above, of each year.", "Igual, de cada año.", func(k *Keep) *Span { return &k.WithinYearly }),
		{
			name: "tags", shape: texts, fallback: "[]", example: `[golden, "release,signed"]`, rule: tagsRule,
			en: "All that have one of these tags, or all of several with commas between.",
			es: "Todos los que tienen una de estas etiquetas, o todas las separadas por comas.",
			at: func(c *Config, _ *Source) any { return &c.Backup.Keep.Tags },
		},
	}
}
