package validate

import (
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

func TestDuplicates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"none", []string{"a-1-py3-none-any.whl", "b-1-py3-none-any.whl"}, ""},
		{"two versions", []string{"a_b-1-py3-none-any.whl", "A.B-2-py3-none-any.whl"}, "FAIL duplicate-project a-b"},
		{"one version spelled twice", []string{"a-1-py3-none-any.whl", "a-1.0-py2-none-any.whl"}, "WARN duplicate-project a"},
		{"two platforms and another version", []string{"a-1-py3-none-any.whl", "a-1-py2-none-any.whl", "a-1.1-py2-none-any.whl"}, "FAIL duplicate-project a"},
		{"not a wheel", []string{"a-1-py3-none-any.whl", "a.whl"}, ""},
	} {
		if got := brief(Duplicates(c.files)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestCritical(t *testing.T) {
	t.Parallel()
	files := []string{"Pillow-10.0-py3-none-any.whl"}
	for _, c := range []struct{ text, want string }{
		{"pillow", ""},
		{"Pillow[xmp]>=99", ""}, // Closure judges versions and extras
		{"numpy", "FAIL critical-missing numpy"},
		{"NumPy[x]>=1", "FAIL critical-missing numpy"},
		{`numpy; os_name == "other"`, ""}, // Closure judges markers
	} {
		r, err := requirements.ParseRequirement(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := brief(Critical([]requirements.Requirement{r}, files)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	const pure, linux = "foo_bar-1.0-py3-none-any.whl", "foo_bar-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
	both := []string{"cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64"}
	for _, c := range []struct {
		file, name, version, folder string
		tags                        []string
		says                        string // empty: nothing is wrong
	}{
		{file: pure, name: "Foo.Bar", version: "1.0.0", folder: "Foo.Bar-1.0.dist-info", tags: []string{"py3-none-any"}},
		{file: pure, name: "Foo.Bar", version: "1.0"}, // unread: another rule's
		{file: pure, name: "foo", version: "1.0", says: `METADATA says "foo"`},
		{file: pure, name: "foo-bar", version: "1.1", says: `version "1.1"`},
		{file: pure, name: "foo-bar", version: "1.0 ", says: `version "1.0 "`},
		{file: pure, name: "foo-bar", version: "1.0", folder: "foo-1.0.dist-info", says: `lies in "foo-1.0.dist-info"`},
		{file: pure, name: "foo-bar", version: "1.0", tags: []string{}, says: "no tags"},
		{file: pure, name: "foo-bar", version: "1.0", tags: []string{"py2-none-any"}, says: `"py2-none-any", which the name has not`},
		{file: pure, name: "foo-bar", version: "1.0", tags: []string{"py2.py3-none-any"}, says: "which the name has not"},
		{file: pure, name: "foo-bar", version: "1.0", tags: []string{"any"}, says: "which is none"},
		{file: linux, name: "foo-bar", version: "1.0", tags: both},
		{file: linux, name: "foo-bar", version: "1.0", tags: []string{"CP311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64"}},
		{file: linux, name: "foo-bar", version: "1.0", tags: both[:1]}, // two names for one
		{file: "foo_bar-1.0-py2.py3-none-any.whl", name: "foo-bar", version: "1.0", tags: []string{"py3-none-any"}, says: "1 tag that its WHEEL has not"},
		{file: linux, name: "foo-bar", version: "1.0", tags: append(both[:2:2], "cp311-cp311-linux_x86_64"), says: "linux_x86_64"},
		{file: pure, name: "foo-bar", version: "1.0", tags: slices.Repeat([]string{strings.Repeat("py3.", 900) + "py3-" + strings.Repeat("none.", 900) + "none-any"}, 2), says: "more than"},
		{file: pure, name: "foo-bar", version: "1.0", tags: []string{strings.Repeat("py3.", mostTags) + "py3-none-any"}, says: "more than"},
		{file: "foo.whl", name: "foo", version: "1"}, // another rule's
	} {
		found := names(map[string]wheel.Contents{c.file: {Metadata: wheel.Metadata{Name: c.name, Version: c.version}, Folder: c.folder, Tags: c.tags}})
		want := ""
		if c.says != "" {
			want = "FAIL name-mismatch " + c.file
		}
		if brief(found) != want || want != "" && !strings.Contains(found[0].Message, c.says) {
			t.Errorf("%s %q: got %v, want %q", c.name, c.version, found, c.says)
		}
	}
}

func TestHashes(t *testing.T) {
	t.Parallel()
	const file = "demo-1.0-py3-none-any.whl"
	own, sdist, other := strings.Repeat("a", 64), strings.Repeat("b", 64), strings.Repeat("c", 64)
	built := &lock.Sdist{File: "demo-1.0.tar.gz", SHA256: sdist}
	for _, c := range []struct {
		name string
		list string
		lock *lock.Wheel
		want string
	}{
		{"no hashes", "", nil, ""},
		{"its own", own, nil, ""},
		{"its own, from an index", own, &lock.Wheel{URL: "https://example.org/x"}, ""},
		{"another, no lock", other, nil, "FAIL hash-not-listed " + file},
		{"another, from an index", other, &lock.Wheel{URL: "https://example.org/x"}, "FAIL hash-not-listed " + file},
		{"another, of unknown origin", other, &lock.Wheel{}, "FAIL hash-not-listed " + file},
		{"the sdist's", sdist, &lock.Wheel{Sdist: built}, ""},
		{"another sdist's", other, &lock.Wheel{Sdist: built}, "FAIL hash-not-listed " + file},
		{"the sdist's, no lock", sdist, nil, "FAIL hash-not-listed " + file},
		{"the sdist's, but the lock is of other bytes", sdist, &lock.Wheel{Sdist: built, SHA256: other}, "FAIL hash-not-listed " + file},
	} {
		text := "demo"
		if c.list != "" {
			text += " --hash=sha256:" + c.list
		}
		w := world(t, wheels{file: {}}, text)
		var l *lock.Lock
		if c.lock != nil {
			c.lock.File = file
			if c.lock.SHA256 == "" {
				c.lock.SHA256 = own
			}
			l = &lock.Lock{Wheels: []lock.Wheel{*c.lock}}
		}
		reached, _ := Closure(w)
		if got := brief(hashes(w, reached, map[string]string{file: own}, l)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHashesOfOtherRoots(t *testing.T) {
	t.Parallel()
	const file = "demo-1.0-py3-none-any.whl"
	own, other := strings.Repeat("a", 64), strings.Repeat("c", 64)
	for _, c := range []struct {
		name   string
		text   string
		change func(*Root)
		want   string
	}{
		{"sources by URL", "demo @ https://example.org/demo.zip", nil, ""},
		{"a wheel by URL", "demo @ https://example.org/" + file, nil, "FAIL hash-not-listed " + file},
		{"editable", "demo @ https://example.org/" + file, func(r *Root) { r.Editable = true }, ""},
		{"other algorithms", "demo", func(r *Root) { r.OtherHashes, r.SHA256 = true, nil }, "WARN hash-unchecked " + file},
		{"another platform's line", `demo; os_name == "other"`, nil, ""},
	} {
		w := world(t, wheels{file: {}}, c.text, "demo")
		w.Roots[0].SHA256 = []string{other}
		if c.change != nil {
			c.change(&w.Roots[0])
		}
		reached, _ := Closure(w)
		if got := brief(hashes(w, reached, map[string]string{file: own}, nil)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	w := world(t, wheels{file: {}}, "demo")
	w.Constraints = roots(t, "demo --hash=sha256:"+other)
	w.ask()
	reached, _ := Closure(w)
	if got := brief(hashes(w, reached, map[string]string{file: own}, nil)); got != "FAIL hash-not-listed "+file {
		t.Errorf("a constraint's hash: %q", got)
	}
}

func TestRootsOf(t *testing.T) {
	t.Parallel()
	parse := func(text string) requirements.Requirement { return roots(t, text)[0].Requirement }
	path := requirements.Requirement{URL: "./folder", File: "r.txt", Line: 7}
	o := Options{
		Requirements: &requirements.Set{Roots: []requirements.Requirement{parse("app"), path}, Constraints: []requirements.Requirement{parse("x<2")}},
		Packages:     []requirements.Requirement{parse("app>=1"), parse("absent")},
	}
	got, constraints, found := rootsOf(o, []string{"app-1.0-py3-none-any.whl"}, nil)
	if len(got) != 2 || got[1].Text() != "app>=1" || len(constraints) != 1 {
		t.Errorf("got %v, %v", got, constraints)
	}
	if got, want := brief(found), "WARN root-unnamed r.txt:7\nFAIL critical-missing absent"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTestRoot(t *testing.T) {
	t.Parallel()
	if root, found := testRoot([]string{"pytest-8.0-py3-none-any.whl"}, nil); root.Text() != "pytest" || found != nil {
		t.Errorf("got %v, %v", root, found)
	}
	if _, found := testRoot([]string{"pytest_mock-8.0-py3-none-any.whl"}, nil); brief(found) != "FAIL pytest-missing pytest" {
		t.Errorf("got %v", found)
	}
}

func TestIgnored(t *testing.T) {
	t.Parallel()
	set := &requirements.Set{Options: []requirements.Option{
		{Name: "--index-url", Value: "https://u:secret@example.org"}, {Name: "--find-links", Value: "x"}, {Name: "--index-url"},
	}}
	found := ignored(Options{Requirements: set, RequirementsFrom: "r.txt"})
	if brief(found) != "INFO option-ignored r.txt" || !strings.HasPrefix(found[0].Message, "--index-url, --find-links:") {
		t.Errorf("got %v", found)
	}
	if found := ignored(Options{Requirements: &requirements.Set{}}); found != nil {
		t.Errorf("got %v", found)
	}
}

func TestDiffer(t *testing.T) {
	t.Parallel()
	set := &requirements.Set{Hash: "aa", Inputs: "bb"}
	for _, c := range []struct {
		set    *requirements.Set
		record meta.Record
		want   string
	}{
		{set, meta.Record{RequirementsHash: "aa", RequirementsInputs: "bb"}, ""},
		{set, meta.Record{RequirementsHash: "aa"}, ""},
		{set, meta.Record{}, ""},
		{nil, meta.Record{RequirementsHash: "xx"}, ""},
		{set, meta.Record{RequirementsHash: "xx", RequirementsInputs: "bb"}, "WARN requirements-differ r"},
		{set, meta.Record{RequirementsHash: "aa", RequirementsInputs: "xx"}, "WARN requirements-differ r"},
	} {
		if got := brief(differ(Options{Requirements: c.set, RequirementsFrom: "r"}, c.record)); got != c.want {
			t.Errorf("%v: got %q, want %q", c.record, got, c.want)
		}
	}
}

func TestLockDiffers(t *testing.T) {
	t.Parallel()
	inv := &wheelhouse.Inventory{SHA256: "aa", Wheels: []wheelhouse.File{{Name: "a.whl", SHA256: "11"}}}
	for _, c := range []struct {
		name string
		lock lock.Lock
		same bool
	}{
		{"the same", lock.Lock{SHA256: "aa", Wheels: []lock.Wheel{{File: "a.whl", SHA256: "11"}}}, true},
		{"no tarball named", lock.Lock{Wheels: []lock.Wheel{{File: "a.whl", SHA256: "11"}}}, true},
		{"another tarball", lock.Lock{SHA256: "bb", Wheels: []lock.Wheel{{File: "a.whl", SHA256: "11"}}}, false},
		{"other bytes", lock.Lock{Wheels: []lock.Wheel{{File: "a.whl", SHA256: "22"}}}, false},
		{"a wheel less", lock.Lock{}, false},
		{"a wheel more", lock.Lock{Wheels: []lock.Wheel{{File: "a.whl", SHA256: "11"}, {File: "b.whl"}}}, false},
	} {
		if got := lockDiffers(c.lock, inv); (got == "") != c.same {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestUnfounded(t *testing.T) {
	t.Parallel()
	package1 := []requirements.Requirement{{Project: "a"}}
	for _, c := range []struct {
		o     Options
		roots int
		want  string
	}{
		{Options{Requirements: &requirements.Set{}}, 1, ""},
		{Options{Packages: package1}, 1, "WARN requirements-missing x.tgz"},
		{Options{Requirements: &requirements.Set{}, Packages: package1}, 0, ""}, // critical-missing tells
		{Options{Requirements: &requirements.Set{}}, 0, "FAIL no-roots x.tgz"},
	} {
		c.o.Tarball = "dist/x.tgz"
		if got := brief(unfounded(c.o, c.roots)); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestDerive(t *testing.T) {
	t.Parallel()
	const file = "foo_bar-1.0+cpu-py3-none-any.whl"
	sum := strings.Repeat("a", 64)
	for _, c := range []struct {
		name, version, sum string
		extras             []string
		want               string
	}{
		{"plain", "1.0+cpu", sum, nil, "foo-bar==1.0+cpu --hash=sha256:" + sum + "\n"},
		{"extras", "1.0+cpu", sum, []string{"a", "b-c"}, "foo-bar[a,b-c]==1.0+cpu --hash=sha256:" + sum + "\n"},
		{"an option in the version", "1.0\n--find-links=http://example.org", sum, nil, ""},
		{"a blank in the version", "1.0 --pre", sum, nil, ""},
		{"an extra out of its bracket", "1.0", sum, []string{"a]\n--pre"}, ""},
		{"no sum", "1.0", "", nil, ""},
	} {
		got, err := derive([]Reached{{File: file, Extras: c.extras}}, map[string]wheel.Metadata{file: {Version: c.version}}, map[string]string{file: c.sum})
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
}

// A package that is not there is not praised, whatever its marker.
func TestPackageNames(t *testing.T) {
	t.Parallel()
	got := packageNames(packages(t, "app>=1", "other; python_version > '3'"), []string{"app-1-py3-none-any.whl"})
	if got != "app>=1" {
		t.Errorf("got %q", got)
	}
}

// pip before 23.3 breaks on an extra in two spellings.
func TestDeriveSpelling(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("a", 64)
	reached := []Reached{{File: "app-1-py3-none-any.whl"}, {File: "lib_x-1-py3-none-any.whl", Extras: []string{"a-b", "c"}}}
	for asked, want := range map[string]string{
		"lib.x[a-b,c]":                "lib-x[a-b,c]==1",
		"Lib_X [ c,A.B ]>=1":          "lib-x[c]==1",
		"lib-x[C,a_b] ; extra == 'x'": "lib-x==1",
		"other[a_b]":                  "lib-x[a-b,c]==1",
	} {
		metadata := map[string]wheel.Metadata{
			reached[0].File: {Version: "1", RequiresDist: []string{asked}}, reached[1].File: {Version: "1"},
		}
		got, err := derive(reached, metadata, map[string]string{reached[0].File: sum, reached[1].File: sum})
		if _, line, _ := strings.Cut(got, "\n"); err != nil || line != want+" --hash=sha256:"+sum+"\n" {
			t.Errorf("%s: got %q, %v", asked, got, err)
		}
	}
}

func TestNotNeeded(t *testing.T) {
	t.Parallel()
	files := []wheelhouse.File{{Name: "a.whl"}, {Name: "b.whl"}}
	if found := unreached("x.tgz", files, []Reached{{File: "a.whl"}}); brief(found) != "INFO unreached x.tgz" || !strings.Contains(found[0].Message, "b.whl") {
		t.Errorf("got %v", found)
	}
	if found := unreached("x.tgz", files, []Reached{{File: "a.whl"}, {File: "b.whl"}}); found != nil {
		t.Errorf("got %v", found)
	}
}

func TestWeightPutsFailuresFirst(t *testing.T) {
	t.Parallel()
	if !(weight(finding.Finding{Severity: finding.Fail}) < weight(finding.Finding{Severity: finding.Warn})) {
		t.Error("a warning weighs more than a failure")
	}
}
