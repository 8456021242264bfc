package requirements

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func sum(text string) string {
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

func projects(list []Requirement) string {
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%s@%s:%d", r.Project, filepath.ToSlash(r.File), r.Line))
	}
	return strings.Join(out, " ")
}

func names(set *Set) string {
	var out []string
	for _, f := range set.Files {
		out = append(out, f.Name)
	}
	return strings.Join(out, " ")
}

func TestLoadIncludes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                          string
		files                         map[string]string
		roots, constraints, fileNames string
	}{
		{
			name: "order of lines",
			files: map[string]string{
				"r.txt": "a\n-r sub/b.txt\nc\n", "sub/b.txt": "b\n-c d.txt\n", "sub/d.txt": "d==1\n",
			},
			roots: "a@r.txt:1 b@sub/b.txt:1 c@r.txt:3", constraints: "d@sub/d.txt:1",
			fileNames: "r.txt sub/b.txt sub/d.txt",
		},
		{
			name:  "spellings",
			files: map[string]string{"r.txt": "-rb.txt\n--requirement=c.txt\n--constraint d.txt\n-cb.txt\n", "b.txt": "b", "c.txt": "c", "d.txt": "d"},
			roots: "b@b.txt:1 c@c.txt:1", constraints: "d@d.txt:1 b@b.txt:1", fileNames: "r.txt b.txt c.txt d.txt",
		},
		{
			name:  "diamond",
			files: map[string]string{"r.txt": "-r b.txt\n-r c.txt\n", "b.txt": "b\n-r d.txt", "c.txt": "c\n-r ./d.txt", "d.txt": "d"},
			roots: "b@b.txt:1 d@d.txt:1 c@c.txt:1", fileNames: "r.txt b.txt d.txt c.txt",
		},
		{
			name:  "cycle",
			files: map[string]string{"r.txt": "a\n-r sub/b.txt", "sub/b.txt": "b\n-r ../r.txt"},
			roots: "a@r.txt:1 b@sub/b.txt:1", fileNames: "r.txt sub/b.txt",
		},
		{
			name:  "requirements inside constraints",
			files: map[string]string{"r.txt": "-c c.txt", "c.txt": "c\n-r b.txt", "b.txt": "b"},
			roots: "b@b.txt:1", constraints: "c@c.txt:1", fileNames: "r.txt c.txt b.txt",
		},
		{
			name:  "only the first of a line",
			files: map[string]string{"r.txt": "-c c.txt -r b.txt -r d.txt", "b.txt": "b", "c.txt": "c", "d.txt": "d"},
			roots: "b@b.txt:1", fileNames: "r.txt b.txt",
		},
		{
			name:  "outside the folder",
			files: map[string]string{"r.txt": "-r ../x.txt\n-r ../../y/z.txt", "../x.txt": "x\n-r w.txt", "../w.txt": "w", "../../y/z.txt": "z"},
			roots: "x@../x.txt:1 w@../w.txt:1 z@../../y/z.txt:1", fileNames: "r.txt _up/x.txt _up/w.txt _up/_up/y/z.txt",
		},
		{
			name:  "absolute",
			files: map[string]string{"r.txt": "-r /srv/x.txt", "/srv/x.txt": "x\n-r y.txt", "/srv/y.txt": "y"},
			roots: "x@/srv/x.txt:1 y@/srv/y.txt:1", fileNames: "r.txt _abs/srv/x.txt _abs/srv/y.txt",
		},
		{
			name:  "variable",
			files: map[string]string{"r.txt": "-r b-${PIN}.txt", "b-1.26.4.txt": "b"},
			roots: "b@b-1.26.4.txt:1", fileNames: "r.txt b-1.26.4.txt",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			set, err := loadText(t, c.files, pipEnv)
			if err != nil {
				t.Fatal(err)
			}
			if got := projects(set.Roots); got != c.roots {
				t.Errorf("roots %s, want %s", got, c.roots)
			}
			if got := projects(set.Constraints); got != c.constraints {
				t.Errorf("constraints %s, want %s", got, c.constraints)
			}
			if got := names(set); got != c.fileNames {
				t.Errorf("files %s, want %s", got, c.fileNames)
			}
			checkArchived(t, set)
		})
	}
}

// checkArchived lays the files out by their names alone, reads them again and
// wants the same.
func checkArchived(t *testing.T, set *Set) {
	t.Helper()
	copied := map[string]string{}
	for _, f := range set.Files {
		if _, ok := copied[f.Name]; ok || strings.Contains("/"+f.Name+"/", "/../") || strings.HasPrefix(f.Name, "/") {
			t.Fatalf("archived name %q is not unique or leaves the folder", f.Name)
		}
		copied[f.Name] = string(f.Data)
	}
	again, err := loadText(t, copied, pipEnv)
	if err != nil {
		t.Fatalf("reading the archived copy: %v", err)
	}
	if names(again) != names(set) || again.Inputs != set.Inputs || len(again.Roots) != len(set.Roots) {
		t.Errorf("archived copy: files %s, inputs %s; want %s, %s", names(again), again.Inputs, names(set), set.Inputs)
	}
}

