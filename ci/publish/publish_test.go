package publish

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/release"
)

var errBroken = errors.New("the connection broke")

// server is a repository's releases in memory.
type server struct {
	t        *testing.T
	releases []*release.Release
	assets   map[int64][]byte // by id
	ids      int64
	sent     map[string]int // by name, whole
	commit   string
	// silent keeps digests back; lies stores other bytes than it is sent and
	// gives the digest of those that it was sent.
	silent, lies bool
	// loses forgets what it was sent; drafty publishes nothing, and says so.
	loses, drafty bool
	immutable     bool
	// fails is the call that fails, counted from 1; after: once it was done.
	fails, calls int
	after        bool
	whole        []string // what a published release must have
}

func newServer(t *testing.T) *server {
	return &server{t: t, assets: map[int64][]byte{}, sent: map[string]int{}}
}

// call counts a call, and does it or lets it fail.
func (s *server) call(do func() error) error {
	s.calls++
	if s.calls == s.fails && !s.after {
		return errBroken
	}
	err := do()
	for _, r := range s.releases {
		for _, name := range s.whole {
			if !r.Draft && !slices.ContainsFunc(r.Assets, func(a release.Asset) bool { return a.Name == name && a.Uploaded }) {
				s.t.Errorf("after call %d the release is seen without %s", s.calls, name)
			}
		}
	}
	if s.calls == s.fails {
		return errBroken
	}
	return err
}

func (s *server) id() int64 { s.ids++; return s.ids }

func (s *server) find(id int64) *release.Release {
	for _, r := range s.releases {
		if r.ID == id {
			return r
		}
	}
	s.t.Fatalf("no release %d", id)
	return nil
}

func (s *server) Releases(context.Context) (all []release.Release, err error) {
	err = s.call(func() error {
		for _, r := range slices.Backward(s.releases) {
			all = append(all, *r)
		}
		return nil
	})
	return all, err
}

func (s *server) Assets(_ context.Context, id int64) (all []release.Asset, err error) {
	err = s.call(func() error { all = slices.Clone(s.find(id).Assets); return nil })
	return all, err
}

func (s *server) CreateDraft(_ context.Context, tag, commit, _ string) (made release.Release, err error) {
	err = s.call(func() error {
		made = release.Release{ID: s.id(), Tag: tag, Draft: true}
		s.releases, s.commit = append(s.releases, &made), commit
		return nil
	})
	return made, err
}

func (s *server) Upload(_ context.Context, to release.Release, name string, size int64, open func() (io.ReadCloser, error)) (a release.Asset, err error) {
	err = s.call(func() error {
		from, err := open()
		if err != nil {
			return err
		}
		data, err := io.ReadAll(from)
		if err := errors.Join(err, from.Close()); err != nil {
			return err
		}
		s.sent[name]++
		a = release.Asset{ID: s.id(), Name: name, Size: size, SHA256: hexOf(data), Uploaded: true}
		kept := a
		if s.lies {
			data = bytes.ToUpper(data)
			kept.SHA256 = hexOf(data)
		}
		if s.silent {
			kept.SHA256 = ""
		}
		s.assets[a.ID] = data
		if r := s.find(to.ID); !s.loses {
			r.Assets = append(r.Assets, kept)
		}
		return nil
	})
	return a, err
}

func (s *server) OpenAsset(_ context.Context, id int64) (body io.ReadCloser, err error) {
	err = s.call(func() error { body = io.NopCloser(bytes.NewReader(s.assets[id])); return nil })
	return body, err
}

func (s *server) Publish(_ context.Context, id int64, tag, body string) (made release.Release, err error) {
	err = s.call(func() error {
		if body != "" {
			s.t.Errorf("the draft's text becomes %q", body)
		}
		for _, r := range s.releases {
			if r.ID != id && r.Tag == tag && !r.Draft {
				return fmt.Errorf("refused: %w", fs.ErrExist)
			}
		}
		r := s.find(id)
		r.Draft, r.Immutable = s.drafty, s.immutable
		made = *r
		return nil
	})
	return made, err
}

func hexOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// set writes files and gives them as they are published.
func set(t *testing.T, names ...string) []File {
	t.Helper()
	dir := t.TempDir()
	var files []File
	for _, name := range names {
		data := []byte("the bytes of " + name)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, File{path, name, int64(len(data)), hexOf(data)})
	}
	return files
}

var names = []string{"w-3.11.tgz", "w-3.11.tgz.meta", "w-3.11.tgz.asc"}

