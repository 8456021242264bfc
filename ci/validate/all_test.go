package validate

import (
	"archive/zip"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

// lying writes a wheel whose RECORD has another hash for one of its files.
func lying(t *testing.T, w wheeltest.Wheel) string {
	t.Helper()
	data := w.Bytes()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, member := range in.File {
		r, err := member.Open()
		if err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		text := content.String()
		if strings.HasSuffix(member.Name, "/RECORD") {
			at := strings.Index(text, "sha256=") + len("sha256=")
			text = text[:at] + strings.Repeat("A", 43) + text[at+43:]
		}
		into, err := archive.Create(member.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := into.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), w.FileName())
	write(t, path, out.String())
	return path
}

// The verdict waits for what RECORD says, though everything else passed; left
// out, or only warned of, it fails nothing.
func TestRunRecords(t *testing.T) {
	t.Parallel()
	file := lying(t, wheeltest.Wheel{Project: "app"})
	for _, c := range []struct {
		name   string
		change func(*Options)
		found  string
		static bool
	}{
		{"installed", func(*Options) {}, "FAIL record-mismatch app-1.0-py3-none-any.whl", false},
		{"static", func(o *Options) { o.Static = true }, "FAIL record-mismatch app-1.0-py3-none-any.whl", true},
		{"left out", func(o *Options) { o.Static, o.NoRecord = true, true }, "", true},
		{"warned of", func(o *Options) { o.Warn = []string{"record-mismatch:app"} }, "WARN record-mismatch app-1.0-py3-none-any.whl", false},
		{"beside another failure", func(o *Options) { o.Packages = packages(t, "app", "numpy") },
			"FAIL critical-missing numpy\nFAIL record-mismatch app-1.0-py3-none-any.whl", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := houseOf(t, file)
			c.change(&o)
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, line := range strings.Split(brief(r.Findings), "\n") {
				if strings.Contains(line, "record-mismatch") || strings.Contains(line, "critical") {
					told = append(told, line)
				}
			}
			if got := strings.Join(told, "\n"); got != c.found {
				t.Errorf("found %s, want %s", brief(r.Findings), c.found)
			}
			if installed := r.Proof.Installed == 1; installed == c.static {
				t.Errorf("installed %d", r.Proof.Installed)
			}
			clean(t, o)
		})
	}
}

// Nothing is extracted of our own tarballs where nothing is to be installed; of
// others' it is.
func TestRunStatic(t *testing.T) {
	t.Parallel()
	ours := house(t, app, lib, net)
	others := house(t, app, lib, net)
	var members []wheeltest.Member
	for _, w := range []wheeltest.Wheel{app, lib, net} {
		members = append(members, wheeltest.Member{Name: ".wheelhouse/" + w.FileName(), Data: w.Bytes()})
	}
	write(t, others.Tarball, string(wheeltest.Tarball(members...)))
	if err := os.Remove(others.Tarball + ".meta"); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{"ours": ours, "others": others} {
		o.Static = true
		o.Tests = "/no/such/folder" // no test is run, so none is looked for, nor pytest
		extracted := false
		err := All(t.Context(), o, []string{o.Python}, func(_ string, r *Result, err error) error {
			if err != nil {
				return err
			}
			if r.Failed() || r.Proof.Installer != "" || r.Proof.Installed != 0 || len(r.Reached) != 3 || r.Proof.Isolation != "none: nothing was run" {
				t.Errorf("%s: got %+v, %s", name, r.Proof, brief(r.Findings))
			}
			found, err := filepath.Glob(filepath.Join(o.TempDir, "*", "wheels", "*.whl"))
			extracted = len(found) == 3
			return err
		})
		if err != nil || extracted != (name == "others") {
			t.Errorf("%s: %v, extracted: %v", name, err, extracted)
		}
		clean(t, o)
	}
}

// Several Pythons prove it in turn; what keeps one from it keeps no other, and
// what has nothing to do with one ends them all.
func TestAll(t *testing.T) {
	t.Parallel()
	o := house(t, app, lib, net)
	o.Keep = true
	absent := filepath.Join(o.TempDir, "no", "python")
	var told []string
	var kept []string
	err := All(t.Context(), o, []string{o.Python, absent, o.Python}, func(python string, r *Result, err error) error {
		switch {
		case fault.Code(err) == "no-python" && python == absent:
			told = append(told, "absent")
		case err != nil:
			return err
		case !r.Failed() && r.Proof.Installed == 3:
			told = append(told, "proven")
			kept = append(kept, r.Kept)
			if !exists(filepath.Join(r.Kept, "venv")) || !exists(filepath.Join(r.Kept, "..", "wheels", net.FileName())) {
				t.Errorf("not kept: %s", r.Kept)
			}
		}
		return nil
	})
	if got := strings.Join(told, " "); err != nil || got != "proven absent proven" {
		t.Errorf("got %s, %v", got, err)
	}
	if len(kept) != 2 || kept[0] == kept[1] || !exists(kept[1]) {
		t.Errorf("kept %q", kept)
	}

	o = house(t, app, lib, net)
	stop := errors.New("stop")
	calls := 0
	if err := All(t.Context(), o, []string{o.Python, o.Python}, func(string, *Result, error) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("got %v after %d", err, calls)
	}
	clean(t, o)

	o.Tarball += "x"
	err = All(t.Context(), o, []string{o.Python, o.Python}, func(string, *Result, error) error { calls++; return nil })
	if fault.Code(err) != "tar-missing" || calls != 1 {
		t.Errorf("got %v after %d", err, calls)
	}
	o.Venv = filepath.Join(o.TempDir, "venv")
	if err := All(t.Context(), o, []string{"3.11", "3.12"}, nil); fault.Code(err) != "several-pythons" {
		t.Errorf("got %v", err)
	}
	o.Installer = "conda"
	if _, err := Run(t.Context(), o); fault.Code(err) != "bad-installer" {
		t.Errorf("got %v", err)
	}
	clean(t, o)
}
