//go:build e2e

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secret stands for a password or a token; nothing that is written or said may
// hold it.
const secret = "s3cr3t-" + "t0ken-of-e2e" // in two parts: the clone that is searched holds this file

// indexed makes an environment whose only index is the server, with the secret
// in its address.
func indexed(t *testing.T, server string) []string {
	t.Helper()
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	address.User = url.UserPassword("user", secret)
	return []string{
		"PIP_INDEX_URL=" + address.String() + "/simple/", "PIP_EXTRA_INDEX_URL=", "PIP_FIND_LINKS=",
		"PIP_CONFIG_FILE=" + os.DevNull, "PIP_NO_CACHE_DIR=1", "PIP_RETRIES=0", "PIP_DEFAULT_TIMEOUT=2",
	}
}

// TestFailingIndex builds from indexes that do not serve: each is one clear
// error with a way out, and leaves nothing.
func TestFailingIndex(t *testing.T) {
	s := sample(t)
	forbid := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) })
	hang := make(chan struct{})
	hanging := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	refused, silent, untrusted := httptest.NewServer(forbid), httptest.NewServer(hanging), httptest.NewTLSServer(forbid)
	gone := httptest.NewServer(forbid)
	gone.Close()
	defer refused.Close()
	defer silent.Close()
	defer close(hang)
	defer untrusted.Close()
	for name, test := range map[string]struct{ server, code string }{
		"403":         {refused.URL, "index-refused"},
		"time-out":    {silent.URL, "index-unreachable"},
		"nobody":      {gone.URL, "index-unreachable"},
		"certificate": {untrusted.URL, "index-tls"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, temp := t.TempDir(), t.TempDir()
			requirements := write(t, filepath.Join(dir, "requirements.txt"), "docopt==0.6.2\n")
			out := filepath.Join(dir, "out")
			got := s.ours(t, dir, append(indexed(t, test.server), "TMPDIR="+temp),
				"build", "-requirements="+requirements, "-out="+out).want(t, 3)
			got.has(t, "["+test.code+"]", "hint:", "-wheels")
			if strings.Contains(got.all(), secret) {
				t.Errorf("the secret is in what is said:\n%s", got.all())
			}
			searchFor(t, secret, dir)
			empty(t, temp)
			empty(t, out)
		})
	}
}

// TestSecretStaysOut builds, records, proves and archives from an index whose
// address and whose links hold a secret, and looks for it everywhere.
func TestSecretStaysOut(t *testing.T) {
	s := sample(t)
	name, version := wheelOf(t, s, "certifi")
	served := filepath.Join(s.extracted(t), name)
	mux := http.NewServeMux()
	mux.HandleFunc("/simple/certifi/", func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != secret {
			w.Header().Set("WWW-Authenticate", `Basic realm="index"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<!DOCTYPE html><a href=\"/files/%s?sig=%s#sha256=%s\">%s</a>\n", name, secret, sum(t, served), name)
	})
	mux.HandleFunc("/files/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("sig") != secret {
			http.Error(w, "not signed", http.StatusForbidden)
			return
		}
		http.ServeFile(w, r, served)
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	dir, temp := t.TempDir(), t.TempDir()
	requirements := write(t, filepath.Join(dir, "requirements.txt"), "certifi=="+version+"\n")
	tarball := filepath.Join(dir, "out", filepath.Base(s.tarball()))
	archive := filepath.Join(dir, "archive")
	more := append(append(indexed(t, server.URL), small("certifi")...), "TMPDIR="+temp)
	got := s.ours(t, dir, more,
		"build", "-requirements="+requirements, "-out="+filepath.Dir(tarball),
		"meta", "-tar="+tarball, "-requirements="+requirements,
		"validate", "-tar="+tarball, "-requirements="+requirements,
		"archive", "-tar="+tarball, "-dir="+archive).want(t, 0)
	if strings.Contains(got.all(), secret) {
		t.Errorf("the secret is in what is said:\n%s", got.all())
	}
	for _, folder := range []string{dir, temp, s.clone, home()} {
		searchFor(t, secret, folder)
	}
	empty(t, temp)
	l := readLock(t, filepath.Join(dir, "out", filepath.Base(s.lockFile())))
	if want := server.URL + "/files/" + name; len(l.Wheels) != 1 || l.Wheels[0].URL != want {
		t.Errorf("the lock's wheels are %+v, want the URL %s", l.Wheels, want)
	}
	if entries, _ := filepath.Glob(filepath.Join(archive, "*-local-*", "*.tgz")); len(entries) != 1 {
		t.Errorf("archived are %q", entries)
	}
}

// hangingIndex is an index that never answers, and says when it was asked.
func hangingIndex(t *testing.T) (server string, asked <-chan struct{}) {
	t.Helper()
	came, done := make(chan struct{}, 64), make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case came <- struct{}{}:
		default:
		}
		select {
		case <-done:
		case <-r.Context().Done():
		case <-time.After(commandTime):
		}
	}))
	t.Cleanup(func() { close(done); hanging.Close() })
	return hanging.URL, came
}
