// Package dev is what the targets for this repository itself do: lint, test,
// e2e, the benchmarks, the count of faults and compile. Importers of ci/targets do not get them.
package dev
