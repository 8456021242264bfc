// Package entry is one run in the archive, as a value read from its folder.
//
// An entry is a folder named <YYYYMMDD>-<run> that holds, for each tarball of
// that run:
//
//	wheelhouse-3.11.tgz                the wheelhouse itself; may be gone
//	wheelhouse-3.11.tgz.meta           its record
//	wheelhouse-3.11.tgz.verdict.json   what its newest proof said
//	wheelhouse-3.11.tgz.requirements/  what it was built from
//	pylock.wheelhouse-311.toml         its lock
//
// The record is what counts: a tarball is in the archive when its record is,
// and a file that has none beside it is passed over. Whoever adds to an entry
// therefore writes the record last.
//
// Older archives are flat: "wheelhouse-3.11-run-<ID>.meta", beside a tarball
// of that name or none. ReadFlat reads those.
//
// Nothing here trusts what it reads: names decide nothing but names, links and
// devices are not followed, and each file is read up to a stated bound.
package entry
