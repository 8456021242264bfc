// Package targets is the command line: one file a verb, each turning
// arguments into options, calling the package that does the work, and printing
// what came of it.
//
// Another repository has every target by importing this package in its
// magefile:
//
//	//mage:import wheelhouse
//	_ "github.com/wheelhouse-ci/wheelhouse/ci/targets"
//
// and then types `mage wheelhouse:validate`.
//
// # Order of work
//
// [Build] makes a tarball of wheels and its lock, [Meta] its record,
// [Validate] proves it, [Archive] keeps it; [All] does the four. [Install] and
// [Extract] take its wheels once it is proven, [Why] explains them. [List] and
// [Diff] show what is archived, [Stale] tells whether a build would bring
// something new, [Config] shows the settings in force. [Fetch] brings here
// what CI built; [Dispatch] lets it build first.
//
// [Prune] turns old tarballs into pointers, [Restore] brings them back and
// [Verify] asks whether they would come; [Pin] and [Unpin] say what prune
// leaves alone. [Push] stores what a tarball is made of outside git, [Gc]
// removes there what nothing needs.
//
// # What every target does
//
// Results go to stdout, everything else to stderr. The exit status is 0 when
// done, 1 when a check refused, 2 for wrong use, 3 when it could not be done
// here, 130 or 143 when interrupted. SIGINT, SIGTERM and SIGHUP end the work,
// its children and its temporary files within 4 seconds.
//
//mage:multiline
package targets
