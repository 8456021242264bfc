//go:build mage

//mage:multiline

// Requirements in, proven wheelhouse out.
//
// In the order of work:
//
//	build        wheels of the requirements, packed into a tarball
//	meta         its record: hash, wheels, where it came from
//	validate     the proof: a Python without network installs and runs it
//	archive      tarball, record and proof kept under docs/ci-archive
//	all          the four above, one after the other
//
// With a tarball in hand:
//
//	fetch        what CI built; dispatch lets it build one now
//	install      into a venv to work in
//	extract      its wheels as a folder, with the lock
//	why          what brings a wheel in, or keeps it out
//
// For whoever receives it:
//
//	attest       an inventory, where it came from, and checksums beside it
//	sign         your signature on all that; verify says whose it is
//	publish      the whole set of files to a release, or to the store
//
// Years later:
//
//	prune        old tarballs become pointers that they come back from
//	restore      back, bit for bit; verify asks whether they would
//	pin, unpin   what prune is to leave alone
//	push, gc     the store outside git: bring to it, clear it up
//
// What is there:
//
//	list, diff   the archive's entries, and how two runs differ
//	stale        whether a build would bring something new
//	config       every setting in force and where it came from
//
// On this repository itself:
//
//	lint, test, e2e, bench, compile
//
// mage -h TARGET tells every option with its default; targets chain, each with
// its own options: mage build -python=3.12 meta archive.
package main

import (
	//mage:import
	_ "github.com/wheelhouse-ci/wheelhouse/ci/targets"
)
