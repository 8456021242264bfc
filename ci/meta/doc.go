// Package meta is the .meta record beside a tarball: where it came from.
//
// A record is text, one key=value a line, in an order that never changes:
//
//	name=wheelhouse-3.11.tgz
//	sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
//	size=48211968
//	created_at=2026-03-01T12:00:00Z
//	…
//
// [Describe] makes one from a tarball's inventory, [Record.Encode] writes it,
// [Parse] reads it and the older "key: value" form, [Compare] holds it against
// a tarball. A record that is written is never rewritten: what reads it hands
// unknown keys on as they are.
//
// docs/formats.md says what each key means. Everything that is wrong with a
// record is an error with the code bad-meta that names file and line; what
// disagrees with a tarball is a finding with the code meta-mismatch.
package meta
