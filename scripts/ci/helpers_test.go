//go:build unix

// Package ci_test runs the old helpers: over a stand-in that notes its words
// and says what it is told to, and over the real targets.
package ci_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// standIn is a scripts/wheelhouse that prints its words to the file words, and
// its environment to that of SAY_ENVIRON.
const standIn = `#!/bin/sh
printf '%s\n' "$@" >words
[ -z "$SAY_ENVIRON" ] || env >"$SAY_ENVIRON"
[ -z "$SAY_OUT" ] || printf '%s\n' "$SAY_OUT"
[ -z "$SAY_ERR" ] || printf '%s\n' "$SAY_ERR" >&2
exit "$SAY_STATUS"
`

// checkout is a folder with the helpers beside a stand-in, without those named.
func checkout(t *testing.T, without ...string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "scripts", "ci"), 0o755); err != nil {
		t.Fatal(err)
	}
	// A child forked while a script is open for writing would keep it from
	// being run ("text file busy").
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := os.WriteFile(filepath.Join(dir, "scripts", "wheelhouse"), []byte(standIn), 0o755); err != nil {
		t.Fatal(err)
	}
	helpers, err := filepath.Glob("*.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, helper := range helpers {
		data, err := os.ReadFile(helper)
		if err != nil {
			t.Fatal(err)
		}
		if len(without) > 0 && helper == without[0] {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, "scripts", "ci", helper), data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// helper runs a helper in dir, without settings from around the tests.
func helper(t *testing.T, dir, path string, environ []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cmd := exec.Command("sh", append([]string{path}, args...)...)
	cmd.Dir = dir
	ambient := slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "WHEELHOUSE_") })
	cmd.Env = append(ambient, environ...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

const (
	archive  = "archive_wheelhouse.sh"
	validate = "validate_wheelhouse_consumer.sh"
	fetch    = "fetch_wheelhouse_poll.sh"
	upload   = "upload_artifacts_optin.sh"
	dispatch = "dispatch_and_fetch.sh"
)

func TestStatuses(t *testing.T) {
	t.Parallel()
	src, local, start := []string{"--src", "x.tgz"}, []string{"--local-tar", "x.tgz"}, []string{"o/r", "w.yml"}
	for _, c := range []struct {
		name, helper string
		args         []string
		out, err     string
		status, want int
	}{
		{"usage", archive, []string{"--nope"}, "", "", 0, 2},
		{"no value", archive, []string{"--src"}, "", "", 0, 2},
		{"no src", archive, nil, "", "", 0, 3},
		{"missing", archive, src, "", "Error: no such tarball: x.tgz [tar-missing]", 1, 4},
		{"refused", archive, src, "", "Error: another [run-taken]", 1, 1},
		{"done", archive, src, "docs/ci-archive/20300101-7  added", "", 0, 0},
		{"usage", validate, []string{"--nope"}, "", "", 0, 2},
		{"no value", validate, []string{"--venv-dir"}, "", "", 0, 2},
		{"missing", validate, local, "", "Error: no such tarball: x.tgz [tar-missing]", 1, 4},
		{"pip", validate, local, "FAIL  install-failed  x", "Error: refused [not-proven]", 1, 7},
		{"abi", validate, local, "FAIL  install-failed  x\nFAIL  tag-mismatch    x", "Error: refused [not-proven]", 1, 8},
		{"a warning", validate, local, "WARN  tag-mismatch  x\nFAIL  tests-failed  x", "Error: refused [not-proven]", 1, 1},
		{"no test", validate, local, "FAIL  no-tests  x", "Error: refused [not-proven]", 1, 5},
		{"damaged", validate, local, "", "Error: cut [tar-truncated]", 1, 1},
		{"no network namespace", validate, local, "", "Error: none [no-isolation]", 3, 3},
		{"interrupted", validate, local, "", "Error: interrupted [interrupted]", 143, 143},
		{"done", validate, local, "verdict: PASS", "", 0, 0},
		{"nothing fetched", validate, nil, "", "", 0, 5},
		{"usage", fetch, []string{"--nope"}, "", "", 0, 2},
		{"no runs", fetch, nil, "", "Error: none [no-runs]", 1, 3},
		{"only failed runs", fetch, nil, "", "Error: none [no-good-run]", 1, 3},
		{"timed out", fetch, nil, "", "Error: slow [timed-out]", 3, 4},
		{"no artifact", fetch, nil, "", "Error: none [artifact-missing]", 1, 5},
		{"broken off", fetch, nil, "", "Error: cut [transfer-failed]", 3, 5},
		{"no tarball", fetch, nil, "", "Error: none [no-tarball]", 1, 6},
		{"no token", fetch, nil, "", "Error: none [token-missing]", 3, 3},
		{"done", fetch, nil, "ci_artifacts/run-7", "", 0, 0},
		{"usage", dispatch, []string{"--nope"}, "", "", 0, 2},
		{"no workflow", dispatch, []string{"o/r"}, "", "", 0, 2},
		{"too many", dispatch, []string{"a", "b", "c", "d", "e", "f"}, "", "", 0, 2},
		{"no such repository", dispatch, start, "", "Error: none [bad-repository]", 2, 2},
		{"not started", dispatch, start, "", "Error: no [no-trigger]", 1, 1},
		{"no such ref", dispatch, start, "", "Error: no [no-such-ref]", 1, 1},
		{"no token", dispatch, start, "", "Error: none [token-missing]", 3, 1},
		{"no answer", dispatch, start, "", "Error: none [api-unreachable]", 3, 1},
		{"unclear", dispatch, start, "", "Error: maybe [dispatch-unclear]", 3, 1},
		{"not found", dispatch, start, "", "Error: none [run-not-found]", 3, 1},
		{"several", dispatch, start, "", "Error: many [several-runs]", 1, 1},
		{"failed", dispatch, start, "", "Error: failure [run-failed]", 1, 1},
		{"not finished", dispatch, start, "", "Error: slow [timed-out]", 3, 2},
		{"no artifact", dispatch, start, "", "Error: none [artifact-missing]", 1, 3},
		{"broken off", dispatch, start, "", "Error: cut [transfer-failed]", 3, 3},
		{"no tarball", dispatch, start, "", "Error: none [no-tarball]", 1, 3},
		{"no room", dispatch, start, "", "Error: full [fetch-failed]", 3, 3},
		{"interrupted", dispatch, start, "", "Error: interrupted [interrupted]", 143, 143},
		{"done", dispatch, start, "ci_artifacts/run-7", "", 0, 0},
	} {
		t.Run(c.helper+" "+c.name, func(t *testing.T) {
			t.Parallel()
			dir := checkout(t)
			environ := []string{"SAY_OUT=" + c.out, "SAY_ERR=" + c.err, "SAY_STATUS=" + strconv.Itoa(c.status)}
			stdout, stderr, status := helper(t, dir, filepath.Join("scripts", "ci", c.helper), environ, c.args...)
			if status != c.want {
				t.Errorf("status %d, want %d; printed %q and %q", status, c.want, stdout, stderr)
			}
			if !strings.Contains(stderr, c.err) {
				t.Errorf("the error is not shown: %q", stderr)
			}
		})
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		helper     string
		args, want []string
	}{
		{archive, []string{"--src", "a b.tgz"}, []string{"meta", "-tar=a b.tgz", "archive", "-tar=a b.tgz", "-dir=docs/ci-archive"}},
		{archive, []string{"--src", "x.tgz", "--dest-dir", "d e", "--run-id", "7"},
			[]string{"meta", "-tar=x.tgz", "archive", "-tar=x.tgz", "-dir=d e", "-run=7"}},
		{validate, []string{"--local-tar", "x.tgz", "--python-bin", "sh"},
			[]string{"validate", "-tar=x.tgz", "-venv=.venv-ci", "-packages=numpy Pillow pytesseract", "-python=" + python, "-pytest=-k smoke "}},
		{validate, []string{"--local-tar", "x.tgz", "--python-bin", "sh", "--venv-dir", "v", "--packages", "a", "--pytest-args", "-x -q"},
			[]string{"validate", "-tar=x.tgz", "-venv=v", "-packages=a", "-python=" + python, "-pytest=-k smoke -x -q"}},
		{fetch, nil, []string{"fetch", "-workflow=heavy-deps.yml", "-artifact=wheelhouse-3.11", "-outdir=ci_artifacts", "-interval=15s"}},
		{fetch, []string{"--repo", "o/r", "--workflow", "w", "--artifact", "a", "--outdir", "d e", "--timeout-min", "3", "--interval-sec", "2"},
			[]string{"fetch", "-repo=o/r", "-workflow=w", "-artifact=a", "-outdir=d e", "-timeout=3m", "-interval=2s"}},
		{dispatch, []string{"o/r", "w.yml"},
			[]string{"dispatch", "-repo=o/r", "-workflow=w.yml", "-ref=main", "-artifact=wheelhouse-3.11", "-outdir=ci_artifacts"}},
		{dispatch, []string{"o/r", "w.yml", "a b", "c", "d e"},
			[]string{"dispatch", "-repo=o/r", "-workflow=w.yml", "-ref=a b", "-artifact=c", "-outdir=d e"}},
		{validate, []string{"--fetch-opts", "--repo o/r"},
			[]string{"fetch", "-repo=o/r", "-workflow=heavy-deps.yml", "-artifact=wheelhouse-3.11", "-outdir=ci_artifacts", "-interval=15s"}},
	} {
		t.Run(c.helper+" "+strings.Join(c.args, " "), func(t *testing.T) {
			t.Parallel()
			dir := checkout(t)
			helper(t, dir, filepath.Join("scripts", "ci", c.helper), []string{"SAY_STATUS=0", "SAY_OUT=", "SAY_ERR="}, c.args...)
			words, err := os.ReadFile(filepath.Join(dir, "words"))
			if got := strings.Split(strings.TrimSuffix(string(words), "\n"), "\n"); err != nil || strings.Join(got, "|") != strings.Join(c.want, "|") {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// TestFetchedTarball takes the tarball of the folder that was fetched, not of a
// newer one, and tells what is missing.
func TestFetchedTarball(t *testing.T) {
	t.Parallel()
	dir := checkout(t)
	run := filepath.Join(dir, "ci_artifacts", "run-7")
	if err := os.MkdirAll(run, 0o755); err != nil {
		t.Fatal(err)
	}
	path, environ := filepath.Join("scripts", "ci", validate), []string{"SAY_STATUS=0", "SAY_OUT=ci_artifacts/run-7", "SAY_ERR="}
	if _, stderr, status := helper(t, dir, path, environ, "--python-bin", "sh"); status != 6 {
		t.Errorf("no tarball: status %d, %q", status, stderr)
	}
	if err := os.WriteFile(filepath.Join(run, "wheelhouse-3.11.tgz"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "ci_artifacts", "run-8"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, _, status := helper(t, dir, path, environ, "--python-bin", "sh")
	if words, _ := os.ReadFile(filepath.Join(dir, "words")); status != 0 || !strings.Contains(string(words), "-tar=ci_artifacts/run-7/wheelhouse-3.11.tgz\n") {
		t.Errorf("status %d, words %q", status, words)
	}
	if _, _, status := helper(t, checkout(t, fetch), path, environ); status != 3 {
		t.Errorf("no fetch helper: status %d", status)
	}
}

// TestUpload takes the first store that the environment configures.
func TestUpload(t *testing.T) {
	t.Parallel()
	const s3, gcs, token, repository = "CI_S3_BUCKET=b/f", "CI_GCS_BUCKET=g", "GITHUB_TOKEN=secret", "GITHUB_REPOSITORY=o/r"
	for _, c := range []struct {
		name    string
		environ []string
		args    []string
		said    string // the target's error
		status  int
		store   string // empty: no target is run
	}{
		{"S3 first", []string{s3, gcs, token, repository}, []string{"a b.tgz"}, "", 0, "s3://b/f"},
		{"then GCS", []string{gcs, token, repository}, []string{"a b.tgz"}, "", 0, "rclone::gcs,env_auth:g"},
		{"then a release", []string{token, repository}, []string{"a b.tgz"}, "", 0, "release:o/r"},
		{"a token alone", []string{token}, []string{"a b.tgz"}, "", 4, ""},
		{"a repository alone", []string{repository}, []string{"a b.tgz"}, "", 4, ""},
		{"nothing", nil, []string{"a b.tgz"}, "", 4, ""},
		{"no such file", []string{s3}, []string{"nowhere.tgz"}, "", 3, ""},
		{"no file", []string{s3}, nil, "", 2, ""},
		{"two files", []string{s3}, []string{"a b.tgz", "a b.tgz"}, "", 2, ""},
		{"an option", []string{s3}, []string{"--nope"}, "", 2, ""},
		{"it goes away", []string{s3}, []string{"a b.tgz"}, "Error: no such tarball: a b.tgz [tar-missing]", 3, "s3://b/f"},
		{"refused", []string{s3}, []string{"a b.tgz"}, "Error: no credentials [store-refused]", 1, "s3://b/f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := checkout(t)
			if err := os.WriteFile(filepath.Join(dir, "a b.tgz"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			status := "0"
			if c.said != "" {
				status = "1"
			}
			environ := append([]string{
				"SAY_OUT=stored", "SAY_ERR=" + c.said, "SAY_STATUS=" + status, "CI_S3_BUCKET=", "CI_GCS_BUCKET=", "GITHUB_TOKEN=", "GITHUB_REPOSITORY=",
			}, c.environ...)
			stdout, stderr, got := helper(t, dir, filepath.Join("scripts", "ci", upload), environ, c.args...)
			if got != c.status || (stdout == "stored\n") != (c.store != "") || strings.Contains(stdout+stderr, "secret") {
				t.Errorf("status %d, want %d; printed %q and %q", got, c.status, stdout, stderr)
			}
			words, _ := os.ReadFile(filepath.Join(dir, "words"))
			want := ""
			if c.store != "" {
				want = "push\na b.tgz\n-store=" + c.store + "\n"
			}
			if string(words) != want {
				t.Errorf("got %q, want %q", words, want)
			}
		})
	}
}

// TestManual prints the helper's first comment, and nothing of its code.
func TestManual(t *testing.T) {
	t.Parallel()
	for _, name := range []string{archive, validate, fetch, upload, dispatch, docker} {
		stdout, _, status := helper(t, ".", name, nil, "-h")
		if status != 0 || !strings.HasPrefix(stdout, name+": ") || !strings.Contains(stdout, "Exit status: ") || strings.Contains(stdout, "dirname") {
			t.Errorf("%s -h: %d, %q", name, status, stdout)
		}
	}
}

// wheel writes a small wheel, demo 1.0, into a new folder.
func wheel(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "demo-1.0-py3-none-any.whl"))
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	record := ""
	add := func(name, text string) {
		t.Helper()
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(text))
		record += fmt.Sprintf("%s,sha256=%s,%d\n", name, base64.RawURLEncoding.EncodeToString(sum[:]), len(text))
	}
	add("demo/__init__.py", "ANSWER = 42\n")
	add("demo-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
	add("demo-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
	add("demo-1.0.dist-info/RECORD", record+"demo-1.0.dist-info/RECORD,,\n")
	if err := errors.Join(z.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestReal archives and validates with the real targets.
func TestReal(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no python3 on this machine")
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	wheel(t, filepath.Join(dir, "wheels"))
	if err := os.WriteFile(filepath.Join(dir, "requirements.txt"), []byte("demo\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	environ := []string{
		"WHEELHOUSE_REQUIREMENTS=requirements.txt", "WHEELHOUSE_VALIDATE_TESTS=", "WHEELHOUSE_VALIDATE_PACKAGES=demo",
		"WHEELHOUSE_PYTHON=" + python, "WHEELHOUSE_NAME=wheelhouse-mine", "WHEELHOUSE_BUILD_OUT=dist", "GITHUB_RUN_ID=",
	}
	if _, stderr, status := helper(t, dir, filepath.Join(here, "..", "wheelhouse"), environ, "build", "-wheels=wheels"); status != 0 {
		t.Fatalf("build: %d, %s", status, stderr)
	}
	tarball := filepath.Join("dist", "wheelhouse-mine.tgz")
	stdout, stderr, status := helper(t, dir, filepath.Join(here, validate), environ, "--local-tar", tarball, "--packages", "demo")
	if status != 0 || !strings.Contains(stdout, "verdict: PASS") {
		t.Fatalf("validate: %d, %s%s", status, stdout, stderr)
	}
	stdout, stderr, status = helper(t, dir, filepath.Join(here, archive), environ, "--src", tarball, "--run-id", "77")
	entry := strings.TrimSuffix(stdout, "\n")
	if _, err := os.Stat(filepath.Join(dir, entry, "wheelhouse-mine.tgz.meta")); status != 0 || err != nil || !strings.HasSuffix(entry, "-77") {
		t.Fatalf("archive: %d, %q, %v, %s", status, stdout, err, stderr)
	}
	if _, _, status := helper(t, dir, filepath.Join(here, validate), environ, "--local-tar", "nowhere.tgz"); status != 4 {
		t.Errorf("no such tarball: %d", status)
	}
}
