//go:build e2e

package e2e

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// docopt has no wheel in the index: pip builds it from its sdist, whose hash
// is the one that a requirements file lists.
const docopt = "docopt==0.6.2 --hash=sha256:49b3a825280bd66b3aa83585ef59c4a8c82f2c8a522dbe754a8bc8d08c85c491\n"

// small are settings for a wheelhouse of one package without smoke tests.
func small(project string) []string {
	return []string{"WHEELHOUSE_VALIDATE_PACKAGES=" + project, "WHEELHOUSE_VALIDATE_TESTS="}
}

// builtDocopt builds the wheelhouse of docopt alone into a new folder.
func builtDocopt(t *testing.T, s *sampleRun) (tarball, requirements string) {
	t.Helper()
	dir := t.TempDir()
	requirements = write(t, filepath.Join(dir, "requirements.txt"), docopt)
	out := filepath.Join(dir, "out")
	// Without pip's cache, which would hand over the wheel built before.
	s.ours(t, dir, append(small("docopt"), "PIP_NO_CACHE_DIR=1"), "build", "-requirements="+requirements, "-out="+out).want(t, 0)
	return filepath.Join(out, filepath.Base(s.tarball())), requirements
}

// TestSdist builds a wheel from its sdist twice: the same bytes; the lock names
// the sdist; and the wheel passes although the requirements list the sdist's
// hash alone.
func TestSdist(t *testing.T) {
	s := sample(t)
	tarball, requirements := builtDocopt(t, s)
	again, _ := builtDocopt(t, s)
	if sum(t, tarball) != sum(t, again) {
		t.Error("two builds of one sdist differ")
	}
	l := readLock(t, filepath.Join(filepath.Dir(tarball), filepath.Base(s.lockFile())))
	if len(l.Wheels) != 1 || l.Wheels[0].URL != "" || l.Wheels[0].Sdist == nil ||
		!strings.Contains(docopt, l.Wheels[0].Sdist.SHA256) || l.Wheels[0].Sdist.SHA256 == "" {
		t.Errorf("the lock's wheels are %+v", l.Wheels)
	}
	s.ours(t, s.clone, nil, "meta", "-tar="+tarball, "-requirements="+requirements).want(t, 0)
	s.ours(t, s.clone, small("docopt"), "validate", "-tar="+tarball, "-requirements="+requirements).want(t, 0).has(t, "PASS")
}

// TestHashNotListed holds an index wheel against requirements that list
// another hash.
func TestHashNotListed(t *testing.T) {
	s := sample(t)
	tarball := s.copyOf(t)
	_, version := wheelOf(t, s, "requests")
	other := write(t, filepath.Join(t.TempDir(), "other.txt"), "requests=="+version+" --hash=sha256:"+strings.Repeat("0", 64)+"\n")
	s.ours(t, s.clone, nil, "validate", "-tar="+tarball, "-requirements="+other).want(t, 1).has(t, "hash-not-listed")
}

// wheelOf gives the file name and the version of a project's wheel in the sample.
func wheelOf(t *testing.T, s *sampleRun, project string) (file, version string) {
	t.Helper()
	for _, wheel := range readLock(t, s.lockFile()).Wheels {
		if parts := strings.Split(wheel.File, "-"); parts[0] == project {
			return wheel.File, parts[1]
		}
	}
	t.Fatalf("no wheel of %s in the sample", project)
	return "", ""
}

// TestRequirementsNeverReachTheInstaller hands validate requirements whose
// lines would make pip fetch over HTTP in spite of --no-index.
func TestRequirementsNeverReachTheInstaller(t *testing.T) {
	s := sample(t)
	tarball, _ := builtDocopt(t, s)
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.NotFound(w, r)
	}))
	defer server.Close()
	for name, test := range map[string]struct {
		line   string
		status int
	}{
		"find-links":      {"--find-links " + server.URL + "/\ndocopt==0.6.2\n", 0},
		"extra index":     {"--extra-index-url " + server.URL + "/simple/\ndocopt==0.6.2\n", 0},
		"URL built here":  {"docopt @ " + server.URL + "/docopt-0.6.2-py2.py3-none-any.whl\n", 0},
		"URL not in here": {"absent @ " + server.URL + "/absent-1.0-py3-none-any.whl\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			trap := write(t, filepath.Join(t.TempDir(), "trap.txt"), test.line)
			got := s.ours(t, s.clone, small("docopt"), "validate", "-tar="+tarball, "-requirements="+trap)
			if got.status != test.status {
				t.Errorf("exit %d, want %d\n%s", got.status, test.status, got.all())
			}
		})
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

// TestOldTarball proves a tarball as the old helpers made them: GNU tar and
// gzip, the wheels under .wheelhouse/, no record.
func TestOldTarball(t *testing.T) {
	s := sample(t)
	dir := t.TempDir()
	wheels := filepath.Join(dir, ".wheelhouse")
	if err := os.Mkdir(wheels, 0o755); err != nil {
		t.Fatal(err)
	}
	run(t, dir, nil, "tar", "-xzf", s.tarball(), "-C", wheels).want(t, 0)
	tarball := filepath.Join(dir, "wheelhouse-3.11.tgz")
	run(t, dir, nil, "tar", "-czf", tarball, "-C", ".", ".wheelhouse").want(t, 0)
	s.ours(t, s.clone, nil, "validate", "-tar="+tarball).want(t, 0).has(t, "PASS", "WARN")
	// And it gets a record whose hash is the tarball's.
	s.ours(t, s.clone, nil, "meta", "-tar="+tarball).want(t, 0)
	if record := string(read(t, tarball+".meta")); !strings.Contains(record, "sha256="+sum(t, tarball)+"\n") {
		t.Errorf("the record is\n%s", record)
	}
}