func TestArchivedCopyComesBeforeItsSurroundings(t *testing.T) {
	t.Parallel()
	set, err := loadText(t, map[string]string{"r.txt": "-r ../x.txt", "_up/x.txt": "mine", "../x.txt": "theirs"}, nil)
	if err != nil || projects(set.Roots) != "mine@_up/x.txt:1" {
		t.Fatalf("%v, roots %v", err, set)
	}
}

func TestDigests(t *testing.T) {
	t.Parallel()
	files := map[string]string{"r.txt": "\ufeffa\r\n-r z.txt\n-r b/c.txt", "z.txt": "z\n", "b/c.txt": ""}
	set, err := loadText(t, files, nil)
	if err != nil {
		t.Fatal(err)
	}
	if set.Path != "r.txt" || set.Hash != sum(files["r.txt"]) {
		t.Errorf("path %s, hash %s", set.Path, set.Hash)
	}
	want := sum(sum("") + "  b/c.txt\n" + sum(files["r.txt"]) + "  r.txt\n" + sum("z\n") + "  z.txt\n")
	if set.Inputs != want {
		t.Errorf("inputs %s, want %s", set.Inputs, want)
	}
	if string(set.Files[0].Data) != files["r.txt"] || set.Files[1].SHA256 != sum("z\n") {
		t.Errorf("files %+v", set.Files)
	}
}

