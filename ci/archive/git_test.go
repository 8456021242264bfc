package archive

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// repository is a git repository of its own, without anybody's settings.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	r := repository{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	r.git("config", "user.name", "test")
	r.git("config", "user.email", "test@example.org")
	r.git("config", "commit.gpgsign", "false")
	r.git("config", "log.showRoot", "false")
	r.git("config", "diff.noprefix", "true")
	return r
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", append([]string{"-C", r.dir}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit commits everything, ignored files too.
func (r repository) commit() string {
	r.git("add", "-A", "-f")
	r.git("commit", "-q", "-m", "x", "--allow-empty")
	return r.git("rev-parse", "HEAD")
}

// A tarball that was committed and deleted since is found, proven, and restored
// from its blob; a pointer to it is good as long as a branch reaches it.
func TestGitBlobs(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	r := newRepository(t)
	source := newWorld(t)
	a := Archive{Dir: filepath.Join(r.dir, "docs", "ci-archive"), disk: unwatched()}
	none, err := a.GitBlobs(ctx)
	if err != nil || len(none.blobs) != 0 { // no archive yet
		t.Fatalf("got %+v, %v", none, err)
	}
	both(t, a, source)
	if none, err = a.GitBlobs(ctx); err != nil || len(none.blobs) != 0 { // no commit
		t.Fatalf("got %+v, %v", none, err)
	}
	commit := r.commit()
	must(t, os.WriteFile(filepath.Join(a.Dir, folder, "notes ö\n.tgz"), []byte("x"), 0o644))
	r.git("rm", "-q", "--cached", "docs/ci-archive/"+folder+"/"+tgz)
	r.commit()

	g, err := a.GitBlobs(ctx)
	must(t, err)
	e, err := a.holder(ctx, tgz)
	must(t, err)
	data := readFile(t, source, tgz, tgz)
	sum, size, err := hashFile(ctx, filepath.Join(source, tgz, tgz))
	must(t, err)
	want := wheelhouse.File{Name: tgz, SHA256: sum, Size: size}
	blobs := g.Of(e, tgz)
	if len(blobs) != 1 || blobs[0].Commit != commit || !blobs[0].LocalOnly || len(g.blobs) != 4 {
		t.Fatalf("got %+v", g.blobs)
	}
	flat, err := a.holder(ctx, flatTgz)
	must(t, err)
	if len(g.Of(flat, flatTgz)) != 1 || len(g.Of(e, "other.tgz")) != 0 {
		t.Errorf("got %+v", g.blobs)
	}
	proof, err := blobs[0].Prove(ctx, want, pruned)
	if err != nil || proof.SHA256() != sum || proof.Location().URL != "git:"+commit+"/"+blobs[0].Blob || proof.Location().Method != entry.GitBlob {
		t.Fatalf("got %+v, %v", proof, err)
	}
	wrong := want
	wrong.Size++
	if _, err := blobs[0].Prove(ctx, wrong, pruned); fault.Code(err) != "proof-failed" {
		t.Errorf("of another size: %v", err)
	}
	wrong = want
	wrong.SHA256 = strings.Repeat("0", 64)
	if _, err := blobs[0].Prove(ctx, wrong, pruned); fault.Code(err) != "proof-failed" {
		t.Errorf("of another sha256: %v", err)
	}
	b, ok, err := a.GitBlob(ctx, proof.Location().URL)
	if !ok || err != nil || !b.LocalOnly {
		t.Fatalf("got %+v, %v, %v", b, ok, err)
	}
	in, err := b.Open(ctx)
	must(t, err)
	got, err := io.ReadAll(in)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}

	// A remote that has the commit is a better place than this checkout.
	r.git("update-ref", "refs/remotes/origin/main", commit)
	g, err = a.GitBlobs(ctx)
	must(t, err)
	if blobs := g.Of(e, tgz); len(blobs) != 1 || blobs[0].LocalOnly {
		t.Errorf("got %+v", blobs)
	}
	if b, _, err := a.GitBlob(ctx, proof.Location().URL); err != nil || b.LocalOnly {
		t.Errorf("got %+v, %v", b, err)
	}
	r.git("update-ref", "-d", "refs/remotes/origin/main")

	// What no branch or tag reaches is no way back, though the blob is there.
	r.git("checkout", "-q", "--orphan", "other")
	r.git("rm", "-q", "-r", "-f", "--cached", ".")
	r.git("commit", "-q", "-m", "empty", "--allow-empty")
	r.git("branch", "-q", "-D", "main")
	if g, err := a.GitBlobs(ctx); err != nil || len(g.blobs) != 0 {
		t.Errorf("got %+v, %v", g, err)
	}
	for _, url := range []string{
		proof.Location().URL, "git:" + strings.Repeat("0", 40) + "/" + strings.Repeat("0", 40), "git:--output=x/y", "git:",
		"git:" + r.git("rev-parse", "HEAD") + "/" + b.Blob,
	} {
		if _, ok, err := a.GitBlob(ctx, url); !ok || fault.Code(err) != "git-blob-gone" {
			t.Errorf("%s: %v, %v", url, ok, err)
		}
	}
	if _, ok, err := a.GitBlob(ctx, "s3://bucket"); ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}

// An archive in no repository has no blobs, and that is no error.
func TestNoGit(t *testing.T) {
	t.Parallel()
	a := Archive{Dir: t.TempDir()}
	if g, err := a.GitBlobs(t.Context()); err != nil || len(g.blobs) != 0 {
		t.Errorf("got %+v, %v", g, err)
	}
}

// A stash is no place to keep a tarball.
func TestStashIsNoBranch(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	a := Archive{Dir: filepath.Join(r.dir, "archive"), disk: unwatched()}
	must(t, os.MkdirAll(filepath.Join(a.Dir, folder), 0o755))
	must(t, os.WriteFile(filepath.Join(a.Dir, "README.md"), nil, 0o644))
	r.commit()
	must(t, os.WriteFile(filepath.Join(a.Dir, folder, tgz), []byte("x"), 0o644))
	r.git("add", "-A", "-f")
	blob := r.git("hash-object", filepath.Join(a.Dir, folder, tgz))
	r.git("stash", "-q")
	if g, err := a.GitBlobs(t.Context()); err != nil || len(g.blobs) != 0 {
		t.Errorf("got %+v, %v", g, err)
	}
	stash := r.git("rev-parse", "refs/stash")
	if _, _, err := a.GitBlob(t.Context(), "git:"+stash+"/"+blob); fault.Code(err) != "git-blob-gone" {
		t.Errorf("got %v", err)
	}
}
