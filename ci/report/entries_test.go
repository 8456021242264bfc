package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
)

func someEntries() []entry.Entry {
	return []entry.Entry{
		{Run: "18884042880", Date: "20261122", Path: "docs/ci-archive/20261122-18884042880", Wheelhouses: []entry.Wheelhouse{
			{
				Tarball: "wheelhouse-3.11.tgz", Python: "3.11", Wheels: []string{"a-1-py3-none-any.whl", "b-1-py3-none-any.whl"},
				Size: 27_900_000, Commit: "0123456789abcdef0123456789abcdef01234567", Proven: true, State: entry.Full,
			},
			{Tarball: "wheelhouse-3.12.tgz", Python: "3.12", Size: 812, Wheels: []string{}, State: entry.RecordOnly},
		}},
		{Run: "pruned", Date: "20261101", Path: "docs/ci-archive/20261101-pruned", Wheelhouses: []entry.Wheelhouse{
			{Tarball: "wheelhouse-3.11.tgz", Size: 1, State: entry.Pointed, Pinned: true, Pointer: &entry.Pointer{Locations: []entry.Location{
				{URL: "s3://bucket/prefix", Method: entry.Rebuilt}, {URL: "file:.wheelhouse-store", Method: entry.Rebuilt, LocalOnly: true},
			}}},
		}},
		{Run: "x", Flat: true, Wheelhouses: []entry.Wheelhouse{{Size: -1, State: entry.Broken, Why: "no\nrecord \x1b[2J"}}},
	}
}

func TestEntries(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Entries(&b, someEntries()); err != nil {
		t.Fatal(err)
	}
	const want = `DATE      RUN          PYTHON  WHEELS  SIZE     COMMIT        PROVEN  STATE
20261122  18884042880  3.11    2       27.9 MB  0123456789ab  yes     full
20261122  18884042880  3.12    0       812 B    -             no      record only
20261101  pruned       -       -       1 B      -             no      pointer: s3://bucket/prefix, file:.wheelhouse-store (local only), pinned
-         x            -       -       -        -             no      "broken: no\nrecord \x1b[2J"
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
	b.Reset()
	if err := Entries(&b, nil); err != nil || b.Len() != 0 {
		t.Errorf("of no entries: %q, %v", b.String(), err)
	}
}

func TestEntriesJSON(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := EntriesJSON(&b, nil); err != nil || b.String() != "{\n  \"entries\": []\n}\n" {
		t.Errorf("of no entries: %q, %v", b.String(), err)
	}
	b.Reset()
	given := someEntries()
	given[2].Wheelhouses[0].Why = "csi \u009b2J bidi \u202e tag \U000e0001 é <&>"
	if err := EntriesJSON(&b, given); err != nil {
		t.Fatal(err)
	}
	for _, r := range "\u009b\u202e\U000e0001" {
		if strings.ContainsRune(b.String(), r) {
			t.Errorf("%U stands in the JSON", r)
		}
	}
	var got struct{ Entries []entry.Entry }
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Entries[2].Wheelhouses[0].Why != given[2].Wheelhouses[0].Why {
		t.Errorf("got %q", got.Entries[2].Wheelhouses[0].Why)
	}
	if !strings.Contains(b.String(), "é <&>") || strings.Contains(b.String(), "created_at") {
		t.Errorf("got %s", b.String())
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	changes := []entry.Change{
		{Project: "flask", Kind: entry.Added, After: "3.0.0"},
		{Project: "numpy", Kind: entry.Version, Before: "1.26.3", After: "1.26.4"},
		{Project: "pillow", Kind: entry.Bytes, Before: "p-1-a.whl sha256:01", After: "p-1-b.whl sha256:02, p-1-c.whl sha256:03"},
		{Project: "six\x1b", Kind: entry.Removed, Before: "1.16.0"},
	}
	const want = `+ flask 3.0.0
~ numpy 1.26.3 -> 1.26.4
! pillow
    before  p-1-a.whl sha256:01
    after   p-1-b.whl sha256:02
    after   p-1-c.whl sha256:03
- "six\x1b" 1.16.0
`
	var b bytes.Buffer
	if err := Changes(&b, changes); err != nil || b.String() != want {
		t.Errorf("%v, got:\n%s\nwant:\n%s", err, b.String(), want)
	}
	b.Reset()
	if err := ChangesJSON(&b, changes); err != nil {
		t.Fatal(err)
	}
	var got struct{ Changes []entry.Change }
	if err := json.Unmarshal(b.Bytes(), &got); err != nil || len(got.Changes) != 4 || got.Changes[3] != changes[3] {
		t.Errorf("%v, got %s", err, b.String())
	}
	b.Reset()
	if err := ChangesJSON(&b, nil); err != nil || b.String() != "{\n  \"changes\": []\n}\n" {
		t.Errorf("of no changes: %q, %v", b.String(), err)
	}
}
