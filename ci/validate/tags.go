package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// tagList is an interpreter's tags, most specific first, split into python,
// abi and platform. A wheel is held against them tag by tag, instead of
// multiplying its compressed sets out: a file name may name many thousands.
type tagList [][3]string

// The parts of a tag.
const (
	pythonPart = iota
	abiPart
	platformPart
)

func newTagList(tags []string) tagList {
	var list tagList
	for _, tag := range tags {
		if parts := strings.SplitN(strings.ToLower(tag), "-", 3); len(parts) == 3 {
			list = append(list, [3]string(parts))
		}
	}
	return list
}

// rank gives the place of the first tag that the wheel has, which is the
// installer's preference: less is better. ok is false when it has none.
func (l tagList) rank(n wheel.Name) (rank int, ok bool) {
	pythons, abis, platforms := set(n.Python), set(n.ABI), set(n.Platform)
	for i, tag := range l {
		if pythons[tag[0]] && abis[tag[1]] && platforms[tag[2]] {
			return i, true
		}
	}
	return len(l), false
}

func set(texts []string) map[string]bool {
	in := make(map[string]bool, len(texts))
	for _, t := range texts {
		in[t] = true
	}
	return in
}

// mismatch is the finding for a wheel that has none of the tags.
func (l tagList) mismatch(file string, n wheel.Name, interpreter string, severity finding.Severity) finding.Finding {
	failing, nearest := l.failing(n)
	var what []string
	for _, part := range failing {
		what = append(what, [3]string{"Python ", "ABI ", "platform "}[part]+strings.Join(parts(n)[part], "."))
	}
	message := fmt.Sprintf("%s does not take its %s", interpreter, strings.Join(what, " and "))
	if reason := l.reason(n, failing); reason != "" {
		message += ": " + reason
	}
	if nearest != "" {
		message += "; the nearest tag that it takes is " + nearest
	}
	return finding.Finding{
		Code: "tag-mismatch", Severity: severity, Subject: file, Message: message,
		Hint: "build the wheelhouse with this interpreter on this kind of machine, or choose the interpreter that it was built for",
	}
}

// parts gives a name's tag sets in the order of a tag.
func parts(n wheel.Name) [3][]string { return [3][]string{n.Python, n.ABI, n.Platform} }

// failing says which parts of a wheel's tags keep it from being installed:
// those that none of the interpreter's tags has; where each part is in some
// tag, but never together, those in which the nearest tag differs.
func (l tagList) failing(n wheel.Name) (failing []int, nearest string) {
	sets := [3]map[string]bool{}
	for part, texts := range parts(n) {
		sets[part] = set(texts)
	}
	var met [3]bool
	best, score := [3]string{}, -1
	platforms := map[string]int{}
	for _, tag := range l {
		for part, text := range tag {
			met[part] = met[part] || sets[part][text]
		}
		near, known := platforms[tag[platformPart]]
		if !known {
			near = nearness(n.Platform, tag[platformPart])
			platforms[tag[platformPart]] = near
		}
		// The platform counts most, then the ABI: a wheel of that sort is what
		// somebody would look for.
		if sets[abiPart][tag[abiPart]] {
			near += 2
			if sets[pythonPart][tag[pythonPart]] {
				near++
			}
		}
		if near > score {
			best, score = tag, near
		}
	}
	for part := range met {
		if !met[part] {
			failing = append(failing, part)
		}
	}
	if score < 0 {
		return failing, "" // there are no tags
	}
	if len(failing) == 0 {
		for part, text := range best {
			if !sets[part][text] {
				failing = append(failing, part)
			}
		}
	}
	return failing, strings.Join(best[:], "-")
}

// nearness tells how near a platform is to those of a wheel: 16 for one of
// them, less for one of the same kind and machine, kind alone, machine alone.
func nearness(platforms []string, platform string) int {
	kind, machine := splitPlatform(platform)
	near := 0
	for _, p := range platforms {
		k, m := splitPlatform(p)
		switch {
		case p == platform:
			return 16
		case k == kind && m == machine:
			near = max(near, 12)
		case k == kind:
			near = max(near, 8)
		case m == machine && m != "":
			near = max(near, 4)
		}
	}
	return near
}

