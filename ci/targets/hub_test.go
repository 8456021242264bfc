package targets_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wheelhouse-ci/wheelhouse/internal/hubtest"
)

// cmdHub serves a repository o/r as GitHub's API does. Its run 10 came from a
// fork, run 9 is good, run 8 is of another branch; those that are started are
// dispatched's.
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
	run := hubtest.Run(9, "completed", "success").With("created_at", "2030-01-01T00:00:00Z")
	artifact := hubtest.Artifact(90, "wheels", body.Len()).With("digest", fmt.Sprintf("sha256:%x", sha256.Sum256(body.Bytes())))
	answers := map[string]any{
		"":                                       hubtest.Repository(7, "o/r"),
		"/actions/workflows/heavy-deps.yml/runs": hubtest.Runs(hubtest.Forked(run.With("id", 10)), run, run.With("id", 8, "head_branch", "topic")),
		"/actions/runs/9":                        run,
		"/actions/runs/9/artifacts":              hubtest.Artifacts(artifact),
		"/actions/runs/8/artifacts":              hubtest.Artifacts(),
	}
	blob := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			http.Error(w, "no token is wanted here", http.StatusBadRequest)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body.Bytes()))
	}))
	ts.Defer(blob.Close)
	api := httptest.NewServer(hubtest.Record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/api/v1/repos/o/r")
		if r.Header.Get("Authorization") != "Bearer do-not-print-me" {
			hubtest.Error(w, http.StatusUnauthorized, "Requires authentication")
		} else if path == "/actions/artifacts/90/zip" {
			http.Redirect(w, r, blob.URL+"/x?sig=do-not-print-me", http.StatusFound)
		} else if dispatched(w, r, path, artifact) {
			return
		} else if answer, ok := answers[path]; ok {
			hubtest.Answer(w, answer)
		} else {
			hubtest.Error(w, http.StatusNotFound, "Not Found")
		}
	}), "/api/v1"))
	ts.Defer(api.Close)
	ts.Setenv("GITHUB_API_URL", api.URL+"/api/v1")
}

// cmdReleases starts a server for the releases of o/r: releases [lies] [silent]
// [immutable].
func cmdReleases(ts *testscript.TestScript, _ bool, args []string) {
	is := func(word string) bool { return slices.Contains(args, word) }
	h := &hubtest.Releases{
		Repository: "o/r", Token: "do-not-print-me", Folder: ts.MkAbs("released"),
		Lies: is("lies"), Silent: is("silent"), Immutable: is("immutable"),
	}
	server := httptest.NewServer(hubtest.Record(h, "/api/v3"))
	ts.Defer(server.Close)
	h.Address = server.URL
	ts.Setenv("GITHUB_API_URL", server.URL+"/api/v3")
}
