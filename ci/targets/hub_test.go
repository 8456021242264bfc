package targets_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdHub serves a repository o/r as GitHub's API does. Its run 10 came from a
// fork, run 9 is good, run 8 is of another branch.
func cmdHub(ts *testscript.TestScript, _ bool, args []string) {
	var body bytes.Buffer
	z := zip.NewWriter(&body)
	for _, file := range args {
		w, err := z.CreateHeader(&zip.FileHeader{Name: "entry/" + filepath.Base(file)})
		ts.Check(err)
		_, err = w.Write([]byte(ts.ReadFile(file)))
		ts.Check(err)
	}
	ts.Check(z.Close())
	run := func(id int, branch string, head int) string {
		return fmt.Sprintf(`{"id":%d,"status":"completed","conclusion":"success","head_branch":%q,"event":"push","head_sha":"0a1b","created_at":"2030-01-01T00:00:00Z",
			"path":".github/workflows/heavy-deps.yml","repository":{"id":7},"head_repository":{"id":%d,"full_name":"x/r"}}`, id, branch, head)
	}
	answers := map[string]string{
		"":                                       `{"default_branch":"main"}`,
		"/actions/workflows/heavy-deps.yml/runs": fmt.Sprintf(`{"total_count":3,"workflow_runs":[%s,%s,%s]}`, run(10, "main", 8), run(9, "main", 7), run(8, "topic", 7)),
		"/actions/runs/9":                        run(9, "main", 7),
		"/actions/runs/9/artifacts":              fmt.Sprintf(`{"total_count":1,"artifacts":[{"id":90,"name":"wheels","size_in_bytes":%d,"digest":"sha256:%x"}]}`, body.Len(), sha256.Sum256(body.Bytes())),
		"/actions/runs/8/artifacts":              `{"total_count":0,"artifacts":[]}`,
	}
	blob := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			http.Error(w, "no token is wanted here", http.StatusBadRequest)
			return
		}
		_, _ = w.Write(body.Bytes())
	}))
	ts.Defer(blob.Close)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/api/v1/repos/o/r")
		if r.Header.Get("Authorization") != "Bearer do-not-print-me" {
			w.WriteHeader(http.StatusUnauthorized)
		} else if path == "/actions/artifacts/90/zip" {
			http.Redirect(w, r, blob.URL+"/x?sig=do-not-print-me", http.StatusFound)
		} else if text, ok := answers[path]; ok {
			_, _ = w.Write([]byte(text))
		} else {
			http.NotFound(w, r)
		}
	}))
	ts.Defer(api.Close)
	ts.Setenv("GITHUB_API_URL", api.URL+"/api/v1")
}