func TestRun(t *testing.T) {
	t.Parallel()
	for _, silent := range []bool{false, true} {
		s := newServer(t)
		s.silent, s.whole = silent, names
		o := Options{Tag: "t", Commit: "c0ffee", Files: set(t, names...)}
		done, err := Run(t.Context(), s, o)
		if err != nil || done.Unchanged || done.Release.Draft || done.Release.Tag != "t" || s.commit != "c0ffee" {
			t.Errorf("%+v, %v", done, err)
		}
		if got := strings.Join(done.Sent, " "); got != "w-3.11.tgz.meta w-3.11.tgz.asc w-3.11.tgz" {
			t.Errorf("sent %s: the tarball goes last", got)
		}
		done, err = Run(t.Context(), s, o)
		if err != nil || !done.Unchanged || len(done.Sent) > 0 || len(s.releases) != 1 || s.sent[names[0]] != 1 {
			t.Errorf("again: %+v, %v, %v", done, err, s.sent)
		}
	}
}

// TestBreaks lets each call fail, before and after it did its work: what is
// seen is complete, nothing whole is sent twice, and once more it is done.
func TestBreaks(t *testing.T) {
	t.Parallel()
	files := set(t, names...)
	tried := 0
	for _, silent := range []bool{false, true} {
		for _, after := range []bool{false, true} {
			for n := 1; ; n++ {
				s := newServer(t)
				s.silent, s.after, s.fails, s.whole = silent, after, n, names
				if _, err := Run(t.Context(), s, Options{Tag: "t", Files: files}); err == nil {
					break // it makes fewer calls
				} else if !errors.Is(err, errBroken) {
					t.Fatalf("call %d: %v", n, err)
				}
				tried++
				s.fails = 0
				if _, err := Run(t.Context(), s, Options{Tag: "t", Files: files}); err != nil {
					t.Errorf("again after call %d: %v", n, err)
				}
				for name, times := range s.sent {
					if times != 1 {
						t.Errorf("call %d: %s was sent %d times", n, name, times)
					}
				}
				seen := slices.DeleteFunc(slices.Clone(s.releases), func(r *release.Release) bool { return r.Draft })
				if len(seen) != 1 {
					t.Errorf("call %d: %d releases are seen", n, len(seen))
				}
			}
		}
	}
	t.Logf("%d breaks", tried)
	if tried < 30 {
		t.Errorf("only %d breaks were tried", tried)
	}
}

// TestRefused: nothing that is there is changed, and nothing wrong is seen.
func TestRefused(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*testing.T, *server, []File)
		code   string
		sends  bool
		drafts int
	}{
		"a server that keeps other bytes":            {func(_ *testing.T, s *server, _ []File) { s.lies = true }, "digest-mismatch", true, 1},
		"and tells no digest":                        {func(_ *testing.T, s *server, _ []File) { s.lies, s.silent = true, true }, "digest-mismatch", true, 1},
		"a server that loses them":                   {func(_ *testing.T, s *server, _ []File) { s.loses = true }, "digest-mismatch", true, 1},
		"a server that publishes nothing":            {func(_ *testing.T, s *server, _ []File) { s.drafty = true }, "api-answer", true, 1},
		"a draft with other bytes under one's name":  {func(_ *testing.T, s *server, _ []File) { s.have("t", true, names[2], "other") }, "asset-exists", false, 1},
		"a release with other bytes under that name": {func(_ *testing.T, s *server, _ []File) { s.have("t", false, names[2], "other") }, "asset-exists", false, 0},
		"an immutable release that lacks one": {func(_ *testing.T, s *server, _ []File) {
			s.have("t", false, "x", "x").Immutable = true
		}, "release-immutable", false, 0},
		"a file that changed": {func(t *testing.T, _ *server, files []File) { rewrite(t, files[1], "THE BYTES OF W-3.11.TGZ.META") }, "changed-meanwhile", false, 1},
		"a file that grew":    {func(t *testing.T, _ *server, files []File) { rewrite(t, files[1], strings.Repeat("x", 99)) }, "changed-meanwhile", false, 1},
		"a file that is gone": {func(t *testing.T, _ *server, files []File) { _ = os.Remove(files[1].Path) }, "file-unreadable", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, files := newServer(t), set(t, names...)
			test.change(t, s, files)
			_, err := Run(t.Context(), s, Options{Tag: "t", Files: files})
			if fault.Code(err) != test.code {
				t.Errorf("got %v, want %s", err, test.code)
			}
			drafts := 0
			for _, r := range s.releases {
				if r.Draft {
					drafts++
				}
				if test.code == "changed-meanwhile" && len(r.Assets) > 0 {
					t.Errorf("what changed stays: %+v", r.Assets)
				}
			}
			if strings.Contains(name, "grew") && s.sent[files[1].Name] > 0 {
				t.Error("it was sent")
			}
			if drafts != test.drafts || !test.sends && s.sent[names[0]] > 0 {
				t.Errorf("%d drafts, sent %v", drafts, s.sent)
			}
		})
	}
}

