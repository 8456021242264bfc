package wheelhouse

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
)

func TestLayoutFindsEveryWheel(t *testing.T) {
	t.Parallel()
	tarball := packed(t, sample())
	var files []File
	for name, data := range sample() {
		files = append(files, File{Name: name, Size: int64(len(data))})
	}
	spans, size, err := Layout(files)
	if err != nil {
		t.Fatal(err)
	}
	if size != int64(len(tarball)) || len(spans) != len(files) {
		t.Fatalf("size %d and %d spans, want %d and %d", size, len(spans), len(tarball), len(files))
	}
	end := int64(len(gzipHeader))
	for _, s := range spans {
		if s.Offset != end || s.Data <= s.Offset {
			t.Errorf("%s: offset %d, data %d, want offset %d", s.Name, s.Offset, s.Data, end)
		}
		end = s.Offset + s.Size
		want := sample()[s.Name]
		r := Section(bytes.NewReader(tarball), s, int64(len(want)))
		if err := iotest.TestReader(io.NewSectionReader(r, 0, int64(len(want))), want); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

// A tarball's runs, copied one by one, are the tarball.
func TestRunsStandAlone(t *testing.T) {
	t.Parallel()
	all := sample()
	fewer := map[string][]byte{}
	var files []File
	for name, data := range all {
		if name != "block-1-py3-none-any.whl" && name != longName {
			fewer[name] = data
			files = append(files, File{Name: name, Size: int64(len(data))})
		}
	}
	from, want := packed(t, all), packed(t, fewer)
	var allFiles []File
	for name, data := range all {
		allFiles = append(allFiles, File{Name: name, Size: int64(len(data))})
	}
	source, _, err := Layout(allFiles)
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]Span{}
	for _, s := range source {
		at[s.Name] = s
	}
	spans, _, err := Layout(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range spans {
		run := from[at[s.Name].Offset:][:s.Size]
		if !bytes.Equal(run, want[s.Offset:][:s.Size]) {
			t.Errorf("the runs of %s differ", s.Name)
		}
	}
}

func TestSectionOfAShortTarball(t *testing.T) {
	t.Parallel()
	tarball := packed(t, small())
	spans, _, err := Layout([]File{{Name: "a-1-py3-none-any.whl", Size: 700}})
	if err != nil {
		t.Fatal(err)
	}
	r := Section(bytes.NewReader(tarball[:spans[0].Data+blockHeader+100]), spans[0], 700)
	if n, err := r.ReadAt(make([]byte, 700), 0); n != 100 || err != io.ErrUnexpectedEOF {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, err := r.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset was read")
	}
}

func TestLayoutOfHugeWheels(t *testing.T) {
	t.Parallel()
	spans, size, err := Layout([]File{{Name: "b.whl", Size: 9 << 30}, {Name: "a.whl", Size: 5}})
	if err != nil {
		t.Fatal(err)
	}
	if spans[0].Name != "a.whl" || spans[1].Data-spans[1].Offset != paxHeader+blockHeader || size < 9<<30 {
		t.Errorf("spans %+v, size %d", spans, size)
	}
}

func TestLayoutRefuses(t *testing.T) {
	t.Parallel()
	for code, files := range map[string][]File{
		"no-wheels":        nil,
		"unsafe-member":    {{Name: "a.whl", Size: -1}},
		"not-a-wheel":      {{Name: "a.zip", Size: 1}},
		"duplicate-member": {{Name: "a.whl"}, {Name: "A.whl"}},
	} {
		_, _, err := Layout(files)
		wantCode(t, err, code)
	}
	_, _, err := Layout([]File{{Name: "folder/a.whl"}})
	wantCode(t, err, "unsafe-member")
}
