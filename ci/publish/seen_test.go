package publish

import (
	"io"
	"os"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

// TestSeenAlready: a release that everybody sees is changed by nothing that is
// not known to be right, and its tarball comes when the rest was read back.
func TestSeenAlready(t *testing.T) {
	t.Parallel()
	same := "the bytes of " + names[2]
	for name, test := range map[string]struct {
		silent, lies bool
		there        string // in the place of the last file; empty: nothing is
		code         string
		sent         string
	}{
		"without digests, the same bytes":   {true, false, same, "", "w-3.11.tgz w-3.11.tgz.meta"},
		"without digests, other bytes":      {true, false, strings.ToUpper(same), "asset-exists", ""},
		"one that keeps other bytes":        {false, true, "", "digest-mismatch", "w-3.11.tgz.asc w-3.11.tgz.meta"},
		"and tells no digest":               {true, true, "", "digest-mismatch", "w-3.11.tgz.asc w-3.11.tgz.meta"},
		"other bytes, and all else missing": {false, false, strings.ToUpper(same), "asset-exists", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.silent, s.lies = test.silent, test.lies
			r := s.have("t", false, "another's", "x")
			if test.there != "" {
				r.Assets = append(r.Assets, s.have("u", false, names[2], test.there).Assets...)
				if test.silent {
					r.Assets[1].SHA256 = ""
				}
			}
			_, err := Run(t.Context(), s, Options{Tag: "t", Files: set(t, names...)})
			if got := fault.Code(err); err != nil && got != test.code || err == nil && test.code != "" {
				t.Errorf("%v, want %q", err, test.code)
			}
			if e, ok := fault.As(err); ok && e.Code == "digest-mismatch" && !strings.Contains(e.Hint, "was published before") {
				t.Errorf("the hint is %q", e.Hint)
			}
			for _, name := range names {
				if want := strings.Contains(" "+test.sent+" ", " "+name+" "); (s.sent[name] > 0) != want {
					t.Errorf("sent %v, want %s", s.sent, test.sent)
				}
			}
		})
	}
}

// TestTooLarge: what no release takes is refused before anything is asked.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	s, files := newServer(t), set(t, names...)
	files[0].Size = release.Limit
	if _, err := Run(t.Context(), s, Options{Tag: "t", Files: files}); fault.Code(err) != "asset-too-large" || s.calls > 0 {
		t.Errorf("%v after %d calls", err, s.calls)
	}
}

// TestDownloadedOnce: without digests, each asset is downloaded once.
func TestDownloadedOnce(t *testing.T) {
	t.Parallel()
	s, files := newServer(t), set(t, names...)
	s.silent = true
	o := Options{Tag: "t", Files: files}
	for range 2 {
		if _, err := Run(t.Context(), s, o); err != nil {
			t.Fatal(err)
		}
	}
	before := s.calls
	if _, err := Run(t.Context(), s, o); err != nil || s.calls-before != 1+1+len(files)+1 {
		t.Errorf("%d calls, %v", s.calls-before, err)
	}
}

// TestChecked: a file that changes while it is read is never given whole.
func TestChecked(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(path string) error
		most   int // bytes that may be given; -1: all, and no error
	}{
		"as it was":   {func(string) error { return nil }, -1},
		"other bytes": {func(path string) error { return os.WriteFile(path, []byte("THE BYTES OF X"), 0o644) }, 13},
		"its last":    {func(path string) error { return os.WriteFile(path, []byte("the bytes of y"), 0o644) }, 13},
		"shorter":     {func(path string) error { return os.Truncate(path, 5) }, 5},
		"empty":       {func(path string) error { return os.Truncate(path, 0) }, 0},
		// Whoever takes so many bytes looks whether there are more.
		"longer": {func(path string) error { return os.WriteFile(path, []byte("the bytes of x, and more"), 0o644) }, 14},
	} {
		for _, at := range []int{1, 7, 13, 14, 100} {
			f := set(t, "x")[0]
			from, err := open(f)
			if err != nil {
				t.Fatal(err)
			}
			if err := test.change(f.Path); err != nil {
				t.Fatal(err)
			}
			given, err := 0, error(nil)
			for buffer := make([]byte, at); err == nil; {
				var n int
				n, err = from.Read(buffer)
				given += n
			}
			if good := err == io.EOF && given == 14; good != (test.most < 0) || !good && (fault.Code(err) != "changed-meanwhile" || given > test.most) {
				t.Errorf("%s, %d at once: %d bytes, %v", name, at, given, err)
			}
			if n, again := from.Read(make([]byte, at)); n > 0 || again != err {
				t.Errorf("%s: after %v there are %d bytes, %v", name, err, n, again)
			}
			if err := from.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
