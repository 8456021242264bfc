package rclonestore_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/rclonestore"
)

// remote is a store over the fake, and the folder that it is.
func remote(t *testing.T, mode string) (*rclonestore.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "remote")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return over(t, dir, mode), dir
}

func over(t *testing.T, dir, mode string) *rclonestore.Store {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := rclonestore.Open("rclone:fake:a store", rclonestore.Options{
		Program: program, Environ: append(os.Environ(), "FAKE_RCLONE="+dir, "FAKE_MODE="+mode), TempDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func bytesOf(data string) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data)), nil }
}

func read(ctx context.Context, s *rclonestore.Store, key string) (string, error) {
	body, err := s.Open(ctx, key)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(body)
	return string(data), errors.Join(err, body.Close())
}

// TestStore does everything once.
func TestStore(t *testing.T) {
	t.Parallel()
	s, dir := remote(t, "")
	ctx := t.Context()
	for range s.List(ctx, "") {
		t.Error("an object in an empty store")
	}
	const key, data = "entries/a/b@c", "data -flag $(sh) \x00"
	for _, first := range []bool{true, false} {
		if created, err := s.Put(ctx, key, int64(len(data)), bytesOf(data)); created != first || err != nil {
			t.Fatal(created, err)
		}
	}
	if got, err := read(ctx, s, key); got != data || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if o, err := s.Stat(ctx, key); err != nil || o.Key != key || o.Size != int64(len(data)) || o.Modified.IsZero() {
		t.Errorf("%+v, %v", o, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a store", "not a key"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string][]string{"": {key}, "entries/": {key}, "entries/a/b": {key}, "entries/b": nil, "blobs/": nil} {
		var got []string
		for o, err := range s.List(ctx, prefix) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, o.Key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q", prefix, got)
		}
	}
	for _, key := range []string{"entries", "entries/a", "blobs/a"} { // folders are no objects
		if _, err := read(ctx, s, key); !errors.Is(err, fs.ErrNotExist) || fault.Code(err) != "store-object-missing" {
			t.Errorf("%s: %v", key, err)
		}
	}
	for range 2 {
		if err := s.Delete(ctx, key); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Stat(ctx, key); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(s.TempDir, "*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// TestWords holds that no word of ours can be taken for an option of rclone's.
func TestWords(t *testing.T) {
	t.Parallel()
	s, dir := remote(t, "")
	if _, err := s.Put(t.Context(), "blobs/-x", 1, bytesOf("x")); err != nil {
		t.Fatal(err)
	}
	words, err := os.ReadFile(filepath.Join(dir, "..", "last-words"))
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(words), "\n")
	want := []string{"--ask-password=false", "--stats=0", "--log-level=ERROR", "copyto", "--immutable", "--no-update-modtime", got[6], "fake:a store/blobs/-x"}
	if !slices.Equal(got, want) || !filepath.IsAbs(got[6]) {
		t.Errorf("%q", got)
	}
}

// TestWrongSize stores nothing of a file that is not what it was.
func TestWrongSize(t *testing.T) {
	t.Parallel()
	s, dir := remote(t, "")
	for _, data := range []string{"dat", "data."} {
		if created, err := s.Put(t.Context(), "blobs/x", 4, bytesOf(data)); created || fault.Code(err) != "wrong-size" {
			t.Errorf("%v, %v", created, err)
		}
	}
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Error(files)
	}
}

// TestFaults has rclone fail in every way.
func TestFaults(t *testing.T) {
	t.Parallel()
	for mode, code := range map[string]string{
		forbids: "store-refused", fills: "store-full", mutters: "store-unreachable", floods: "store-unreachable",
	} {
		s, _ := remote(t, mode)
		ctx := t.Context()
		_, put := s.Put(ctx, "blobs/x", 1, bytesOf("x"))
		_, stat := s.Stat(ctx, "blobs/x")
		_, open := s.Open(ctx, "blobs/x")
		list := error(nil)
		for _, list = range s.List(ctx, "") {
		}
		for i, err := range []error{put, stat, open, list, s.Delete(ctx, "blobs/x")} {
			if fault.Code(err) != code || errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "do-not-print-me") {
				t.Errorf("%s %d: %v", mode, i, err)
			}
		}
	}
	s, dir := remote(t, "")
	if _, err := s.Put(t.Context(), "blobs/x", 1, bytesOf("x")); err != nil {
		t.Fatal(err)
	}
	if got, err := read(t.Context(), over(t, dir, breaks), "blobs/x"); fault.Code(err) != "store-unreachable" {
		t.Errorf("a body that breaks off: %q, %v", got, err)
	}
	if _, err := over(t, dir, vanishes).Stat(t.Context(), "blobs/x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestHalfLists fails where a list is not all there is.
func TestHalfLists(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{loses, flickers} {
		s, dir := remote(t, mode)
		if err := os.Mkdir(filepath.Join(dir, "a store"), 0o755); err != nil {
			t.Fatal(err)
		}
		last := error(nil)
		for _, last = range s.List(t.Context(), "") {
		}
		if fault.Code(last) != "store-unreachable" || errors.Is(last, fs.ErrNotExist) {
			t.Errorf("%s: %v", mode, last)
		}
	}
}

// TestMissing names the program that is not there.
func TestMissing(t *testing.T) {
	t.Parallel()
	s, err := rclonestore.Open("rclone:fake:x", rclonestore.Options{Environ: []string{"PATH=" + t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Stat(t.Context(), "blobs/x")
	if e, _ := fault.As(err); fault.Code(err) != "rclone-missing" || e.Hint == "" || errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// TestKeys refuses what is no key before rclone runs.
func TestKeys(t *testing.T) {
	t.Parallel()
	s, dir := remote(t, "")
	for _, key := range []string{"", "../x", "blobs/../../x", "-x", "blobs/a b", "a:b"} {
		_, put := s.Put(t.Context(), key, 1, bytesOf("x"))
		_, open := s.Open(t.Context(), key)
		for _, err := range []error{put, open, s.Delete(t.Context(), key)} {
			if fault.Code(err) != "bad-store-key" {
				t.Errorf("%q: %v", key, err)
			}
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "..", "last-words")); err == nil {
		t.Error("rclone was run")
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"rclone:remote:path":                      "rclone:remote:path",
		"rclone:remote:":                          "rclone:remote:",
		"rclone:remote:a b/c/":                    "rclone:remote:a%20b/c",
		"rclone:remote:a%20b/50%25":               "rclone:remote:a%20b/50%25",
		"rclone:remote:%2e%2e/50%":                "rclone:remote:%252e%252e/50%25",
		"rclone::gcs,env_auth:bucket":             "rclone::gcs,env_auth:bucket",
		"rclone::s3,provider=AWS,env_auth:b/p":    "rclone::s3,provider=AWS,env_auth:b/p",
		"rclone:remote":                           "",
		"rclone:/a/path":                          "",
		"rclone:--config=x:path":                  "",
		"rclone:remote:../x":                      "",
		"rclone:remote:a\nb":                      "",
		"s3:remote:path":                          "",
		"rclone::sftp,ssh=sh:x":                   "",
		"rclone::s3,secret_access_key=hunter2:b":  "",
		"rclone::webdav,url=https://u:hunter2@h:": "",
		"rclone:remote,env_auth:x":                "",
	} {
		s, err := rclonestore.Open(url, rclonestore.Options{})
		switch {
		case want == "" && (fault.Code(err) != "bad-store-url" || strings.Contains(err.Error(), "hunter2")):
			t.Errorf("%q: %v", url, err)
		case want != "" && (err != nil || s.URL() != want):
			t.Errorf("%q: %v", url, err)
		}
	}
}

// FuzzURL holds that what is recorded opens the same store, and that none is
// taken for an option.
func FuzzURL(f *testing.F) {
	for _, seed := range []string{"rclone:a:b", "rclone::gcs,env_auth:b", "rclone:-a:b", "rclone::sftp,ssh=x:", "rclone:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, url string) {
		s, err := rclonestore.Open(url, rclonestore.Options{})
		if err != nil {
			return
		}
		remote := strings.TrimPrefix(s.URL(), rclonestore.Scheme)
		again, err := rclonestore.Open(s.URL(), rclonestore.Options{})
		if err != nil || again.URL() != s.URL() || strings.HasPrefix(remote, "-") || strings.ContainsAny(remote, "\x00\n ") {
			t.Errorf("%q gives %q", url, s.URL())
		}
	})
}
