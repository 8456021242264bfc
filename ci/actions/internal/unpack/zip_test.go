package unpack

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// file is a stored member.
func file(name, content string) member {
	return member{header: zip.FileHeader{Name: name}, content: []byte(content)}
}

type member struct {
	header  zip.FileHeader
	content []byte
}

func with(m member, change func(*zip.FileHeader)) member {
	change(&m.header)
	return m
}

// pack makes a zip.
func pack(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, m := range members {
		f, err := w.CreateHeader(&m.header)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(m.content); err != nil && len(m.content) > 0 {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// patch changes every occurrence of from into to, which is as long.
func patch(data []byte, from, to string) []byte {
	return bytes.ReplaceAll(data, []byte(from), []byte(to))
}

// directory gives where the n-th member's entry in the list of members starts.
func directory(data []byte, n int) []byte {
	at := 0
	for ; n >= 0; n-- {
		at += bytes.Index(data[at:], []byte("PK\x01\x02")) + 1
	}
	return data[at-1:]
}

// tree lists what is in dir: its files with content, its folders with a slash.
func tree(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		if d.IsDir() {
			all = append(all, name+"/")
			return nil
		}
		if !d.Type().IsRegular() {
			t.Errorf("%s is no file", name)
		}
		data, err := os.ReadFile(path)
		all = append(all, name+"="+string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// run unpacks data into "out" of a fresh folder that is given back.
func run(t testing.TB, ctx context.Context, data []byte, l Limits) (string, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "artifact"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir, Zip(ctx, filepath.Join(dir, "artifact"), filepath.Join(dir, "out"), l)
}

func deflated(m member) member {
	return with(m, func(h *zip.FileHeader) { h.Method = zip.Deflate })
}

func TestZip(t *testing.T) {
	t.Parallel()
	inner := string(pack(t, file("a", "1")))
	for _, test := range []struct {
		name string
		data []byte
		want []string
	}{
		{"empty", pack(t), nil},
		{"files and folders", pack(t, file("d/", ""), file("d/a", "1"), deflated(file("e/f/b", "2")), file("e/", ""), file("c", "")),
			[]string{"c=", "d/", "d/a=1", "e/", "e/f/", "e/f/b=2"}},
		{"Unix modes", pack(t, with(file("x", "1"), func(h *zip.FileHeader) { h.SetMode(0o4755) }),
			with(file("d/", ""), func(h *zip.FileHeader) { h.SetMode(fs.ModeDir | 0o700) })), []string{"d/", "x=1"}},
		{"not ASCII", pack(t, file("größe/ß", "1")), []string{"größe/", "größe/ß=1"}},
		{"something before it", append([]byte("#!/bin/sh\n"), pack(t, file("a", "1"))...), []string{"a=1"}},
		{"within another", pack(t, file("x.zip", inner)), []string{"a=1"}},
		{"within another's folder", pack(t, file("d/", ""), file("d/x", inner)), []string{"a=1"}},
		{"beside another file", pack(t, file("x.zip", inner), file("y", "")), []string{"x.zip=" + inner, "y="}},
		{"behind another file", pack(t, file("x", ""), file("y.zip", inner)), []string{"x=", "y.zip=" + inner}},
		{"a wheel alone", pack(t, file("x-1-py3-none-any.whl", inner)), []string{"x-1-py3-none-any.whl=" + inner}},
		{"one level only", pack(t, file("x.zip", string(pack(t, file("y.zip", inner))))), []string{"y.zip=" + inner}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir, err := run(t, t.Context(), test.data, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if got := tree(t, filepath.Join(dir, "out")); !slices.Equal(got, test.want) {
				t.Errorf("unpacked %q, want %q", got, test.want)
			}
			if names, _ := os.ReadDir(dir); len(names) != 2 {
				t.Errorf("left %v", names)
			}
		})
	}
}

// refusals are zips that are not unpacked, and what the error says.
func refusals(t testing.TB) map[string]struct {
	data       []byte
	code, says string
} {
	mode := func(name string, mode fs.FileMode) []byte {
		return pack(t, with(file(name, "x"), func(h *zip.FileHeader) { h.SetMode(mode) }))
	}
	good := pack(t, file("a", "content"), file("b", "more"))
	flag := func(bits uint16) []byte {
		data := bytes.Clone(good)
		entry := directory(data, 0)
		binary.LittleEndian.PutUint16(entry[8:], binary.LittleEndian.Uint16(entry[8:])|bits)
		return data
	}
	method := bytes.Clone(good)
	binary.LittleEndian.PutUint16(directory(method, 0)[10:], 99)
	lying := pack(t, deflated(file("a", strings.Repeat("0", 5000))))
	binary.LittleEndian.PutUint32(directory(lying, 0)[24:], 10)
	folder := pack(t, file("d/", ""))
	binary.LittleEndian.PutUint32(directory(folder, 0)[24:], 10)
	asFolder := pack(t, with(file("dd", ""), func(h *zip.FileHeader) { h.SetMode(fs.ModeDir | 0o755) }))
	asFile := pack(t, with(file("dd", ""), func(h *zip.FileHeader) { h.SetMode(0o644) }))
	stored := pack(t, file("a", "content"))
	binary.LittleEndian.PutUint16(directory(stored, 0)[10:], zip.Deflate)
	return map[string]struct {
		data       []byte
		code, says string
	}{
		"nothing":                {nil, "not-a-zip", "no zip"},
		"text":                   {[]byte("hello"), "not-a-zip", "no zip"},
		"cut":                    {good[:len(good)-3], "archive-damaged", "list of members"},
		"wrong checksum":         {patch(good, "content", "c0ntent"), "archive-damaged", "checksum"},
		"bad deflate":            {patch(stored, "content", "\x07ontent"), "archive-damaged", "member \"a\""},
		"up":                     {pack(t, file("../a", "")), "unsafe-archive", "leaves the folder"},
		"up amid":                {pack(t, file("a/../b", "")), "unsafe-archive", "leaves the folder"},
		"up at the end":          {pack(t, file("a/..", "")), "unsafe-archive", "leaves the folder"},
		"absolute":               {pack(t, file("/a", "")), "unsafe-archive", "absolute"},
		"drive":                  {pack(t, file("C:/a", "")), "unsafe-archive", "colon"},
		"stream":                 {pack(t, file("a:b", "")), "unsafe-archive", "colon"},
		"backslash":              {pack(t, file(`a\b`, "")), "unsafe-archive", "backslash"},
		"dot":                    {pack(t, file("./a", "")), "unsafe-archive", "empty part"},
		"two slashes":            {pack(t, file("a//b", "")), "unsafe-archive", "empty part"},
		"no name":                {patch(pack(t, file("Q", "")), "Q", "/"), "unsafe-archive", "empty part"},
		"dropped dot":            {pack(t, file("a./b", "")), "unsafe-archive", "drop"},
		"dropped space":          {pack(t, file("a /b", "")), "unsafe-archive", "drop"},
		"newline":                {pack(t, file("a\nb", "")), "unsafe-archive", "printed"},
		"NUL":                    {pack(t, file("a\x00b", "")), "unsafe-archive", "printed"},
		"right to left":          {pack(t, file("a\u202egpj", "")), "unsafe-archive", "printed"},
		"not UTF-8":              {pack(t, file("a\xff", "")), "unsafe-archive", "UTF-8"},
		"long":                   {pack(t, file(strings.Repeat("x/", 20)+strings.Repeat("x", 1000), "")), "unsafe-archive", "too long"},
		"deep":                   {pack(t, file(strings.Repeat("x/", 64)+"x", "")), "unsafe-archive", "too deep"},
		"symbolic link":          {mode("l", fs.ModeSymlink|0o777), "unsafe-archive", "link"},
		"fifo":                   {mode("l", fs.ModeNamedPipe|0o644), "unsafe-archive", "device"},
		"device":                 {mode("l", fs.ModeDevice|0o644), "unsafe-archive", "device"},
		"unknown mode":           {typed(mode("l", 0o644), 0o130000), "unsafe-archive", "device"},
		"a folder as a file":     {patch(asFolder, "dd/", "ddd"), "unsafe-archive", "folder with a file's name"},
		"a file as a folder":     {patch(asFile, "dd", "d/"), "unsafe-archive", "file with a folder's name"},
		"folder with content":    {folder, "unsafe-archive", "folder with content"},
		"twice":                  {pack(t, file("a", "1"), file("a", "2")), "unsafe-archive", "twice"},
		"folder twice":           {pack(t, file("a/", ""), file("a/", "")), "unsafe-archive", "twice"},
		"case":                   {pack(t, file("Ab", ""), file("aB", "")), "unsafe-archive", "case"},
		"case, not ASCII":        {pack(t, file("\u212a", ""), file("k", "")), "unsafe-archive", "case"},
		"case of a folder":       {pack(t, file("D/a", ""), file("d/b", "")), "unsafe-archive", "case"},
		"file and folder":        {pack(t, file("a", ""), file("a/b", "")), "unsafe-archive", "file and of a folder"},
		"folder and file":        {pack(t, file("a/b", ""), file("a", "")), "unsafe-archive", "file and of a folder"},
		"encrypted":              {flag(1), "unsafe-archive", "encrypted"},
		"encrypted strongly":     {flag(1 << 6), "unsafe-archive", "encrypted"},
		"encrypted list":         {flag(1 << 13), "unsafe-archive", "encrypted"},
		"unknown method":         {method, "unsafe-archive", "not known"},
		"says it is small":       {lying, "archive-damaged", "not a valid zip"},
		"large member":           {pack(t, deflated(file("a", strings.Repeat("0", 1001)))), "too-large", "over 1000 bytes"},
		"large in all":           {pack(t, file("a", strings.Repeat("0", 999)), file("b", strings.Repeat("0", 999))), "too-large", "more would come out"},
		"many":                   {pack(t, file("1", ""), file("2", ""), file("3", ""), file("4", "")), "too-large", "over 3"},
		"large within another":   {pack(t, file("x", string(pack(t, deflated(file("a", strings.Repeat("0", 1001))))))), "too-large", "over 1000 bytes"},
		"unsafe within another":  {pack(t, file("x", string(pack(t, file("../a", ""))))), "unsafe-archive", "leaves"},
		"damaged within another": {pack(t, file("x", "PK\x03\x04")), "archive-damaged", "list of members"},
	}
}

// typed sets the first member's Unix file type.
func typed(data []byte, kind uint32) []byte {
	binary.LittleEndian.PutUint32(directory(data, 0)[38:], kind<<16)
	return data
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, test := range refusals(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, err := run(t, t.Context(), test.data, Limits{Members: 3, MemberBytes: 1000, TotalBytes: 1500})
			coded, ok := err.(*fault.Error)
			if !ok || coded.Code != test.code || coded.ExitStatus() != fault.Refused || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want %q and %s", err, test.says, test.code)
			}
			if names, _ := os.ReadDir(dir); len(names) != 1 {
				t.Errorf("left %v", names)
			}
		})
	}
}

// TestBombs holds the bounds that need more than the smallest zips.
func TestBombs(t *testing.T) {
	t.Parallel()
	zeros := bytes.Repeat([]byte{0}, ratioFrom+1)
	one := pack(t, deflated(member{zip.FileHeader{Name: "zeros"}, zeros}))
	if _, err := run(t, t.Context(), one, Limits{}); fault.Code(err) != "too-large" {
		t.Errorf("declared ratio: %v", err)
	}
	if _, err := run(t, t.Context(), one, Limits{Ratio: 10_000}); err != nil {
		t.Errorf("allowed ratio: %v", err)
	}
	nested := pack(t, file("x.zip", string(one)))
	if _, err := run(t, t.Context(), nested, Limits{}); fault.Code(err) != "too-large" {
		t.Errorf("ratio within another: %v", err)
	}
	// The inner one's own 5 MiB would allow it; what was transferred does not.
	outer := pack(t, deflated(file("x.zip", string(pack(t, file("a", string(zeros[:5<<20])),
		deflated(member{zip.FileHeader{Name: "b"}, zeros}))))))
	if _, err := run(t, t.Context(), outer, Limits{}); fault.Code(err) != "too-large" {
		t.Errorf("ratio over both: %v", err)
	}
	// A list of members that goes on, whatever its end says.
	var many []member
	for i := range 2000 {
		many = append(many, file(fmt.Sprintf("%0200d", i), ""))
	}
	list := pack(t, many...)
	if _, err := run(t, t.Context(), list, Limits{Members: 3}); fault.Code(err) != "too-large" || !strings.Contains(err.Error(), "list of members") {
		t.Errorf("long list: %v", err)
	}
	if _, err := run(t, t.Context(), list, Limits{}); err != nil {
		t.Errorf("many members: %v", err)
	}
}

// TestDeclared holds that a size is refused before anything is written.
func TestDeclared(t *testing.T) {
	t.Parallel()
	data := pack(t, file("a", "0123456789"))
	for name, x := range map[string]*extraction{
		"member": {limits: Limits{Members: 1, MemberBytes: 9}, left: 99},
		"total":  {limits: Limits{Members: 1, MemberBytes: 99}, left: 9},
	} {
		if _, err := x.directory(bytes.NewReader(data), int64(len(data))); fault.Code(err) != "too-large" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReal holds that what comes out is counted, not what was declared.
func TestReal(t *testing.T) {
	t.Parallel()
	m := &zip.File{FileHeader: zip.FileHeader{Name: "a"}}
	for name, x := range map[string]*extraction{
		"member": {limits: Limits{MemberBytes: 9, TotalBytes: 99}, left: 99},
		"total":  {limits: Limits{MemberBytes: 99, TotalBytes: 9}, left: 9},
	} {
		var out bytes.Buffer
		if err := x.copy(t.Context(), m, &out, strings.NewReader("0123456789")); fault.Code(err) != "too-large" || out.Len() > 0 {
			t.Errorf("%s: %v after %d bytes", name, err, out.Len())
		}
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	good, bad := pack(t, file("a", "1")), pack(t, file("../a", ""))
	for _, test := range []struct {
		name string
		data []byte
		full bool
		code string
	}{
		{"empty", good, false, ""},
		{"empty, and refused", bad, false, "unsafe-archive"},
		{"full", good, true, "unpack-failed"},
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "out")
		if err := os.Mkdir(out, 0o755); err != nil {
			t.Fatal(err)
		}
		want := []string{"artifact=" + string(test.data), "out/"}
		if test.full {
			os.WriteFile(filepath.Join(out, "old"), nil, 0o644)
			want = append(want, "out/old=")
		}
		if test.code == "" {
			want = append(want, "out/a=1")
		}
		os.WriteFile(filepath.Join(dir, "artifact"), test.data, 0o644)
		err := Zip(t.Context(), filepath.Join(dir, "artifact"), out+"/", Limits{})
		if fault.Code(err) != test.code || test.full && !strings.Contains(err.Error(), "not empty") {
			t.Errorf("%s: %v", test.name, err)
		}
		if got := tree(t, dir); !slices.Equal(got, want) {
			t.Errorf("%s: left %q", test.name, got)
		}
	}
	if err := Zip(t.Context(), "nowhere", filepath.Join(t.TempDir(), "out"), Limits{}); fault.Code(err) != "unpack-failed" {
		t.Error(err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir, err := run(t, ctx, pack(t, file("a", "1")), Limits{})
	if !fault.Interrupted(err) || fault.Code(err) != "unpack-failed" {
		t.Error(err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("left %v", names)
	}
}

func TestIsZip(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x")
	for want, all := range map[bool][][]byte{
		true:  {pack(t), pack(t, file("a", "1")), []byte("PK\x03\x04...")},
		false: {nil, []byte("PK"), []byte("\x1f\x8b\x08\x00"), []byte("PK is a text")},
	} {
		for _, data := range all {
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			if got, err := IsZip(path); got != want || err != nil {
				t.Errorf("%.10q: %v, %v", data, got, err)
			}
		}
	}
	if _, err := IsZip(path + "no"); fault.Code(err) != "unpack-failed" {
		t.Error(err)
	}
}
