package meta

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// Needs gives the platform and abi that the wheels need, from their names:
// "manylinux_2_28_x86_64" and "cp311".
//
// The platform is the highest that any wheel asks for; a wheel with several
// tags asks for the lowest of them. The names manylinux1, 2010 and 2014 are
// written as manylinux_2_5, _2_12 and _2_17 (PEP 600). Wheels that no single
// machine serves, or whose tags cannot be ordered, give several, sorted, with
// commas between: "linux_x86_64,manylinux_2_28_x86_64". A wheel that fits
// several kinds (universal2, or manylinux and musllinux at once) counts for
// those that other wheels ask for already, else for its first. When every
// wheel fits anywhere it is "any".
//
// The abi names the interpreters' own ABIs that wheels ask for, sorted, with
// commas between; without such it is "abi3" when a wheel asks for that, else
// "none". Names that are not those of wheels are passed over.
func Needs(wheels []string) (platform, abi string) {
	platforms := map[kind]version{}
	var several [][]need
	abis := map[string]bool{}
	for _, file := range slices.Sorted(slices.Values(wheels)) {
		name, err := wheel.ParseName(file)
		if err != nil {
			continue
		}
		abis[lowestABI(name.ABI)] = true
		switch needs := alternatives(name.Platform); len(needs) {
		case 0:
		case 1:
			raise(platforms, needs[0])
		default:
			several = append(several, needs)
		}
	}
	for _, needs := range several {
		settle(platforms, needs)
	}
	return joinPlatforms(platforms), joinABIs(abis)
}

// kind is a family of platforms that are ordered by version: manylinux on
// x86_64. Platforms without versions are a kind each, with an empty arch.
type kind struct{ family, arch string }

type version struct{ major, minor int }

func (v version) less(o version) bool {
	return v.major < o.major || v.major == o.major && v.minor < o.minor
}

type need struct {
	kind
	version
}

// alternatives gives what one wheel asks for: any one of the needs serves it.
// None means that it fits anywhere.
func alternatives(tags []string) []need {
	var needs []need
	for _, tag := range tags {
		if tag == "any" {
			return nil
		}
		n := parsePlatform(tag)
		same := slices.IndexFunc(needs, func(o need) bool { return o.kind == n.kind })
		switch {
		case same < 0:
			needs = append(needs, n)
		case n.less(needs[same].version):
			needs[same].version = n.version
		}
	}
	for _, n := range needs {
		if n.family == "macosx" && n.arch == "universal2" {
			needs = append(needs,
				need{kind{"macosx", "arm64"}, n.version}, need{kind{"macosx", "x86_64"}, n.version})
		}
	}
	return needs
}

// parsePlatform reads "manylinux_2_17_x86_64", "manylinux2014_x86_64",
// "macosx_11_0_arm64"; other tags are kinds of their own.
func parsePlatform(tag string) need {
	legacy := map[string]version{"manylinux1": {2, 5}, "manylinux2010": {2, 12}, "manylinux2014": {2, 17}}
	family, rest, _ := strings.Cut(tag, "_")
	if v, ok := legacy[family]; ok && rest != "" {
		return need{kind{"manylinux", rest}, v}
	}
	if family == "manylinux" || family == "musllinux" || family == "macosx" {
		if parts := strings.SplitN(rest, "_", 3); len(parts) == 3 {
			major, err1 := strconv.Atoi(parts[0])
			minor, err2 := strconv.Atoi(parts[1])
			if err1 == nil && err2 == nil {
				return need{kind{family, parts[2]}, version{major, minor}}
			}
		}
	}
	return need{kind: kind{family: tag}}
}

func raise(platforms map[kind]version, n need) {
	if old, ok := platforms[n.kind]; !ok || old.less(n.version) {
		platforms[n.kind] = n.version
	}
}

// settle counts a wheel that several kinds serve.
func settle(platforms map[kind]version, needs []need) {
	served := false
	for _, n := range needs {
		if _, ok := platforms[n.kind]; ok {
			raise(platforms, n)
			served = true
		}
	}
	if !served {
		raise(platforms, needs[0])
	}
}

func joinPlatforms(platforms map[kind]version) string {
	if len(platforms) == 0 {
		return "any"
	}
	var tags []string
	for k, v := range platforms {
		tag := k.family
		if k.arch != "" {
			tag += "_" + strconv.Itoa(v.major) + "_" + strconv.Itoa(v.minor) + "_" + k.arch
		}
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	return strings.Join(tags, ",")
}

// lowestABI gives the least that a wheel's ABI tags ask for.
func lowestABI(tags []string) string {
	for _, least := range []string{"none", "abi3"} {
		if slices.Contains(tags, least) {
			return least
		}
	}
	return tags[0]
}

func joinABIs(abis map[string]bool) string {
	stable := abis["abi3"]
	delete(abis, "none")
	delete(abis, "abi3")
	switch {
	case len(abis) > 0:
		return strings.Join(slices.Sorted(maps.Keys(abis)), ",")
	case stable:
		return "abi3"
	}
	return "none"
}
