package validate

import "slices"

// TestsOrigin is the Origin of the root that the tests ask for.
const TestsOrigin = "the tests"

// Select gives the wheels that those of the roots reach for which counts is
// true, sorted by file name: what to install where not all is wanted. The
// requirements of each were judged before, with all others.
func (r *Result) Select(counts func(Root) bool) []Reached {
	w := r.World
	w.Roots = nil
	for _, root := range r.World.Roots {
		if counts(root) {
			w.Roots = append(w.Roots, root)
		}
	}
	reached, _ := Closure(w) // its findings are among those of all roots
	return slices.Clip(reached)
}

// Derive gives the requirements file that these wheels of the tarball are
// installed by: a line for each, with its version and its own sha256. It is an
// error when a wheel's METADATA has what must not stand in such a file.
func (r *Result) Derive(reached []Reached) (string, error) {
	return derive(reached, r.Metadata, r.Sums())
}

// Sums gives the wheels' sha256 by file name.
func (r *Result) Sums() map[string]string {
	sums := make(map[string]string, len(r.Inventory.Wheels))
	for _, w := range r.Inventory.Wheels {
		sums[w.Name] = w.SHA256
	}
	return sums
}
