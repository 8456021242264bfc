// Package config is the settings: ci/wheelhouse.toml, over it WHEELHOUSE_*
// variables. Targets lay their options over both, with Config.Set.
//
// One table (settings.go) names every setting with its kind, its default and
// its meaning. The file, the variables, the options, the defaults and the
// checked-in ci/wheelhouse.toml all follow from it; Template writes the last.
//
// # Where a value comes from
//
// The first that says something wins:
//
//	an option of the target      -python=3.12
//	a variable                   WHEELHOUSE_PYTHON=3.12
//	ci/wheelhouse.toml           python = "3.12"
//	the default                  3.11
//
// A variable's name is WHEELHOUSE_ and the setting's in upper case, its dots
// and hyphens as underscores: limits.member-bytes is
// WHEELHOUSE_LIMITS_MEMBER_BYTES. WHEELHOUSE_ROOT is the repository and not a
// setting, and those of Secrets hold what to sign with. Any other variable of that prefix is refused like an unknown key of
// the file: a setting that is misspelled must not be silently without effect.
//
// # Values
//
//	text      in the file in quotes
//	path      in the file relative to the repository, in a variable or option
//	          to the folder where the person stands; absolute in Settings
//	list      in the file an array of texts; elsewhere separated by commas or
//	          blanks, but not inside brackets: "Pillow[a,b] numpy>=1,<2" is two
//	number    a whole one, from 1
//	count     a whole one, from 0
//	boolean   true or false
//	size      bytes, or text with a unit: "512MiB", "4GiB", "1.5GB"
//	span      days, weeks, months of 30 days or years of 365: "30d", "8w"; "0"
//	          is none
//
// A variable set to nothing is an empty text or list; where a setting cannot
// be empty it is refused.
//
// Whatever is wrong with the settings is an error with the code bad-settings
// and the exit status 2. It names every mistake with its place (file and line,
// or the variable), the key, and for an unknown one the nearest that exists.
package config
