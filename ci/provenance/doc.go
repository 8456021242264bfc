// Package provenance is what stands beside a tarball and says what it is, where
// it came from and who says so: checksums, statement, inventory, signatures.
//
// # Papers
//
// [Attest] makes inventory (CycloneDX), statement (in-toto, SLSA provenance) and
// checksums of a tarball and its record, the same bytes each time. Inventory
// and statement are read in the very form that they are written in.
//
// # Signing
//
// [Sign] wraps the statement, writes the checksums anew and signs the tarball
// and the checksums, through gpg or with an armored key in this process. A
// passphrase reaches gpg by a pipe; what gpg says is read from its status
// lines, since its exit status tells little. A signed set is not changed
// afterwards ([Signed]).
//
// # Judging
//
// [OpenSeals] and [VerifySignatures] judge signatures in this process against a
// pinned keyring and whole fingerprints, [Attestor] a Sigstore bundle through
// gh, [VerifyPapers] the rest. Each gives [Check] values: pass, fail, warn or
// skip, a state in one word, and why. [Judge] says what that comes to where
// some checks are required: nothing to check is not checked.
//
// Every file is read with a bound on its size and taken for hostile.
package provenance