// have makes a release with an asset.
func (s *server) have(tag string, draft bool, name, data string) *release.Release {
	r := &release.Release{ID: s.id(), Tag: tag, Draft: draft}
	r.Assets = []release.Asset{{ID: s.id(), Name: name, Size: int64(len(data)), SHA256: hexOf([]byte(data)), Uploaded: true}}
	s.assets[r.Assets[0].ID] = []byte(data)
	s.releases = append(s.releases, r)
	return r
}

func rewrite(t *testing.T, f File, data string) {
	t.Helper()
	if err := os.WriteFile(f.Path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDecide: what is there by half is sent again; the same size is not the same
// file.
func TestDecide(t *testing.T) {
	t.Parallel()
	f := File{Name: "x", Size: 1, SHA256: "aa"}
	for name, test := range map[string]struct {
		asset release.Asset
		want  string
	}{
		"there":             {release.Asset{Name: "x", Size: 1, SHA256: "aa", Uploaded: true}, "there"},
		"another name":      {release.Asset{Name: "y", Size: 1, SHA256: "aa", Uploaded: true}, "send"},
		"by half":           {release.Asset{Name: "x", Size: 1, SHA256: "aa"}, "send"},
		"without a digest":  {release.Asset{Name: "x", Size: 1, Uploaded: true}, "asset-exists"},
		"of another size":   {release.Asset{Name: "x", Size: 2, Uploaded: true}, "asset-exists"},
		"with other bytes":  {release.Asset{Name: "x", Size: 1, SHA256: "bb", Uploaded: true}, "asset-exists"},
		"of size and bytes": {release.Asset{Name: "x", Size: 2, SHA256: "aa", Uploaded: true}, "asset-exists"},
	} {
		p, err := Decide(release.Release{Tag: "t"}, []release.Asset{test.asset}, []File{f})
		got := fault.Code(err)
		for what, files := range map[string][]File{"there": p.There, "send": p.Send} {
			if len(files) == 1 {
				got += what
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestTakenMeanwhile: two publish one tag at once.
func TestTakenMeanwhile(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	files := set(t, names...)
	other := false
	_, err := Run(t.Context(), s, Options{Tag: "t", Files: files, Step: func(text string) func() {
		if strings.HasPrefix(text, "publishing") && !other {
			other = true
			s.have("t", false, "another", "x")
		}
		return func() {}
	}})
	if fault.Code(err) != "release-taken" {
		t.Fatal(err)
	}
	done, err := Run(t.Context(), s, Options{Tag: "t", Files: files})
	if err != nil || done.Release.Draft || len(done.Sent) != len(files) {
		t.Errorf("again: %+v, %v", done, err)
	}
}

// TestChoose: a published release before a draft, the oldest draft before
// others, another tag's never.
func TestChoose(t *testing.T) {
	t.Parallel()
	r := func(id int64, tag string, draft bool) release.Release {
		return release.Release{ID: id, Tag: tag, Draft: draft}
	}
	for name, test := range map[string]struct {
		all    []release.Release
		id     int64
		others int
	}{
		"none":            {nil, 0, 0},
		"another tag's":   {[]release.Release{r(1, "u", false)}, 0, 0},
		"two drafts":      {[]release.Release{r(3, "t", true), r(2, "t", true), r(1, "u", true)}, 2, 1},
		"a published one": {[]release.Release{r(3, "t", true), r(4, "t", false), r(2, "t", true)}, 4, 2},
	} {
		chosen, found, others := Choose(test.all, "t")
		if chosen.ID != test.id || found != (test.id > 0) || others != test.others {
			t.Errorf("%s: %+v %v %d", name, chosen, found, others)
		}
	}
	told := ""
	s := newServer(t)
	s.have("t", true, "x", "x")
	s.have("t", true, "x", "x")
	done, err := Run(t.Context(), s, Options{Tag: "t", Files: set(t, names...), Note: func(text string) { told = text }})
	if err != nil || done.Release.ID != 1 || !strings.Contains(told, "1 more drafts") {
		t.Errorf("%+v, %v, %q", done, err, told)
	}
}
