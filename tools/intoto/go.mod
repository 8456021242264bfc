// In-toto's own types, as an oracle for e2e alone, in a module of their own so
// that what they need does not reach the targets.
module github.com/wheelhouse-ci/wheelhouse/tools/intoto

go 1.25.0

require (
	github.com/in-toto/attestation v1.2.0
	google.golang.org/protobuf v1.36.11
)
