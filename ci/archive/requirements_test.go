package archive

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
)

// What a requirements file includes lies, in the archive too, where it says.
func TestRequirementsTravelWhole(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write("a/app/requirements.txt", "-r ../common.txt\n-c sub/constraints.txt\n-r ../app/more.txt\n")
	write("a/app/more.txt", "demo\n")
	write("a/app/sub/constraints.txt", "demo==1.0\n")
	write("a/common.txt", "-r ../shared.txt\n")
	write("shared.txt", "demo==1.0\n")
	noEnv := func(string) (string, bool) { return "", false }
	set, err := requirements.Load(filepath.Join(root, "a/app/requirements.txt"), noEnv)
	must(t, err)
	s, r := build(t, tgz, demo("1"))
	r.RequirementsHash, r.RequirementsInputs = set.Hash, set.Inputs
	writeRecord(t, s.Tarball, r)
	s.Requirements = set
	out, err := Archive{Dir: t.TempDir()}.Add(t.Context(), s)
	must(t, err)
	file, err := RequirementsFile(out.Entry.Wheelhouses[0], set.Hash)
	must(t, err)
	again, err := requirements.Load(file, noEnv)
	must(t, err)
	if again.Hash != set.Hash || again.Inputs != set.Inputs || len(again.Files) != 5 {
		t.Errorf("got %+v", again)
	}
	if rel, _ := filepath.Rel(out.Entry.Path, file); filepath.ToSlash(rel) != tgz+".requirements/requirements.txt" {
		t.Errorf("it lies in %s", rel)
	}
}

// A name that leads out of the folder has no place in the archive.
func TestRequirementsStayInTheirFolder(t *testing.T) {
	t.Parallel()
	for name, fine := range map[string]bool{
		"r.txt": true, "sub/s.txt": true, "_up/s.txt": true,
		"/etc/passwd": false, "../x": false, "a/../../x": false, "": false, ".": false, "a//b": false,
	} {
		sub := &submission{}
		err := sub.takeRequirements(&requirements.Set{Files: []requirements.File{{Path: name, Name: name}}})
		if (err == nil) != fine || !fine && fault.Code(err) != "bad-requirements" {
			t.Errorf("%q: got %v", name, err)
		}
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"--index-url https://user:hunter2@example.org/simple":              true,
		"--extra-index-url=https://ghp_token@example.org/simple":           true,
		"demo @ git+https://ghp_token@example.org/x.git@v1":                true,
		"demo @ https://example.org/x.whl?token=abc":                       true,
		"demo @ https://example.org/x.whl?X-Amz-Signature=abc#sha256=1":    true,
		"--index-url https://user:hunter2?@example.org/simple":             true,
		"--index-url https://user:${PASSWORD}@example.org/simple":          false,
		"--index-url https://${TOKEN}@example.org/simple":                  false,
		"demo @ git+ssh://git@example.org/x.git@v1":                        false,
		"demo @ git+https://example.org/x.git@v1":                          false,
		"demo @ https://example.org/x.whl#sha256=1":                        false,
		"demo @ https://example.org/x.whl?download=1":                      false,
		"demo @ https://example.org/x.whl?token=${TOKEN}":                  false,
		"# mail someone@example.org\ndemo==1.0 --hash=sha256:0123456789ab": false,
	} {
		if got := secret([]byte(text)); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

// Requirements with a password stay out of the archive, all of them.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	set := &requirements.Set{Path: "r.txt", Files: []requirements.File{
		{Path: "r.txt", Name: "r.txt", Data: []byte("-r s.txt\n")},
		{Path: "s.txt", Name: "s.txt", Data: []byte("--index-url https://user:hunter2@example.org/simple\n")},
	}}
	sub := &submission{}
	if err := sub.takeRequirements(set); err != nil || sub.requirements != nil || len(sub.findings) != 1 || sub.findings[0].Code != "requirements-secret" {
		t.Errorf("got %+v, %v", sub, err)
	}
}
