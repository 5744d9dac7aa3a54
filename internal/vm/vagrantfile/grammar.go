package vagrantfile

import "regexp"

// grammar is how people write what matters here.
type grammar struct {
	assigned, list, plugin, exit, install      *regexp.Regexp
	define, setting, forwarded, private        *regexp.Regexp
	provision, script, option, heredoc, shells *regexp.Regexp
	retired, password, identified              *regexp.Regexp
}

func newGrammar() grammar {
	const text = `("[^"]*"|'[^']*')`
	return grammar{
		assigned:  regexp.MustCompile(`^\s*([A-Za-z_]\w*)\s*=\s*(` + text + `|\d+)\s*$`),
		list:      regexp.MustCompile(`^\s*[A-Za-z_]\w*\s*=\s*(%w|\[)`),
		plugin:    regexp.MustCompile(`\bvagrant-[a-z0-9][a-z0-9_-]*`),
		exit:      regexp.MustCompile(`^\s*exit!?\s*(\(?\s*(0|true)\s*\)?)?\s*(if\b.*|unless\b.*)?$`),
		install:   regexp.MustCompile(`\bvagrant\W+plugin\W+install\b`),
		define:    regexp.MustCompile(`\.vm\.define\s*\(?\s*(` + text + `|:\w+|\w+)`),
		setting:   regexp.MustCompile(`\.(vm\.box|memory|cpus)\s*=\s*(.+)$`),
		forwarded: regexp.MustCompile(`\.vm\.network\W+forwarded_port\b`),
		private:   regexp.MustCompile(`\.vm\.network\W+private_network\b`),
		provision: regexp.MustCompile(`\.vm\.provision\b`),
		script:    regexp.MustCompile(`\b(?:bash|sh)\s+(?:/vagrant/)?([\w][\w./-]*\.sh)\b`),
		option:    regexp.MustCompile(`(?:\b(\w+):|:(\w+)\s*=>)\s*(` + text + `|[A-Za-z0-9_]+)`),
		heredoc:   regexp.MustCompile("<<[-~]?[\"'`]?([A-Z_][A-Z0-9_]*)[\"'`]?"),
		shells:    regexp.MustCompile(`(?:\b(?:system|exec|spawn|popen\w*|capture\w*)[\s(\[]*|%x.?)$`),
		retired:   regexp.MustCompile(`\.vm\.box\s*=\s*["']([^"']*\b(?:trusty|xenial|bionic|focal|jessie|stretch|buster|bullseye)[^"']*)["']`),
		password: regexp.MustCompile(`(?i)\b\w*(?:password|passwd|passphrase|_pass|secret)\d*["']?\s*(?:=>?|:)\s*["']?(?:\$\{\w+:-)?` +
			`([^\s"'#$(){}\[\],;&|<>]{3,})`),
		identified: regexp.MustCompile(`(?i)\bidentified\s+by\s+['"]([^'"$]{3,})['"]`),
	}
}
