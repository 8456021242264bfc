package validate

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// What may stand in the derived requirements file. A wheel's METADATA is
// somebody else's text: a version with a line break in it would be an option
// for the installer.
var (
	plainVersion = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.!+_-]*$`)
	plainName    = regexp.MustCompile(`^[0-9a-z]([0-9a-z-]*[0-9a-z])?$`)
	plainSum     = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// derive gives the requirements file that is installed: a line for each wheel
// reached, with its extras, version and own sha256.
//
// An extra that some wheel asks for in another spelling ("lib[Foo_Bar]") is left
// out: pip before 23.3 breaks on one extra in two spellings, and what the extra
// needs has lines of its own.
func derive(reached []Reached, metadata map[string]wheel.Metadata, sums map[string]string) (string, error) {
	var b strings.Builder
	odd := spelledOtherwise(reached, metadata)
	for _, r := range reached {
		name, err := wheel.ParseName(r.File)
		if err != nil {
			return "", err
		}
		version, sum := metadata[r.File].Version, sums[r.File]
		plain := plainName.MatchString(name.Project) && plainVersion.MatchString(version) && plainSum.MatchString(sum)
		var extras []string
		for _, extra := range r.Extras {
			plain = plain && plainName.MatchString(extra)
			if !odd[[2]string{name.Project, extra}] {
				extras = append(extras, extra)
			}
		}
		if !plain {
			return "", fmt.Errorf("deriving requirements: %q is no plain name, version, extras and sha256", r.File)
		}
		b.WriteString(name.Project)
		if len(extras) > 0 {
			fmt.Fprintf(&b, "[%s]", strings.Join(extras, ","))
		}
		fmt.Fprintf(&b, "==%s --hash=sha256:%s\n", version, sum)
	}
	return b.String(), nil
}

// withExtras matches a requirement's name and its extras as they are spelled.
var withExtras = regexp.MustCompile(`^[ \t]*([0-9A-Za-z][0-9A-Za-z._-]*)[ \t]*\[([^]]*)\]`)

// spelledOtherwise gives the pairs of project and extra, both normalised, where
// a wheel reached asks for the extra in a spelling that is not normalised.
func spelledOtherwise(reached []Reached, metadata map[string]wheel.Metadata) map[[2]string]bool {
	odd := map[[2]string]bool{}
	for _, r := range reached {
		for _, text := range metadata[r.File].RequiresDist {
			parts := withExtras.FindStringSubmatch(text)
			if parts == nil {
				continue
			}
			for extra := range strings.SplitSeq(parts[2], ",") {
				extra = strings.TrimSpace(extra)
				if normal := wheel.Normalize(extra); normal != extra {
					odd[[2]string{wheel.Normalize(parts[1]), normal}] = true
				}
			}
		}
	}
	return odd
}

// short gives the first twelve digits of a hash, which are enough to tell two
// apart by eye.
func short(sum string) string {
	return sum[:min(len(sum), 12)]
}

// megabytes gives a size as "27.9 MB".
func megabytes(size int64) string {
	return fmt.Sprintf("%.1f MB", float64(size)/1e6)
}

// count gives "1 wheel", "13 wheels".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}
