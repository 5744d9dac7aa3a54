package vagrantfile_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"iact-infra/internal/vm/vagrantfile"
)

// client is the shape of a project's file with three machines, which installs a
// plugin when it is read.
const client = `# -*- mode: ruby -*-
MARIADB_IP = "192.168.56.10"
DB_PASSWORD = "django_pass"
unless Vagrant.has_plugin?("vagrant-goodhosts")
  puts "run 'vagrant plugin install vagrant-goodhosts' by hand, or wait" # vagrant plugin install
  unless system('vagrant plugin install vagrant-goodhosts')
    exit 1
  end
  exit
end
Vagrant.configure("2") do |config|
  config.vm.box = "ubuntu/focal64"
  config.vm.define "mariadb", primary: true do |mariadb|
    mariadb.vm.network "private_network", ip: MARIADB_IP, netmask: "255.255.255.0"
    mariadb.vm.network "forwarded_port", guest: 22, host: 2222, id: "ssh", auto_correct: true
    if Vagrant.has_plugin?("vagrant-vbguest")
    end
    mariadb.vm.provider "virtualbox" do |vb|
      vb.memory = 2048
      vb.cpus = 1
      vb.customize ["modifyvm", :id, "--usbehci", "off"]
    end
    mariadb.vm.provision "shell", inline: <<-SHELL
      export DB_NAME="#{DB_NAME}"
      exit 0
      if bash provisioners/mariadb/bootstrap.sh; then :; fi
    SHELL
  end
  config.vm.define :postgresql do |postgresql|
    postgresql.vm.network 'forwarded_port', guest: 5432, host: 15432, auto_correct: true
    postgresql.vm.network :private_network, :ip => '10.0.2.10'
    postgresql.vm.provision "shell", path: "bootstrap.sh"
    postgresql.vm.provision "shell", inline: "bash /vagrant/provisioners/postgres/bootstrap.sh"
  end
end
`

func TestAProjectsFileIsReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	f := vagrantfile.Read(client)
	want := []vagrantfile.Machine{
		{
			Name: "mariadb", Box: "ubuntu/focal64", Memory: 2048, CPUs: 1, Addresses: []string{"192.168.56.10"},
			Ports: []vagrantfile.Port{{Guest: 22, Host: 2222, Corrects: true}},
		},
		{
			Name: "postgresql", Box: "ubuntu/focal64", Addresses: []string{"10.0.2.10"},
			Ports: []vagrantfile.Port{{Guest: 5432, Host: 15432, Corrects: true}},
		},
	}
	if !reflect.DeepEqual(f.Machines, want) {
		t.Errorf("machines\n%+v, want\n%+v", f.Machines, want)
	}
	if !slices.Equal(f.Scripts, []string{"bootstrap.sh"}) || !slices.Equal(f.Called, []string{"provisioners/mariadb/bootstrap.sh", "provisioners/postgres/bootstrap.sh"}) {
		t.Errorf("scripts %q and %q", f.Scripts, f.Called)
	}
	if f.Ours {
		t.Error("it is taken for one of ours")
	}
	var notes []string
	for _, n := range f.Notes {
		if n.ES == "" {
			t.Errorf("line %d: no Spanish", n.Line)
		}
		notes = append(notes, strings.Fields(n.EN)[0]+" "+strings.Fields(n.EN)[1])
	}
	if got, want := strings.Join(notes, ", "), "a password, the box, VirtualBox 7, where port, port 15432, VirtualBox refuses"; got != want {
		t.Errorf("notes %s\nwant  %s", got, want)
	}
}

