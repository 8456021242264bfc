package targets

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions"
	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
)

// TestValidTag: a tag is a name that git takes, and no option of anybody's.
func TestValidTag(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]bool{
		"v1": true, "python/v1.0": true, "a+b_c-d": true, "wheelhouse-3.11-20260102-41": true, strings.Repeat("a", maxTag): true,
		"": false, "-v": false, ".v": false, "a..b": false, "a.": false, "a.lock": false, "a.lock/b": false, "a/": false, "/a": false,
		"a//b": false, "a/.b": false, "a b": false, "a~1": false, "a:b": false, "ä": false, "a\n": false, strings.Repeat("a", maxTag+1): false,
	} {
		if validTag(tag) != want {
			t.Errorf("%.20q: %v", tag, !want)
		}
	}
}

// TestTagged: a tag is made at a commit of that repository, by its whole id.
func TestTagged(t *testing.T) {
	t.Parallel()
	whole := strings.Repeat("0a", 20)
	for _, test := range []struct{ repository, commit, want string }{
		{"o/r", whole, whole}, {"O/R", strings.Repeat("b", 64), strings.Repeat("b", 64)},
		{"o/fork", whole, ""}, {"", whole, ""}, {"o/r", "main", ""}, {"o/r", whole[:12], ""}, {"o/r", whole + "0", ""}, {"o/r", "", ""},
	} {
		got := tagged(meta.Record{Repository: test.repository, GitCommit: test.commit}, actions.Repository{Host: "hub.example.org", Owner: "o", Name: "r"})
		if got != test.want {
			t.Errorf("%s at %s: %q", test.repository, test.commit, got)
		}
	}
}

// TestAsChecked: a store gets the files that were checked, as they were.
func TestAsChecked(t *testing.T) {
	t.Parallel()
	sum := func(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }
	k := kept{Wheelhouse: entry.Wheelhouse{Tarball: "w.tgz"}}
	k.checked = map[string]string{"w.tgz": sum("tarball"), "w.tgz.meta": sum("meta"), "w.tgz.asc": "", "w.tgz.verdict.json": ""}
	for name, test := range map[string]struct {
		tarball string
		files   string // NAME=TEXT
		want    string // names; empty: changed-meanwhile
	}{
		"all":                {"tarball", "w.tgz.meta=meta requirements/x.txt=x", "w.tgz.meta requirements/x.txt"},
		"one not checked":    {"tarball", "w.tgz.meta=meta w.tgz.verdict.json={}", "w.tgz.meta"},
		"another record":     {"tarball", "w.tgz.meta=META", ""},
		"another tarball":    {"TARBALL", "w.tgz.meta=meta", ""},
		"the record is gone": {"tarball", "w.tgz.asc=x", ""},
	} {
		var files []archive.File
		for _, f := range strings.Fields(test.files) {
			path, text, _ := strings.Cut(f, "=")
			files = append(files, archive.File{Path: path, Data: []byte(text)})
		}
		if all, err := (kept{}).asChecked(files, "x"); err != nil || len(all) != len(files) {
			t.Errorf("%s, nothing checked: %v, %v", name, all, err)
		}
		got, err := k.asChecked(files, sum(test.tarball))
		var names []string
		for _, f := range got {
			names = append(names, f.Path)
		}
		if strings.Join(names, " ") != test.want || test.want == "" && fault.Code(err) != "changed-meanwhile" {
			t.Errorf("%s: %v, %v", name, names, err)
		}
	}
}
