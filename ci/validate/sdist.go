package validate

import (
	"path"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// sdists gives the source distributions among a tarball's members, by their
// bare names.
func sdists(members []string) []string {
	var found []string
	for _, member := range members {
		if file := path.Base(member); len(sources(file)) > 0 {
			found = append(found, file)
		}
	}
	return found
}

// release is a project and version that a source distribution may be of.
type release struct{ project, version string }

// sdist is a source distribution and the version that it is of.
type sdist struct{ file, version string }

// sources gives what a file may be a source distribution of: its name parts at
// some hyphen, and before PEP 625 a project's name had hyphens too. nil for a
// file of another kind.
func sources(file string) []release {
	const longest = 255 // bytes of a file's name
	stem := ""
	for _, suffix := range []string{".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz"} {
		if rest, ok := strings.CutSuffix(file, suffix); ok {
			stem = rest
			break
		}
	}
	if len(file) > longest {
		return nil
	}
	var all []release
	for i := range len(stem) {
		if project, version := stem[:i], stem[min(i+1, len(stem)):]; stem[i] == '-' && project != "" && wheel.IsVersion(version) {
			all = append(all, release{wheel.Normalize(project), version})
		}
	}
	return all
}

// bySource gives the source distributions of each project.
func bySource(files []string) map[string][]sdist {
	by := map[string][]sdist{}
	for _, file := range files {
		for _, r := range sources(file) {
			by[r.project] = append(by[r.project], sdist{file, r.version})
		}
	}
	return by
}

// hasSdist tells whether there is any source distribution of a project.
func hasSdist(files []string, project string) bool {
	return slices.ContainsFunc(files, func(file string) bool {
		return slices.ContainsFunc(sources(file), func(s release) bool { return s.project == project })
	})
}