func TestWhatIsInstalledByReadingIsFoundHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		want       []vagrantfile.Install
	}{
		{"as the client does", client, []vagrantfile.Install{{Line: 6, Plugins: []string{"vagrant-goodhosts"}, Ends: true}}},
		{
			"over a list, and Vagrant again",
			"plugins = %w( vagrant-disksize vagrant-env )\nplugins.each do |p|\n  system \"vagrant plugin install #{p}\" unless Vagrant.has_plugin? p\nend\nexec \"vagrant #{ARGV.join(' ')}\"\n",
			[]vagrantfile.Install{{Line: 3, Plugins: []string{"vagrant-disksize", "vagrant-env"}}},
		},
		{"in backticks", "`vagrant plugin install vagrant-env`\n", []vagrantfile.Install{{Line: 1, Plugins: []string{"vagrant-env"}}}},
		{"by %x", "%x(vagrant plugin install vagrant-env)\nexit(0)\n", []vagrantfile.Install{{Line: 1, Plugins: []string{"vagrant-env"}, Ends: true}}},
		{"word by word", `system("vagrant", "plugin", "install", "vagrant-env")`, []vagrantfile.Install{{Line: 1, Plugins: []string{"vagrant-env"}}}},
		{"by Vagrant's own class", `Vagrant::Plugin::Manager.instance.install_plugin("vagrant-env")`, []vagrantfile.Install{{Line: 1}}},
		{"only said", "raise \"run `vagrant plugin install vagrant-env`\"\nputs 'vagrant plugin install x'\nabort \"vagrant plugin install vagrant-env\"\n", nil},
		{"only a comment", "=begin\nsystem 'vagrant plugin install a'\n=end\n# system 'vagrant plugin install a'\nx = \"#\" # `vagrant plugin install a`\n", nil},
		{"in the guest", "c.vm.provision 'shell', inline: <<~'EOF'\n  system 'vagrant plugin install a'\nEOF\n", nil},
		{"something else is run", "system 'vagrant plugin list'\n`VBoxManage list hostonlyifs`\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := vagrantfile.Read(test.text).Installs; !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestWhatIsComputedStaysUnknown(t *testing.T) {
	t.Parallel()
	f := vagrantfile.Read("%w[a b].each do |name|\n  config.vm.define name do |m|\n    m.vm.box = ENV['BOX']\n    m.vm.network 'forwarded_port', guest: 80, host: base + 1\n  end\nend\n")
	want := []vagrantfile.Machine{{Name: "default", Ports: []vagrantfile.Port{{Guest: 80}}}}
	if !reflect.DeepEqual(f.Machines, want) {
		t.Errorf("got %+v, want %+v", f.Machines, want)
	}
}

func TestOurOwnFileIsKnownAndHasNothingToNote(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../config/Vagrantfile")
	if err != nil {
		t.Fatal(err)
	}
	f := vagrantfile.Read(string(text))
	if !f.Ours || len(f.Notes) > 0 || len(f.Installs) > 0 {
		t.Errorf("got %+v", f)
	}
	if len(f.Machines) != 1 || f.Machines[0].Name != "iact-devbox" || len(f.Machines[0].Ports) != 2 || f.Machines[0].Ports[0].HostIP != "127.0.0.1" {
		t.Errorf("machines %+v", f.Machines)
	}
}

func TestAPasswordInClearIsFoundAndOneFromElsewhereIsNot(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"DB_ROOT_PASSWORD=rootpass123":              true,
		`DB_PASSWORD="${DB_PASSWORD:-django_pass}"`: true,
		"  password: 'django_pass',":                true,
		"CREATE USER x IDENTIFIED BY 'django_pass'": true,
		`DB_PASSWORD="$1"`:                          false,
		"DB_PASSWORD=$(cat file)":                   false,
		"# DB_PASSWORD=rootpass123":                 false,
		"password_encryption = 'scram-sha-256'":     false,
		"ALTER ROLE x PASSWORD '$secret'":           false,
		"password = ENV['DB_PASSWORD']":             false,
		"require_vars DB_PASSWORD DB_NAME":          false,
		"password: nil":                             false,
	} {
		if got := len(vagrantfile.Passwords(code)) > 0; got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(client)
	f.Add("x = <<~A\n=begin\n\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		got := vagrantfile.Read(text)
		if len(got.Machines) == 0 {
			t.Error("no machine at all")
		}
		for _, one := range got.Installs {
			if one.Line < 1 || one.Line > strings.Count(text, "\n")+1 {
				t.Errorf("line %d of %d", one.Line, strings.Count(text, "\n")+1)
			}
		}
		vagrantfile.Passwords(text)
	})
}
