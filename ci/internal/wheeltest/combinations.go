package wheeltest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Combination is wheels and what is asked of them: what pip and validate are to
// judge alike.
type Combination struct {
	// Name is unique: "tags/cp311-abi3-linux_x86_64".
	Name string
	// Wheels to make, and Files beside them (or over them) by their names:
	// source distributions, and what is no wheel.
	Wheels []Wheel
	Files  map[string][]byte
	// Requirements and Constraints are lines of such files. {FILE} in a line
	// stands for the sha256 of a file of that name.
	Requirements, Constraints []string
}

// Target is what combinations are made for.
type Target struct {
	Minor   int    // 11 of Python 3.11
	Machine string // "x86_64"
}

// Combinations gives what there is to judge, sorted by name: written-down cases,
// and some made from a fixed seed, the same ones every time. Whether pip takes one
// depends on nothing but its version, wherever t is a CPython of Linux with
// glibc from 2.17 to 2.98.
func Combinations(t Target) []Combination {
	var all []Combination
	for _, of := range []func(Target) []Combination{
		tagCombinations, pythonCombinations, versionCombinations, markerCombinations, extraCombinations,
		houseCombinations, brokenCombinations, hashCombinations, randomCombinations,
	} {
		all = append(all, of(t)...)
	}
	slices.SortFunc(all, func(a, b Combination) int { return strings.Compare(a.Name, b.Name) })
	return all
}

var placeholder = regexp.MustCompile(`\{[^{}]*\}`)

