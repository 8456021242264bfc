package archive

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

// gitScheme starts the URL of a location in git: "git:<commit>/<blob>".
const gitScheme = "git:"

// maxGitLog bounds what git says of the archive's history, in bytes.
const maxGitLog = 256 << 20

// GitBlobs are the tarballs that git's history holds of an archive.
type GitBlobs struct {
	dir string
	// blobs by the path below the archive, the newest commit first.
	blobs map[string][]GitBlob
}

// GitBlob is a blob that a commit holds under the name of a tarball. That it is
// the tarball shows when its bytes are read, see Prove.
type GitBlob struct {
	// Commit and Blob are full object names.
	Commit, Blob string
	// LocalOnly: no branch of a remote reaches the commit.
	LocalOnly bool

	dir string
}

// GitBlobs looks through the history of every branch and tag for tarballs of
// the archive, those that were deleted since too. An archive that is in no git
// repository, or a machine without git, has none. Code: git-failed.
func (a Archive) GitBlobs(ctx context.Context) (*GitBlobs, error) {
	g := &GitBlobs{dir: a.Dir, blobs: map[string][]GitBlob{}}
	if there, err := exists(a.Dir); err != nil || !there {
		return g, nil
	}
	inside, err := git(a.Dir, "rev-parse", "--is-inside-work-tree").Pipe(ctx).String()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil || strings.TrimSpace(inside) != "true" {
		return g, nil // no git, no repository, or a bare one
	}
	for _, local := range []bool{false, true} { // those that a remote has are better
		refs := []string{"--exclude=refs/stash", "--all"}
		if !local {
			refs = []string{"--remotes"}
		}
		if err := g.look(ctx, refs, local); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// git gives a git command in a folder. What it prints is for programs: neither
// the person's settings nor their language change it.
func git(dir string, args ...string) command.Command {
	return command.Command{
		Path: "git",
		Args: append([]string{"-C", dir, "--no-optional-locks", "--no-replace-objects", "--literal-pathspecs"}, args...),
	}
}

// look adds the blobs that commits which these refs reach brought in.
func (g *GitBlobs) look(ctx context.Context, refs []string, local bool) error {
	commits := git(g.dir, append(append([]string{"rev-list", "--full-history"}, refs...), "--", ".")...).Pipe(ctx)
	defer commits.Close()
	changes := git(g.dir, "diff-tree", "--stdin", "--root", "-r", "--raw", "-z", "--no-renames", "--relative", "--diff-filter=AM")
	changes.Stdin = commits
	pipe := changes.Pipe(ctx)
	defer pipe.Close()
	fields := bufio.NewScanner(io.LimitReader(pipe, maxGitLog))
	fields.Split(splitNul)
	commit, blob := "", ""
	for fields.Scan() {
		field := fields.Text()
		switch {
		case strings.HasPrefix(field, ":"): // ":100644 100644 <before> <after> A"; its path follows
			blob = ""
			if parts := strings.Fields(field); len(parts) == 5 && strings.HasPrefix(parts[1], "100") {
				blob = parts[3]
			}
			if !fields.Scan() {
				continue
			}
			if name := fields.Text(); blob != "" && strings.HasSuffix(name, ".tgz") {
				g.add(name, GitBlob{Commit: commit, Blob: blob, LocalOnly: local, dir: g.dir})
			}
		default:
			commit = field
		}
	}
	err := cmp.Or(fields.Err(), pipe.Error(), commits.Error())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return gitFailed("reading the history of "+g.dir, err)
	}
	return nil
}

// add notes a blob, once.
func (g *GitBlobs) add(path string, b GitBlob) {
	for _, known := range g.blobs[path] {
		if known.Blob == b.Blob {
			return
		}
	}
	if objectName.MatchString(b.Commit) && objectName.MatchString(b.Blob) {
		g.blobs[path] = append(g.blobs[path], b)
	}
}

// splitNul splits at NUL, for a bufio.Scanner.
func splitNul(data []byte, atEOF bool) (advance int, token []byte, err error) {
	if at := bytes.IndexByte(data, 0); at >= 0 {
		return at + 1, data[:at], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// gitFailed is the error of a git that failed.
func gitFailed(doing string, err error) error {
	return fault.New(fault.Unable, "git-failed", "%s: %w", doing, err)
}

// Of gives the blobs that history has under the name of an entry's tarball: the
// best first, that is those that a remote has, and of these the newest.
func (g *GitBlobs) Of(e entry.Entry, tarball string) []GitBlob {
	name := tarball
	if !e.Flat {
		name = path.Join(filepath.Base(e.Path), tarball)
	}
	return g.blobs[name]
}

// URL as pointers record it: "git:<commit>/<blob>".
func (b GitBlob) URL() string { return gitScheme + b.Commit + "/" + b.Blob }

// Open opens the blob.
func (b GitBlob) Open(ctx context.Context) (io.ReadCloser, error) {
	return git(b.dir, "cat-file", "blob", b.Blob).Pipe(ctx), nil
}

// Prove reads the blob and gives the proof that it is the tarball wanted. Of a
// blob of another size nothing is read. Codes: proof-failed, git-failed.
func (b GitBlob) Prove(ctx context.Context, want wheelhouse.File, now time.Time) (rebuild.Proof, error) {
	at := entry.Location{URL: b.URL(), Method: entry.GitBlob, VerifiedAt: now, LocalOnly: b.LocalOnly}
	return rebuild.ProveBytes(ctx, want, func(ctx context.Context) (io.ReadCloser, error) {
		out, err := git(b.dir, "cat-file", "-s", b.Blob).Pipe(ctx).String()
		if err != nil {
			return nil, gitFailed("reading "+b.URL(), err)
		}
		if size, err := strconv.ParseInt(strings.TrimSpace(out), 10, 64); err != nil || size != want.Size {
			return nil, fault.New(fault.Refused, "proof-failed", "proving that %s comes back from %s: the blob has %s bytes, not %d", want.Name, b.URL(), strings.TrimSpace(out), want.Size)
		}
		return b.Open(ctx)
	}, at)
}

// objectName is a full name of a git object, SHA-1 or SHA-256.
var objectName = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// GitBlob gives the blob of a pointer's location, "git:<commit>/<blob>", if a
// branch or tag still reaches the commit and it holds the blob; ok is false for
// the URL of another kind. Codes: git-blob-gone, git-failed.
func (a Archive) GitBlob(ctx context.Context, url string) (b GitBlob, ok bool, err error) {
	rest, ok := strings.CutPrefix(url, gitScheme)
	if !ok {
		return GitBlob{}, false, nil
	}
	commit, blob, _ := strings.Cut(rest, "/")
	b = GitBlob{Commit: commit, Blob: blob, dir: a.Dir}
	gone := func(why string) error {
		return fault.New(fault.Refused, "git-blob-gone", "looking for %s: %s", url, why)
	}
	if !objectName.MatchString(commit) || !objectName.MatchString(blob) {
		return b, true, gone("it names no commit and blob")
	}
	refs, err := git(a.Dir, "for-each-ref", "--contains="+commit, "--format=%(refname)").Pipe(ctx).String()
	switch exit := (*command.ExitError)(nil); {
	case ctx.Err() != nil:
		return b, true, ctx.Err()
	case errors.As(err, &exit):
		return b, true, gone("there is no such commit")
	case err != nil:
		return b, true, gitFailed("looking for "+url, err)
	}
	reached, remote := false, false
	for ref := range strings.Lines(refs) {
		reached = reached || !strings.HasPrefix(ref, "refs/stash")
		remote = remote || strings.HasPrefix(ref, "refs/remotes/")
	}
	if b.LocalOnly = !remote; !reached {
		return b, true, gone("no branch and no tag reaches the commit")
	}
	found, err := holds(ctx, a.Dir, commit, blob)
	if err == nil && !found {
		err = gone("the commit does not hold the blob")
	}
	return b, true, err
}

// holds tells whether a commit's tree has a blob.
func holds(ctx context.Context, dir, commit, blob string) (bool, error) {
	pipe := git(dir, "ls-tree", "-r", "-z", "--full-tree", commit).Pipe(ctx)
	defer pipe.Close()
	lines := bufio.NewScanner(io.LimitReader(pipe, maxGitLog))
	lines.Split(splitNul)
	found := false
	for lines.Scan() {
		what, _, _ := strings.Cut(lines.Text(), "\t") // "100644 blob <blob>"
		found = found || strings.HasSuffix(what, " blob "+blob)
	}
	err := cmp.Or(lines.Err(), pipe.Error())
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if err != nil {
		return false, gitFailed("reading the commit "+commit, err)
	}
	return found, nil
}
