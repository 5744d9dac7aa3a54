module iact-infra

go 1.25.0

tool github.com/magefile/mage

require (
	github.com/bitfield/script v0.25.2
	github.com/klauspost/compress v1.20.3
	github.com/magefile/mage v1.17.2
	github.com/rivo/uniseg v0.4.7
	github.com/rogpeppe/go-internal v1.14.1
	github.com/schollz/progressbar/v3 v3.19.0
	go.yaml.in/yaml/v3 v3.0.6
	golang.org/x/sync v0.18.0
	golang.org/x/sys v0.38.0
	golang.org/x/term v0.37.0
)

require (
	github.com/itchyny/gojq v0.12.13 // indirect
	github.com/itchyny/timefmt-go v0.1.5 // indirect
	github.com/klauspost/cpuid/v2 v2.2.10 // indirect
	github.com/mitchellh/colorstring v0.0.0-20190213212951-d06e56a500db // indirect
	github.com/zeebo/xxh3 v1.1.0 // indirect
	golang.org/x/tools v0.26.0 // indirect
	mvdan.cc/sh/v3 v3.7.0 // indirect
)
