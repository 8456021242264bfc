// Package dev is what the targets for this repository itself do: lint, test,
// e2e, bench and compile. Importers of ci/targets do not get them.
package dev