// Write writes the wheels and files into dir, which is there and empty, and
// gives the texts of the requirements and constraints.
func (c Combination) Write(dir string) (requirements, constraints string) {
	sums := map[string]string{}
	write := func(name string, data []byte) {
		sum := sha256.Sum256(data)
		sums["{"+name+"}"] = hex.EncodeToString(sum[:])
		must(os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	for _, w := range c.Wheels {
		write(w.FileName(), w.Bytes())
	}
	for name, data := range c.Files {
		write(name, data)
	}
	fill := func(lines []string) string {
		return placeholder.ReplaceAllStringFunc(strings.Join(lines, "\n")+"\n", func(name string) string {
			if sum, ok := sums[name]; ok {
				return sum
			}
			panic("wheeltest: no such file: " + name)
		})
	}
	return fill(c.Requirements), fill(c.Constraints)
}

// one is a combination of a single wheel that is asked for by name.
func one(kind, name string, w Wheel) Combination {
	return Combination{Name: kind + "/" + name, Wheels: []Wheel{w}, Requirements: []string{"lib"}}
}

func tagCombinations(t Target) []Combination {
	m := t.Machine
	mine, older, newer := fmt.Sprintf("cp3%d", t.Minor), fmt.Sprintf("cp3%d", t.Minor-1), fmt.Sprintf("cp3%d", t.Minor+1)
	full := func(text string) string {
		return strings.NewReplacer("MINE", mine, "OLDER", older, "NEWER", newer, "MACHINE", m).Replace(text)
	}
	var all []Combination
	for _, tag := range []string{
		"py3-none-any", "py2-none-any", "py2.py3-none-any", "py2.MINE-none-any", "MINE-none-any", "OLDER-none-any", "NEWER-none-any",
		fmt.Sprintf("py3%d-none-any", t.Minor), fmt.Sprintf("py3%d-none-any", t.Minor-1), fmt.Sprintf("py3%d-none-any", t.Minor+1),
		"MINE-MINE-manylinux_2_17_MACHINE", "MINE-MINE-manylinux2014_MACHINE", "MINE-MINE-manylinux_2_5_MACHINE", "MINE-MINE-manylinux1_MACHINE",
		"MINE-MINE-manylinux_2_99_MACHINE", "MINE-MINE-manylinux_2_99_MACHINE.manylinux_2_17_MACHINE", "MINE-MINE-manylinux_3_0_MACHINE",
		"MINE-MINE-linux_MACHINE", "MINE-MINE-linux_armv6l", "MINE-MINE-manylinux_2_17_s390x", "MINE-MINE-musllinux_1_2_MACHINE", "MINE-MINE-win_amd64", "MINE-MINE-win32",
		"MINE-MINE-macosx_11_0_arm64", "MINE-MINE-macosx_10_9_universal2", "MINE-MINE-any", "MINE-abi3-any",
		"OLDER-OLDER-manylinux_2_17_MACHINE", "NEWER-NEWER-manylinux_2_17_MACHINE", "MINE.NEWER-MINE.NEWER-linux_MACHINE",
		"OLDER-abi3-manylinux_2_17_MACHINE", "MINE-abi3-linux_MACHINE", "NEWER-abi3-manylinux_2_17_MACHINE", "cp32-abi3-linux_MACHINE", "cp36-abi3-win_amd64", "py3-abi3-linux_MACHINE",
		"MINE-MINEt-linux_MACHINE", "MINE-abi3t-linux_MACHINE", "MINE-abi3.abi3t-linux_MACHINE", "NEWER-NEWERt-linux_MACHINE",
		"MINE-none-linux_MACHINE", "py3-none-linux_MACHINE", "py3-none-manylinux_2_17_MACHINE", "py3-none-win_amd64", "OLDER-none-linux_MACHINE", "py2-none-linux_MACHINE",
		"pp310-pypy310_pp73-linux_MACHINE", "jy27-none-any", "cp3-none-any", "py30-none-any", "py4-none-any",
	} {
		all = append(all, one("tags", full(tag), Wheel{Project: "lib", Tag: full(tag)}))
	}
	for name, tags := range map[string][]string{
		"siblings, one fits": {"MINE-MINE-win_amd64", "MINE-MINE-linux_MACHINE", "py2-none-any"}, "siblings, none fits": {"MINE-MINE-win_amd64", "NEWER-NEWER-linux_MACHINE"},
		"siblings, both fit": {"MINE-MINE-linux_MACHINE", "py3-none-any"},
	} {
		c := Combination{Name: "tags/" + name, Requirements: []string{"lib"}}
		for _, tag := range tags {
			c.Wheels = append(c.Wheels, Wheel{Project: "lib", Tag: full(tag)})
		}
		all = append(all, c)
	}
	return append(all, Combination{
		Name: "tags/not asked for", Requirements: []string{"app"},
		Wheels: []Wheel{{Project: "app"}, {Project: "lib", Tag: "py2-none-any"}, {Project: "far", Tag: full("MINE-MINE-win_amd64")}},
	})
}

func pythonCombinations(t Target) []Combination {
	var all []Combination
	for _, text := range []string{
		">=3.6", "<3", ">=3.99", fmt.Sprintf("!=3.%d.*", t.Minor), fmt.Sprintf("~=3.%d", t.Minor), fmt.Sprintf("==3.%d", t.Minor), "==3.*", ">=2.7, !=3.0.*, !=3.1.*",
		">=3.x", ">=3.6,", "3", "", "<4.0dev", ">=3.6.dev0", "~=3.6", ">=3.6.*", ">3", fmt.Sprintf(">3.%d", t.Minor), "=>3.6",
	} {
		all = append(all, one("requires-python", text, Wheel{Project: "lib", RequiresPython: text}))
	}
	return append(all,
		Combination{
			Name: "requires-python/of a dependency", Requirements: []string{"app"},
			Wheels: []Wheel{{Project: "app", RequiresDist: []string{"lib"}}, {Project: "lib", RequiresPython: "<3"}},
		},
		Combination{
			Name: "requires-python/not asked for", Requirements: []string{"app"},
			Wheels: []Wheel{{Project: "app"}, {Project: "lib", RequiresPython: "<3"}},
		},
		Combination{
			Name: "requires-python/a sibling fits", Requirements: []string{"lib"},
			Wheels: []Wheel{{Project: "lib", RequiresPython: "<3", Build: "2"}, {Project: "lib", Build: "1"}},
		})
}

// versionCombinations hold each version against a specifier, of the user's and of
// another wheel's in turn.
func versionCombinations(Target) []Combination {
	var all []Combination
	for i, pair := range [][2]string{
		{"1.0", ">=1"}, {"1.0", "<1"}, {"1.0", "==1"}, {"1.0", "==1.0.0"}, {"1.0", "==1.*"}, {"1.1", "==1.0.*"}, {"1.0", "!=1.0"}, {"1.0", "!=1.0,>0"},
		{"1.5", "~=1.4"}, {"2.0", "~=1.4"}, {"1.4.9", "~=1.4.2"}, {"1.0", "===1.0"}, {"1.0", "===1.00"}, {"1.0", "(>=1)"}, {"1.0", ">= 1 , < 2"},
		{"2.0rc1", ""}, {"2.0rc1", ">=1.0"}, {"2.0rc1", "<2.0"}, {"2.0rc1", ">=2.0"}, {"2.0rc1", "<3"}, {"2.0rc1", "==2.0rc1"}, {"2.0rc1", "!=2.0"}, {"2.0rc1", "~=1.0"}, {"2.0rc1", "==2.*"},
		{"1.0.dev3", ">=1.0.dev1"}, {"1.0.dev3", ">0.9"}, {"1.0.post1", ">1.0"}, {"1.0.post1", "==1.0"}, {"1.0.post1", ">=1.0"}, {"1.0a1", "<1.0a2"},
		{"1.0+cpu", "==1.0"}, {"1.0+cpu", "==1.0+cpu"}, {"1.0+cpu", "==1.0+gpu"}, {"1.0+cpu", ">1.0"}, {"1.0+cpu", "<=1.0"}, {"1.0", "==1.0+cpu"}, {"1.0+cpu", "===1.0"},
		{"1!1.0", ">=5"}, {"1!1.0", "==1.0"}, {"1!1.0", "==1!1.0"}, {"5.0", ">=1!0"}, {"1.0", ">=1.0.*"}, {"1.0", ">>1"}, {"1.0", "==1.0.dev*"}, {"1.0", "=1.0"},
		{"2023.10.1", ">=2023"}, {"01.0", "==1.0"}, {"1.0.0.0.0.1", ">1"}, {"v1.0", "==1.0"}, {"1.0.rc.1", "==1.0rc1"},
	} {
		version, specifier := pair[0], pair[1]
		name := version + " for " + specifier
		if i%2 == 0 && !strings.Contains(specifier, "(") {
			all = append(all, Combination{
				Name: "versions/" + name, Wheels: []Wheel{{Project: "lib", Version: version}}, Requirements: []string{"lib" + specifier},
			})
			continue
		}
		all = append(all, Combination{
			Name: "versions/" + name + " of app", Requirements: []string{"app"},
			Wheels: []Wheel{{Project: "app", RequiresDist: []string{"lib" + specifier}}, {Project: "lib", Version: version}},
		})
	}
	return append(all, Combination{
		Name: "versions/two demands, one unmet", Requirements: []string{"app", "other"},
		Wheels: []Wheel{{Project: "app", RequiresDist: []string{"lib>=1"}}, {Project: "other", RequiresDist: []string{"lib<1"}}, {Project: "lib"}},
	}, Combination{
		Name: "versions/a prerelease for two", Requirements: []string{"app", "other"},
		Wheels: []Wheel{{Project: "app", RequiresDist: []string{"lib>=1"}}, {Project: "other", RequiresDist: []string{"lib"}}, {Project: "lib", Version: "2.0b1"}},
	})
}

func markerCombinations(t Target) []Combination {
	var all []Combination
	for _, marker := range []string{
		"python_version >= '3'", "python_version < '3'", fmt.Sprintf("python_version == '3.%d'", t.Minor), "python_version > '3.9'", "sys_platform == 'win32'", "sys_platform == 'linux'",
		"sys_platform == 'win32' or os_name == 'posix'", "(sys_platform == 'win32' or os_name == 'nt') and python_version > '3'", "platform_machine == '" + t.Machine + "'",
		"platform_system != 'Linux'", "implementation_name == 'cpython'", "platform_python_implementation == 'PyPy'", "'linux' in sys_platform", "sys_platform not in 'linux darwin'",
		"python_full_version >= '3.6.1'", "python_version in '2.7 3.5'", "extra == 'net'", "os.name == 'posix'", "python_implementation == 'CPython'", "platform_release >= '1'",
		"nothing == 'x'", "python_version >", "python_version >= 3", "", "python_version ~= '3.0'", "'3.6' < python_version", "sys_platform > 'a'", "python_version >= '3.6' and",
	} {
		all = append(all, Combination{
			Name: "markers/missing: " + marker, Requirements: []string{"app"},
			Wheels: []Wheel{{Project: "app", RequiresDist: []string{"lib; " + marker}, ProvidesExtra: []string{"net"}}},
		})
	}
	return append(all, Combination{
		Name: "markers/of a root, false", Requirements: []string{"app", "lib; sys_platform == 'win32'"}, Wheels: []Wheel{{Project: "app"}},
	}, Combination{
		Name: "markers/of a root, true", Requirements: []string{"app", "lib; sys_platform == 'linux'"}, Wheels: []Wheel{{Project: "app"}},
	})
}