func TestLoadOptions(t *testing.T) {
	t.Parallel()
	set, err := loadText(t, map[string]string{
		"r.txt": "-i https://example.org/s --pre\n-f ./w\nnumpy --no-index\n--hash-nothing\n"[:45] + "\n--trusted-host=example.org\n--use-feature x",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Option{
		{"--index-url", "https://example.org/s", "r.txt", 1}, {"--pre", "", "r.txt", 1}, {"--find-links", "./w", "r.txt", 2},
		{"--trusted-host", "example.org", "r.txt", 4}, {"--use-feature", "x", "r.txt", 5},
	}
	if !reflect.DeepEqual(set.Options, want) {
		t.Errorf("options %+v", set.Options)
	}
}

func TestLoadHashes(t *testing.T) {
	t.Parallel()
	a, b := strings.Repeat("a", 64), strings.Repeat("b", 64)
	set, err := loadText(t, map[string]string{"r.txt": "x==1 \\\n --hash=sha256:" + b + " \\\n --hash sha256:" + strings.ToUpper(a) + " --hash=sha256:" + b + " --hash=sha512:00\n" +
		"https://example.org/y-1-py3-none-any.whl#sha256=" + a + "&subdirectory=q --hash=sha256:" + b + "\nz @ https://example.org/z.zip#md5=00"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Requirement{
		{Project: "x", Specifier: "==1", SHA256: []string{b, a}, OtherHashes: true, File: "r.txt", Line: 1},
		{Project: "y", URL: "https://example.org/y-1-py3-none-any.whl#sha256=" + a + "&subdirectory=q", SHA256: []string{a, b}, File: "r.txt", Line: 4},
		{Project: "z", URL: "https://example.org/z.zip#md5=00", OtherHashes: true, File: "r.txt", Line: 5},
	} {
		if !reflect.DeepEqual(set.Roots[i], want) {
			t.Errorf("root %d: %+v\nwant %+v", i, set.Roots[i], want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, says, code string
		status                 int
	}{
		{"remote include", "a\n-r http://u:pw@example.org/r.txt?t=k", `r.txt:2: "http://***@example.org/r.txt?***" is included by its URL`, "bad-requirements", 1},
		{"file URL include", "-c file:///srv/r.txt", "r.txt:1:", "bad-requirements", 1},
		{"other scheme", "-c s3://b/r.txt", "r.txt:1:", "bad-requirements", 1},
		{"missing include", "a\n\n-r no.txt", `r.txt:3: "no.txt": file does not exist`, "requirements-missing", 2},
		{"empty include", `-r ""`, "r.txt:1: an include without a file", "bad-requirements", 1},
		{"bad line", "a\nb \\\n !\n", `r.txt:2: "b  !": "!" is out of place`, "bad-requirements", 1},
		{"lost hash", "a==1\n--hash=sha256:" + strings.Repeat("a", 64), "r.txt:2: a --hash without", "bad-requirements", 1},
		{"short hash", "a==1 --hash=sha256:aa", "64 hexadecimal", "bad-requirements", 1},
		{"NUL", "a\nb\x00", "r.txt:2: holds a NUL", "bad-requirements", 1},
		{"not UTF-8", "a\nb\n#\xff", "r.txt:3: not UTF-8", "bad-requirements", 1},
		{"UTF-16", "\xff\xfea\x00", "r.txt:1: not UTF-8", "bad-requirements", 1},
		{"coding", "a\n# -*- coding: utf-7 -*-", `r.txt:2: declares the encoding "utf-7"`, "bad-requirements", 1},
		{"control character", "a\nb\x08", "r.txt:2: a control character", "bad-requirements", 1},
		{"long line", strings.Repeat("a", 600_000) + "\\\n" + strings.Repeat("a", 600_000), "r.txt:1: the line is longer", "bad-requirements", 1},
		{"backslash in a name", `-r 'a\b.txt'`, "cannot be archived", "bad-requirements", 1},
		{"too many", strings.Repeat("a\n", maxEntries+1), "r.txt:100001: more than 100000", "bad-requirements", 1},
		{"too many options", strings.Repeat("--pre\n", maxEntries+1), "r.txt:100001: more than 100000", "bad-requirements", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if filepath.Separator == '\\' && c.name == "backslash in a name" {
				t.Skip("a backslash parts folders here")
			}
			_, err := loadText(t, map[string]string{"r.txt": c.text}, nil)
			wantFault(t, err, c.status, c.code, c.says)
		})
	}
}

func wantFault(t *testing.T, err error, status int, code, says string) {
	t.Helper()
	e, ok := err.(*fault.Error)
	if !ok {
		t.Fatalf("error %v (%T), want a *fault.Error", err, err)
	}
	if e.Code != code || e.ExitStatus() != status || !strings.Contains(e.Error(), says) {
		t.Errorf("error %v, status %d; want %q, code %s, status %d", e, e.ExitStatus(), says, code, status)
	}
}

func TestLoadBounds(t *testing.T) {
	t.Parallel()
	deep := func(path string) ([]byte, error) { return []byte("-r x" + path), nil }
	_, err := load("r.txt", nil, deep)
	wantFault(t, err, 1, "bad-requirements", "more than 100 includes")

	wide := func(path string) ([]byte, error) {
		if path != "r.txt" {
			return nil, nil
		}
		var text strings.Builder
		for i := range maxFiles {
			fmt.Fprintf(&text, "-r %d.txt\n", i)
		}
		return []byte(text.String()), nil
	}
	_, err = load("r.txt", nil, wide)
	wantFault(t, err, 1, "bad-requirements", "r.txt:1000: more than 1000 files")

	heavy := func(path string) ([]byte, error) {
		filler := strings.Repeat("#"+strings.Repeat(" ", 1<<16)+"\n", maxFile>>17)
		return []byte("-r x" + path + "\n" + filler), nil
	}
	_, err = load("r.txt", nil, heavy)
	wantFault(t, err, 1, "bad-requirements", "all files together hold more than")

	long := strings.Repeat("v", 10_000)
	_, err = loadText(t, map[string]string{"r.txt": strings.Repeat("${V}", 200_000)}, func(string) (string, bool) { return long, true })
	wantFault(t, err, 1, "bad-requirements", "once its variables are replaced")
}

func TestLoadFromDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	path := write("req/r.txt", "a\n-r ../base.txt\n")
	write("base.txt", "b")
	set, err := Load(path, nil)
	if err != nil || set.Path != path || names(set) != "r.txt _up/base.txt" || set.Files[1].Path != filepath.Join(dir, "base.txt") {
		t.Fatalf("%v, %+v", err, set)
	}

	_, err = Load(filepath.Join(dir, "no.txt"), nil)
	wantFault(t, err, 2, "requirements-missing", "no.txt")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v does not wrap fs.ErrNotExist", err)
	}
	_, err = Load(dir, nil)
	wantFault(t, err, 1, "bad-requirements", "no regular file")
	_, err = Load("https://u:pw@example.org/r.txt?k", nil)
	wantFault(t, err, 2, "bad-requirements", `"https://***@example.org/r.txt?***" is a URL`)

	big, err := os.Create(filepath.Join(dir, "big.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(big.Truncate(maxFile+1), big.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = Load(big.Name(), nil)
	wantFault(t, err, 1, "bad-requirements", fmt.Sprintf("within %d bytes", maxFile))
	_, err = Load(write("includes.txt", "x\n-r req"), nil)
	wantFault(t, err, 1, "bad-requirements", "includes.txt:2:")
}
