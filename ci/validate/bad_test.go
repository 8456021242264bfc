package validate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/finding"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheel"
)

// badWheels are a wheel for each way of being bad, and the one failure that
// each gives.
func badWheels() (members []wheeltest.Member, want []string) {
	add := func(file string, data []byte, codes ...string) {
		members = append(members, wheeltest.Member{Name: ".wheelhouse/" + file, Data: data})
		for _, code := range codes {
			want = append(want, code+" "+file)
		}
	}
	plain := func(w wheeltest.Wheel, code ...string) { add(w.FileName(), w.Bytes(), code...) }
	text := strings.Repeat("text", 100)
	plain(wheeltest.Wheel{Project: "good", Deflate: true}) // nothing is wrong with it
	add("no_zip-1.0-py3-none-any.whl", []byte("no zip"), "FAIL not-a-zip")
	plain(wheeltest.Wheel{Project: "slips", Files: map[string]string{"../slips.py": ""}}, "FAIL unsafe-member")
	plain(wheeltest.Wheel{Project: "absolute", Files: map[string]string{"/etc/absolute": ""}}, "FAIL unsafe-member")
	plain(wheeltest.Wheel{Project: "drive", Files: map[string]string{"C:/drive.py": ""}}, "FAIL unsafe-member")
	plain(wheeltest.Wheel{Project: "backslash", Files: map[string]string{`a\b.py`: ""}}, "FAIL unsafe-member")
	plain(wheeltest.Wheel{Project: "bomb", Deflate: true, Files: map[string]string{"bomb.bin": strings.Repeat("\x00", 2<<20)}}, "FAIL zip-bomb")
	plain(wheeltest.Wheel{Project: "version", Version: "one"}, "FAIL bad-file-name")
	add("another-1.0-py3-none-any.whl", wheeltest.Wheel{Project: "other-name"}.Bytes(), "FAIL name-mismatch")
	add("another_version-1.1-py3-none-any.whl", wheeltest.Wheel{Project: "another-version"}.Bytes(), "FAIL name-mismatch")
	add("another_tag-1.0-py2-none-any.whl", wheeltest.Wheel{Project: "another-tag"}.Bytes(), "FAIL name-mismatch", "WARN tag-mismatch")
	outside := wheeltest.Wheel{Project: "outside", Files: map[string]string{"inside1.py": text}}
	add(outside.FileName(), []byte(strings.Replace(string(outside.Bytes()), "inside1.py,", "../side.py,", 1)), "FAIL record-mismatch")
	changed := wheeltest.Wheel{Project: "changed", Files: map[string]string{"changed.py": text}}
	add(changed.FileName(), []byte(strings.Replace(string(changed.Bytes()), "texttext", "texxtext", 1)), "FAIL record-mismatch")
	renamed := wheeltest.Wheel{Project: "renamed"}.Bytes()
	add("renamed-1.0-py3-none-any.whl", []byte(strings.ReplaceAll(string(renamed), "dist-info/METADATA", "dist-info/metadata")), "FAIL metadata-missing", "FAIL record-mismatch")
	bare := wheeltest.Wheel{Project: "bare"}.Bytes()
	add("bare-1.0-py3-none-any.whl", []byte(strings.ReplaceAll(string(bare), "dist-info/WHEEL", "dist-info/wheel")), "FAIL wheel-missing", "FAIL record-mismatch")
	plain(wheeltest.Wheel{Project: "old", Tag: "cp27-cp27mu-linux_x86_64"}, "WARN not-portable", "WARN tag-mismatch")
	plain(wheeltest.Wheel{Project: "future", RequiresPython: ">=4"}, "WARN requires-python")
	return members, want
}

// Each bad wheel is told by what is wrong with it, once, and nothing is left.
func TestBadWheels(t *testing.T) {
	t.Parallel()
	members, want := badWheels()
	o := badHouse(t, members)
	o.Packages = packages(t, "good")
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		if f.Subject != r.Inventory.Name && f.Code != "meta-missing" {
			got = append(got, fmt.Sprintf("%s %s %s", f.Severity, f.Code, f.Subject))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if left, err := os.ReadDir(o.TempDir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

// What is wrong may be made a warning; what guards may not.
func TestBadWheelsWarned(t *testing.T) {
	t.Parallel()
	members, _ := badWheels()
	o := badHouse(t, members)
	o.Packages = packages(t, "good")
	o.Warn = append(finding.Downgradable(), "record-mismatch:changed")
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, f := range r.Findings {
		if f.Severity == finding.Fail {
			failed = append(failed, f.Code)
		}
	}
	if got, want := strings.Join(failed, " "), "unsafe-member unsafe-member zip-bomb unsafe-member unsafe-member"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Requirements of wheels that are wrong, or too many, end with a finding.
func TestBadRequirements(t *testing.T) {
	t.Parallel()
	wheelOf := func(w wheeltest.Wheel) wheeltest.Member {
		return wheeltest.Member{Name: ".wheelhouse/" + w.FileName(), Data: w.Bytes()}
	}
	thousand := wheeltest.Wheel{Project: "thousand"}
	for i := range 1000 {
		thousand.RequiresDist = append(thousand.RequiresDist, fmt.Sprintf("none%d>=1; python_version >= '3'", i))
	}
	app := wheeltest.Wheel{Project: "app", RequiresDist: []string{
		"first", "thousand", "wrong marker; python_version >", "marker; nothing == 'x'", "spec (>=1", "Lib[nte]", "sources<2", "lib>1", "far @ https://example.org/far.whl",
	}}
	members := []wheeltest.Member{
		wheelOf(app), wheelOf(thousand),
		wheelOf(wheeltest.Wheel{Project: "first", RequiresDist: []string{"second"}}),
		wheelOf(wheeltest.Wheel{Project: "second", RequiresDist: []string{"first", "app"}}), // a cycle
		wheelOf(wheeltest.Wheel{Project: "lib", ProvidesExtra: []string{"net"}}),
		{Name: ".wheelhouse/sources-1.0.tar.gz", Data: []byte("x")},
	}
	o := badHouse(t, members)
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	text := brief(r.Findings)
	for _, want := range []string{
		"FAIL bad-requires-dist app-1.0-py3-none-any.whl", "FAIL unknown-extra app -> lib[nte]", "FAIL sdist-only app -> sources<2",
		"FAIL missing-dependency app -> lib>1", "FAIL url-dependency app -> far", "FAIL missing-dependency app -> thousand -> none0>=1",
	} {
		if !strings.Contains(text+"\n", want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if n := strings.Count(text, "missing-dependency"); n != 1001 && len(r.Findings) <= mostFindings {
		t.Errorf("%d missing", n)
	}
	if n := strings.Count(text, "bad-requires-dist"); n != 3 {
		t.Errorf("%d requirements do not parse, want 3: %v", n, r.Findings[:5])
	}
}

// badHouse gives options for the rules alone over a tarball of these members.
func badHouse(t *testing.T, members []wheeltest.Member) Options {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wheelhouse-3.11.tgz")
	if err := os.WriteFile(path, wheeltest.Tarball(members...), 0o600); err != nil {
		t.Fatal(err)
	}
	return Options{
		Tarball: path, Python: pythonPath(t), Environ: os.Environ(), TempDir: t.TempDir(), Packages: packages(t, "app"),
		Static: true, WheelLimits: wheel.Limits{Bytes: 1 << 20},
	}
}
