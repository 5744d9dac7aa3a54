package export

import (
	_ "embed" // playbook.yaml
)

//go:embed playbook.yaml
var playbookText string

// playbook is for ansible-core 2.14 or newer, which finds out itself what the
// machine is.
func playbook(w Wants) (string, error) {
	d, err := w.gather("{{ ansible_facts['distribution'] | lower }}", "{{ ansible_facts['distribution_release'] }}", "{{ iact_arch.stdout }}")
	if err != nil {
		return "", err
	}
	return fill(playbookText, d)
}
