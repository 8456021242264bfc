package publish

import (
	"cmp"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

// File is a file to be published.
type File struct {
	// Path is where it lies; its base name is the asset's.
	Path, Name string
	// Size in bytes, and SHA256 in lower-case hex, as they were checked. What
	// is sent must have them.
	Size   int64
	SHA256 string
}

// Choose gives the release of a tag: the one that is published, else the oldest
// draft. others is how many drafts of that tag there are beside it.
func Choose(all []release.Release, tag string) (chosen release.Release, found bool, others int) {
	mine := slices.DeleteFunc(slices.Clone(all), func(r release.Release) bool { return r.Tag != tag })
	if len(mine) == 0 {
		return chosen, false, 0
	}
	// Ids grow: the oldest is the one that an earlier try has filled.
	slices.SortFunc(mine, func(a, b release.Release) int {
		if a.Draft != b.Draft {
			if b.Draft {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return mine[0], true, len(mine) - 1
}

// Plan is what is to be done with each file.
type Plan struct {
	// Send are those that are not there, in the order that they are sent in.
	Send []File
	// There are those that are there with the same digest.
	There []File
}

// Decide compares the files with the assets that a release has; assets of other
// names are others'. One without a digest is not known to have the same bytes.
// The tarball is sent last. Codes, all refused: asset-exists (an asset of that
// name has other bytes), release-immutable (files are missing, and the release
// cannot be changed).
func Decide(r release.Release, assets []release.Asset, files []File) (Plan, error) {
	var p Plan
	for _, f := range files {
		i := slices.IndexFunc(assets, func(a release.Asset) bool { return a.Name == f.Name && a.Uploaded })
		switch {
		case i < 0:
			p.Send = append(p.Send, f)
		case assets[i].Size == f.Size && assets[i].SHA256 == f.SHA256:
			p.There = append(p.There, f)
		default:
			return Plan{}, fault.New(fault.Refused, "asset-exists", "publishing %s to the release %s: it is there with other bytes", f.Name, r.Tag).
				WithHint("nothing is overwritten: name another release (-release=TAG), or delete that asset by hand if it is not needed")
		}
	}
	if len(p.Send) > 0 && r.Immutable {
		return Plan{}, fault.New(fault.Refused, "release-immutable", "publishing to the release %s: it is immutable, and lacks %s", r.Tag, p.Send[0].Name).
			WithHint("name another release: -release=TAG")
	}
	slices.SortStableFunc(p.Send, func(a, b File) int { return cmp.Compare(last(a), last(b)) })
	return p, nil
}

// last ranks the tarball behind what tells of it.
func last(f File) int {
	if strings.HasSuffix(f.Name, ".tgz") {
		return 1
	}
	return 0
}
