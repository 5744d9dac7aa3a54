package survey

import (
	"fmt"
	"slices"
	"strings"

	"iact-infra/internal/verdict"
	"iact-infra/internal/vm/provider"
)

// oldest is the Vagrant that the procedure asks for.
func oldest() []int { return []int{2, 3, 0} }

func (f *Facts) vagrant(Wants) verdict.Finding {
	install := verdict.Say("instale Vagrant: apt install vagrant (2.3.4 en Debian 12), o https://developer.hashicorp.com/vagrant/install", "install Vagrant: apt install vagrant (2.3.4 on Debian 12), or https://developer.hashicorp.com/vagrant/install")
	if f.Vagrant == "" {
		return fail("not installed", verdict.Say("sin Vagrant no hay máquinas", "without Vagrant there are no machines"), install)
	}
	if slices.Compare(version(f.Vagrant), oldest()) < 0 {
		return fail(f.Vagrant, verdict.Say("el procedimiento pide 2.3.0 o más nuevo", "the procedure asks for 2.3.0 or newer"), install)
	}
	return fine("%s", f.Vagrant)
}

// home is where boxes, plugins and the index of machines are.
func (f *Facts) home(w Wants) verdict.Finding {
	switch f.Home {
	case "writable":
		return fine("%s", w.Home)
	case "absent":
		return fine("%s, to be made", w.Home)
	}
	return fail(f.Home, verdict.Say("Vagrant no puede escribir sus boxes ni su índice; a menudo fue creado con sudo", "Vagrant cannot write its boxes nor its index; often it was made with sudo"),
		verdict.Same(fmt.Sprintf("sudo chown -R %s: %s", f.User, w.Home)))
}

// locks: a lock that a living process holds makes the next command fail.
func (f *Facts) locks(Wants) verdict.Finding {
	if len(f.Locks) == 0 {
		return fine("no lock is held")
	}
	var seen []string
	for _, l := range f.Locks {
		seen = append(seen, fmt.Sprintf("%s by pid %d", l.Path, l.PID))
	}
	return warn(list(seen), verdict.Say("otra orden de Vagrant trabaja ahora, o quedó una colgada; la siguiente se niega", "another command of Vagrant is at work, or one was left hanging; the next one refuses"),
		verdict.Sayf("espere; si quedó colgada: ps -o pid,etime,args -p %[1]d, y luego kill -TERM %[1]d", "wait; if it hangs: ps -o pid,etime,args -p %[1]d, and then kill -TERM %[1]d", f.Locks[0].PID))
}

// plugins that the Vagrantfile cannot do without; Vagrant asks before it installs
// one, and fails where nobody answers.
func (f *Facts) plugins(w Wants) verdict.Finding {
	var lacks []string
	for _, name := range w.Plugins {
		if !slices.Contains(f.Plugins, name) {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) == 0 {
		return fine("wanted: %s", orNone(list(w.Plugins)))
	}
	return warn("not installed: "+list(lacks), verdict.Say("el Vagrantfile los pide, y Vagrant pregunta antes de instalarlos o falla", "the Vagrantfile wants them, and Vagrant asks before it installs them, or fails"),
		verdict.Same("vagrant plugin install "+strings.Join(lacks, " ")))
}

// traps are lines that do harm when the file is only read, or later in up.
func (f *Facts) traps(w Wants) verdict.Finding {
	for _, one := range w.File.Installs {
		if slices.ContainsFunc(one.Plugins, func(name string) bool { return !slices.Contains(f.Plugins, name) }) || len(one.Plugins) == 0 {
			ends, acaba := "", ""
			if one.Ends {
				ends, acaba = ", and then ends with exit code 0 as if all were done", ", y luego termina con código 0 como si todo estuviera hecho"
			}
			return warn(fmt.Sprintf("line %d installs %s", one.Line, orNone(list(one.Plugins))),
				verdict.Say("cada orden de Vagrant, también status y validate, instala complementos"+acaba, "every command of Vagrant, status and validate too, installs plugins"+ends),
				verdict.Say(strings.TrimSpace("instálelos antes: vagrant plugin install "+strings.Join(one.Plugins, " ")), strings.TrimSpace("install them before: vagrant plugin install "+strings.Join(one.Plugins, " "))))
		}
	}
	if w.USBEHCI && w.Provider == provider.VirtualBox && slices.Compare(version(f.VirtualBox), []int{7}) >= 0 {
		// VBoxManage 7.0 has --usb-ehci; the old spelling was dropped with the old parser of modifyvm.
		return warn("--usbehci", verdict.Say("VirtualBox 7 no conoce --usbehci, y vagrant up falla al personalizar la máquina", "VirtualBox 7 knows no --usbehci, and vagrant up fails when it customises the machine"),
			verdict.Say("quite esas líneas del Vagrantfile, o escriba --usb-ehci", "take the lines out of the Vagrantfile, or write --usb-ehci"))
	}
	return fine("none")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}