// splitPlatform gives what stands before and after a platform tag's version:
// "manylinux" and "x86_64" of manylinux_2_17_x86_64 and of manylinux2014_x86_64.
func splitPlatform(platform string) (kind, machine string) {
	end := strings.IndexAny(platform, "_0123456789")
	if end < 0 {
		return platform, ""
	}
	return platform[:end], strings.TrimLeft(platform[end:], "_0123456789")
}

// reason says in people's words why the failing parts fail; "" where the tags
// say it all.
func (l tagList) reason(n wheel.Name, failing []int) string {
	if len(l) == 0 {
		return ""
	}
	for _, part := range failing {
		reason := ""
		switch part {
		case pythonPart:
			reason = l.pythonReason(n)
		case abiPart:
			reason = l.abiReason(n)
		case platformPart:
			reason = l.platformReason(n)
		}
		if reason != "" {
			return reason
		}
	}
	return ""
}

func (l tagList) pythonReason(n wheel.Name) string {
	stable := slices.Contains(n.ABI, "abi3") || slices.Contains(n.ABI, "abi3t") || slices.Contains(n.ABI, "none")
	mine, ok := l.python()
	if minor, is := minorOf(n.Python[0]); is && ok && stable && len(n.Python) == 1 && minor > mine {
		return fmt.Sprintf("it is for Python 3.%d and later", minor)
	}
	return ""
}

// python gives the minor version of the first tag, which is the interpreter's own.
func (l tagList) python() (minor int, ok bool) {
	return minorOf(l[0][pythonPart])
}

// minorOf gives 11 for cp311 and py311; false for what names no minor version
// of Python 3.
func minorOf(python string) (minor int, ok bool) {
	for _, prefix := range []string{"cp3", "py3"} {
		if rest, found := strings.CutPrefix(python, prefix); found && rest != "" && len(rest) < 4 {
			_, err := fmt.Sscanf(rest, "%d", &minor)
			return minor, err == nil
		}
	}
	return 0, false
}

func (l tagList) abiReason(n wheel.Name) string {
	free := isFreeThreaded(l[0][abiPart])
	switch wants := slices.ContainsFunc(n.ABI, isFreeThreaded); {
	case wants && !free:
		return "it is for free-threaded Python"
	case free && !wants && !slices.Contains(n.ABI, "none"):
		return "it needs the GIL, and this Python is free-threaded"
	}
	return ""
}

// isFreeThreaded tells whether an ABI is that of a Python without the GIL:
// cp313t, abi3t.
func isFreeThreaded(abi string) bool {
	rest, ok := strings.CutSuffix(abi, "t")
	return ok && (rest == "abi3" || strings.HasPrefix(rest, "cp3") && strings.Trim(rest, "cp0123456789") == "")
}

func (l tagList) platformReason(n wheel.Name) string {
	var mine glibc
	musl, system, machine := false, false, false
	for _, tag := range l {
		kind, on := splitPlatform(tag[platformPart])
		if g, ok := manylinux(tag[platformPart]); ok && g.compare(mine) > 0 {
			mine = g
		}
		musl = musl || kind == "musllinux"
		for _, p := range n.Platform {
			k, m := splitPlatform(p)
			system, machine = system || systemOf(k) == systemOf(kind), machine || m == on
		}
	}
	asks, many := floor(n)
	forMusl := slices.ContainsFunc(n.Platform, func(p string) bool { return strings.HasPrefix(p, "musllinux") })
	switch none := (glibc{}); {
	case !system:
		return "it is for another system"
	case !machine:
		return "it is for another machine"
	case many && mine != none && asks.compare(mine) > 0:
		return fmt.Sprintf("it needs glibc %s, and here is %s", asks, mine)
	case many && musl:
		return "it needs glibc, and this Python is for musl"
	case forMusl && mine != none:
		return "it needs musl, and this Python is for glibc"
	}
	return ""
}

// systemOf gives the operating system of a kind of platform.
func systemOf(kind string) string {
	if kind == "manylinux" || kind == "musllinux" {
		return "linux"
	}
	return kind
}
