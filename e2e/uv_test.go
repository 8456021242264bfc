//go:build e2e

package e2e

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/python"
)

// TestUVProves proves the sample with a real uv, which is found in PATH, and by
// the interpreter that can import it where PATH has none.
func TestUVProves(t *testing.T) {
	s := sample(t)
	inside := newest(t)
	installer := "uv " + strings.TrimPrefix(uvPin, "uv==")
	for _, test := range []struct {
		name, python string
		more         []string
	}{
		{"in PATH", interpreter(t).Path, []string{"PATH=" + filepath.Dir(inside) + string(os.PathListSeparator) + os.Getenv("PATH")}},
		{"imported", inside, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			tarball := s.copyOf(t)
			// Neither settings nor a cache of the user's count.
			shared := filepath.Join(t.TempDir(), "shared")
			more := append([]string{"UV_CACHE_DIR=" + shared, "UV_INDEX_URL=https://example.org/simple", "UV_NO_BINARY=1"}, test.more...)
			s.ours(t, s.clone, more, "validate", "-tar="+tarball, "-python="+test.python, "-installer=uv").want(t, 0).has(t, "with "+installer)
			if verdict := string(read(t, tarball+".verdict.json")); !strings.Contains(verdict, `"installer": "`+installer+`"`) {
				t.Errorf("the verdict does not name %q:\n%s", installer, verdict)
			}
			if _, err := os.Lstat(shared); err == nil {
				t.Error("the user's cache was used")
			}
		})
	}
}

