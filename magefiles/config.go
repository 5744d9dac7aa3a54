//go:build mage

package main

import "github.com/magefile/mage/mg"

// Config holds the targets about the configuration.
type Config mg.Namespace

// Show prints every setting and where it comes from.
func (Config) Show() error { return toolkit().ShowConfig() }

// Check tells whether the configuration is right.
func (Config) Check() error { return toolkit().CheckConfig() }
