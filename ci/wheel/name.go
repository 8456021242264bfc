package wheel

import (
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// maxFileName is what file systems take, in bytes.
const maxFileName = 255

// Name is what a wheel's file name says (PEP 427, "File name convention").
type Name struct {
	// Project is the normalised project name (PEP 503): "charset-normalizer".
	Project string
	// Version as spelled in the file name: "1.26.4", "2.1.0+cpu".
	Version string
	// Build is the build tag; empty for none.
	Build string
	// Python, ABI and Platform are the compressed tag sets, split at dots and
	// in lower case, as installers compare them.
	Python, ABI, Platform []string
}

// ParseName parses a wheel's file name, "numpy-1.26.4-cp311-cp311-x.whl".
// It refuses folders, what is not ASCII, versions that are not PEP 440 and
// parts that are not escaped. Errors carry the code "bad-file-name".
func ParseName(file string) (Name, error) {
	n, reason := parseName(file)
	if reason != "" {
		if len(file) > maxFileName {
			file = file[:maxFileName]
		}
		return Name{}, fault.New(fault.Refused, "bad-file-name", "reading the file name %q: %s", file, reason)
	}
	return n, nil
}

// parseName gives the name, or the reason why it is none.
func parseName(file string) (Name, string) {
	if len(file) > maxFileName {
		return Name{}, "longer than 255 bytes"
	}
	stem, ok := strings.CutSuffix(file, ".whl")
	if !ok {
		return Name{}, "does not end with .whl"
	}
	parts := strings.Split(stem, "-")
	if len(parts) != 5 && len(parts) != 6 {
		return Name{}, "has not five or six parts between hyphens"
	}
	n := Name{Version: parts[1]}
	if len(parts) == 6 {
		n.Build = parts[2]
		if !isBuild(n.Build) {
			return Name{}, "the build tag does not start with a digit or holds other characters than letters, digits, _ and dots"
		}
	}
	if !validProject(parts[0]) || strings.Contains(parts[0], "__") {
		return Name{}, "the project's name is empty or not escaped"
	}
	n.Project = Normalize(parts[0])
	if _, ok := parseVersion(n.Version); !ok {
		return Name{}, "the version is not one of PEP 440"
	}
	tags := parts[len(parts)-3:]
	sets := [3][]string{}
	for i, set := range tags {
		sets[i] = strings.Split(strings.ToLower(set), ".")
		for _, tag := range sets[i] {
			if !isTag(tag) {
				return Name{}, "a tag is empty or holds other characters than letters, digits and _"
			}
		}
	}
	n.Python, n.ABI, n.Platform = sets[0], sets[1], sets[2]
	return n, ""
}

// Tags gives every tag of the name, "cp311-cp311-manylinux_2_17_x86_64".
func (n Name) Tags() []string {
	tags := make([]string, 0, len(n.Python)*len(n.ABI)*len(n.Platform))
	for _, python := range n.Python {
		for _, abi := range n.ABI {
			for _, platform := range n.Platform {
				tags = append(tags, python+"-"+abi+"-"+platform)
			}
		}
	}
	return tags
}

// Normalize gives a project's name as PEP 503 has it: lower case, runs of
// "-", "_" and "." as one "-". What is not ASCII is left as it is.
func Normalize(project string) string {
	out := make([]byte, 0, len(project))
	inRun := false
	for i := range len(project) {
		c := project[i]
		if c == '-' || c == '_' || c == '.' {
			if !inRun {
				out = append(out, '-')
			}
			inRun = true
			continue
		}
		inRun = false
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return string(out)
}

// validProject tells whether a text is a project's name after the core
// metadata specification, less the hyphen: letters, digits, dots and
// underscores, the first and last a letter or digit.
func validProject(name string) bool {
	return name != "" && isAlnum(name[0]) && isAlnum(name[len(name)-1]) && only(name, "._")
}

func isBuild(s string) bool { return s != "" && '0' <= s[0] && s[0] <= '9' && only(s, "._") }

func isTag(s string) bool { return s != "" && only(s, "_") }

// only tells whether s holds nothing but ASCII letters, digits and others.
func only(s, others string) bool {
	for i := range len(s) {
		if !isAlnum(s[i]) && strings.IndexByte(others, s[i]) < 0 {
			return false
		}
	}
	return true
}

func isAlnum(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