// TestUVRefuses has a real uv install what must not be installed.
func TestUVRefuses(t *testing.T) {
	i, uv := withUV(t)
	dir := t.TempDir()
	app := littleWheel(t, dir, "app", "lib", "1")
	for name, test := range map[string]struct{ line, says string }{
		"a missing wheel":    {pinOf("app", app), "lib"},
		"a wheel not there":  {"other==1.0 --hash=sha256:" + strings.Repeat("0", 64), "other was not found"},
		"another hash":       {"app==1.0 --hash=sha256:" + strings.Repeat("0", 64), "app"},
		"no hash":            {"app==1.0", "app"},
		"a line of an index": {"--index-url https://example.org/simple\n" + pinOf("app", app), "lib"},
	} {
		t.Run(name, func(t *testing.T) {
			in, v := uvInstaller(t, i, uv)
			list := filepath.Join(t.TempDir(), "list.txt")
			if err := os.WriteFile(list, []byte(test.line+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			err := in.Install(t.Context(), v, list, dir)
			if fault.Code(err) != "install-failed" || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want install-failed with %q", err, test.says)
			}
		})
	}
	// A wrong hash is called so.
	in, v := uvInstaller(t, i, uv)
	lib := t.TempDir()
	littleWheel(t, lib, "lib", "", "1")
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte("lib==1.0 --hash=sha256:"+strings.Repeat("0", 64)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := in.Install(t.Context(), v, list, lib); fault.Code(err) != "install-failed" || !strings.Contains(err.Error(), "Hash mismatch") {
		t.Errorf("got %v", err)
	}
}

// TestUVCheck has a real uv find what is lacking.
func TestUVCheck(t *testing.T) {
	i, uv := withUV(t)
	in, v := uvInstaller(t, i, uv)
	site, err := filepath.Glob(filepath.Join(v.Dir, "lib", "*", "site-packages"))
	if err != nil || len(site) != 1 {
		t.Skipf("this venv has its packages elsewhere: %v, %v", site, err)
	}
	unzip(t, littleWheel(t, t.TempDir(), "app", "lib>=2", "1"), site[0])
	if err := in.Check(t.Context(), v); fault.Code(err) != "pip-check-failed" || !strings.Contains(err.Error(), "lib>=2") {
		t.Errorf("got %v", err)
	}
}

// TestUVCache: a cache that holds other bytes of the same name, size and time is
// not used. Whether this uv would be misled by it depends on its version.
func TestUVCache(t *testing.T) {
	i, uv := withUV(t)
	dir, shared := t.TempDir(), filepath.Join(t.TempDir(), "shared")
	at := time.Date(2024, 1, 2, 3, 4, 5, 0, time.UTC)
	make := func(answer string) string {
		path := littleWheel(t, dir, "app", "", answer)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		return pinOf("app", path)
	}
	typed := func(v python.Venv) {
		run(t, dir, nil, uv.Path, "pip", "install", "--reinstall", "--python", v.Python, "--no-index", "--find-links", dir, "--cache-dir", shared, "app").want(t, 0)
	}
	answer := func(v python.Venv) string {
		return strings.TrimSpace(run(t, dir, nil, v.Python, "-c", "import app; print(app.ANSWER)").want(t, 0).stdout)
	}
	_, misled := uvInstaller(t, i, uv)
	make("1")
	typed(misled)
	pin := make("2")
	typed(misled)
	if got := answer(misled); got != "1" {
		t.Logf("a shared cache does not mislead this uv: %s", got)
	}
	list := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(list, []byte(pin+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	in, v := uvInstaller(t, i, uv)
	if err := in.Install(t.Context(), v, list, dir); err != nil {
		t.Fatal(err)
	}
	if got := answer(v); got != "2" {
		t.Errorf("the bytes of a cache were installed: %s", got)
	}
}

// TestFullDisk runs out of room in the middle of the install, in a small file
// system of its own.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux mounts a file system for one process")
	}
	s := sample(t)
	small := t.TempDir()
	mount := `mount -t tmpfs -o size=45m none "$0"`
	if tried := run(t, small, nil, "unshare", "-rm", "sh", "-c", mount, small); tried.status != 0 {
		need(t, fmt.Errorf("%s", tried.all()), "a mount of one's own")
	}
	inside := newest(t)
	for _, installer := range []string{"pip", "uv"} {
		tarball := s.copyOf(t)
		run(t, s.clone, []string{"TMPDIR=" + small, "WHEELHOUSE_ROOT=" + s.clone}, "unshare", "-rm", "sh", "-c",
			mount+` && "$@"; status=$?; ls -A "$0"; exit $status`, small,
			filepath.Join(s.clone, "scripts", "wheelhouse"), "validate", "-tar="+tarball, "-python="+inside, "-installer="+installer).
			want(t, 3).has(t, "[disk-full]")
	}
}

// withUV gives an interpreter and the uv that it can import.
func withUV(t *testing.T) (python.Interpreter, python.UV) {
	t.Helper()
	i, err := python.Find(t.Context(), python.Search{Want: newest(t), Environ: os.Environ(), Typed: "e2e"})
	if err != nil {
		t.Fatal(err)
	}
	uv, err := python.FindUV(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return i, uv
}

// uvInstaller gives a uv with a cache of its own, and a fresh venv.
func uvInstaller(t *testing.T, i python.Interpreter, uv python.UV) (python.Installer, python.Venv) {
	t.Helper()
	dir := t.TempDir()
	in := python.Installer{Interpreter: i, UV: &uv, Cache: filepath.Join(dir, "cache")}
	v, err := in.NewVenv(t.Context(), filepath.Join(dir, "venv"))
	if err != nil {
		t.Fatal(err)
	}
	return in, v
}

// littleWheel writes version 1.0 of a project into dir: its module says ANSWER;
// requires may be empty.
func littleWheel(t *testing.T, dir, project, requires, answer string) string {
	t.Helper()
	info := project + "-1.0.dist-info/"
	metadata := "Metadata-Version: 2.1\nName: " + project + "\nVersion: 1.0\n"
	if requires != "" {
		metadata += "Requires-Dist: " + requires + "\n"
	}
	files := [][2]string{
		{project + ".py", "ANSWER = " + answer + "\n"},
		{info + "METADATA", metadata},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: e2e\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
	}
	record := ""
	for _, file := range files {
		sum := sha256.Sum256([]byte(file[1]))
		record += fmt.Sprintf("%s,sha256=%s,%d\n", file[0], base64.RawURLEncoding.EncodeToString(sum[:]), len(file[1]))
	}
	files = append(files, [2]string{info + "RECORD", record + info + "RECORD,,\n"})
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, file := range files {
		w, err := z.Create(file[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(file[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, project+"-1.0-py3-none-any.whl")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// pinOf gives the derived line of a littleWheel.
func pinOf(project, path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return err.Error() // the installer refuses it
	}
	return fmt.Sprintf("%s==1.0 --hash=sha256:%x", project, sha256.Sum256(data))
}

// unzip unpacks a littleWheel.
func unzip(t *testing.T, path, dir string) {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	if err := os.CopyFS(dir, z); err != nil {
		t.Fatal(err)
	}
}
