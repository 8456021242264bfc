package archive

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestWriteIndex(t *testing.T) {
	t.Parallel()
	s, r := build(t, tgz, demo("1"))
	writeVerdict(t, s.Tarball, r.SHA256, created)
	a := Archive{Dir: filepath.Join(t.TempDir(), "archive"), Owner: "build <team> | *us*"}
	must(t, a.WriteIndex(t.Context()))
	path := filepath.Join(a.Dir, "index.md")
	text, err := os.ReadFile(path)
	must(t, err)
	if !strings.Contains(string(text), "Nothing is archived yet.") || !strings.Contains(string(text), "build &#60;team&#62; &#124; &#42;us&#42;.") {
		t.Errorf("got %s", text)
	}
	_, err = a.Add(t.Context(), s)
	must(t, err)
	put(t, a.Dir, "20261123", "a_b", created)
	must(t, os.WriteFile(filepath.Join(a.Dir, "wheelhouse-3.11-run-7.meta"), []byte(flatRecord), 0o644))
	must(t, a.WriteIndex(t.Context()))
	text, err = os.ReadFile(path)
	must(t, err)
	want := `| Date | Run | Python | Wheels | Size | Commit | Proven | State |
|---|---|---|---:|---:|---|---|---|
| 20261123 | [a&#95;b](20261123-a_b/) | 3.11 | 1 | 4 B |  | no | record only |
| 20261122 | [18884042880](20261122-18884042880/) | 3.11 | 1 | ` + entry.FormatSize(r.Size) + ` |  | yes | full |
| 20251028 | [7](wheelhouse-3.11-run-7.meta) | 3.11 |  |  | abc1234 | no | record only |
`
	if !strings.Contains(string(text), want) {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

// What a person wrote around the table stays as it is, byte for byte.
func TestIndexKeepsWhatIsNotGenerated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, before, after string }{
		{"around", "# Mine\n" + beginMark + "\nold\n" + endMark + "\nbelow", "# Mine\n" + beginMark + "\nT\n" + endMark + "\nbelow"},
		{"none", "# Mine\n", "# Mine\n\n" + beginMark + "\nT\n" + endMark + "\n"},
		{"no line break", "# Mine", "# Mine\n\n" + beginMark + "\nT\n" + endMark + "\n"},
		{"end of file", beginMark + "\nold\n" + endMark, beginMark + "\nT\n" + endMark + "\n"},
		{"CRLF", "x\r\n" + beginMark + "\r\nold\r\n" + endMark + "\r\ny\r\n", "x\r\n" + beginMark + "\r\nT\r\n" + endMark + "\r\ny\r\n"},
		{"quoted marks", "`" + beginMark + "` is a marker\n", "`" + beginMark + "` is a marker\n\n" + beginMark + "\nT\n" + endMark + "\n"},
		{"empty", "", "\n" + beginMark + "\nT\n" + endMark + "\n"},
		{"not UTF-8", "\xff\x00\n" + beginMark + "\n" + endMark + "\n\xfe", "\xff\x00\n" + beginMark + "\nT\n" + endMark + "\n\xfe"},
	} {
		got, err := replaceGenerated("index.md", []byte(c.before), "T\n")
		if err != nil || string(got) != c.after {
			t.Errorf("%s: got %q, %v; want %q", c.name, got, err, c.after)
		}
		if again, err := replaceGenerated("index.md", got, "T\n"); err != nil || !bytes.Equal(again, got) {
			t.Errorf("%s: again %q, %v", c.name, again, err)
		}
	}
	for name, broken := range map[string]string{
		"no end": beginMark + "\nmine\n", "no begin": endMark + "\n", "reversed": endMark + "\n" + beginMark + "\n",
		"twice": beginMark + "\n" + endMark + "\n" + beginMark + "\n" + endMark + "\n",
	} {
		if _, err := replaceGenerated("index.md", []byte(broken), "T\n"); fault.Code(err) != "index-markers" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// An index that would not change is not written, and one that is no file is
// not replaced.
func TestIndexIsNotRewrittenInVain(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: t.TempDir()}
	must(t, a.WriteIndex(t.Context()))
	path := filepath.Join(a.Dir, "index.md")
	before, err := os.Stat(path)
	must(t, err)
	must(t, a.WriteIndex(t.Context()))
	after, err := os.Stat(path)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("written again: %v", err)
	}
	must(t, os.Remove(path))
	must(t, os.Mkdir(path, 0o755))
	if err := a.WriteIndex(t.Context()); fault.Code(err) != "archive-unreadable" {
		t.Errorf("got %v", err)
	}
}

func TestIndexIsNoMarkup(t *testing.T) {
	t.Parallel()
	hostile := "](x) | <script>alert(1)</script>\n# T\r`c` **b** &amp; \x1b[2J \u202e ![i](u) ~~s~~ http://e \xff"
	text := generated([]entry.Entry{{Run: hostile, Date: hostile, Path: "d/" + hostile, Wheelhouses: []entry.Wheelhouse{
		{Python: hostile, Commit: hostile, State: entry.State(hostile), Why: hostile},
	}}}, hostile)
	for _, bad := range []string{"<script", "\x1b", "\r", "\u202e", "# T", "`c`", "**b", "![", "~~", "http:", "&amp;", "\xff"} {
		if strings.Contains(text, bad) {
			t.Errorf("%q stands in %s", bad, text)
		}
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	if len(lines) != 5 || strings.Count(lines[4], "|") != 9 {
		t.Errorf("%d lines: %s", len(lines), text)
	}
}
