package python

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/command"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// maxAsked bounds how many sdists pip is asked about, one after the other.
const maxAsked = 32

var (
	// plainWord matches what may stand in a requirement without quoting.
	plainWord = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+!-]*$`)
	// mismatch matches what pip says of a file with another hash than asked.
	mismatch = regexp.MustCompile(`^\S+ from (\S+) .*: Expected sha256 0{64}; Got ([0-9a-f]{64})$`)
)

// hashSdists learns the hashes of sdists that neither the log nor pip's cache
// told: an index that answers in JSON leaves them out of the log, and without
// a cache nothing stays. Pip is asked for the same file with a hash that no
// file has; it refuses it, before it unpacks anything, and says which it got.
// What cannot be learnt stays empty.
func hashSdists(ctx context.Context, i Interpreter, b *Built, l *pipLog, private string, environ []string) error {
	asked := 0
	for _, file := range slices.Sorted(maps.Keys(b.Sdists)) {
		link, id := b.Sdists[file], l.wheels[file]
		if link.SHA256 != "" || asked == maxAsked || !plainWord.MatchString(id.project) || !plainWord.MatchString(id.version) {
			continue
		}
		asked++
		sum, err := askHash(ctx, i, link, id, private, environ)
		if err != nil {
			return err
		}
		link.SHA256 = sum
		b.Sdists[file] = link
	}
	return nil
}

// askHash asks pip for the hash of one sdist; empty when it names another file.
func askHash(ctx context.Context, i Interpreter, link Link, id identity, private string, environ []string) (string, error) {
	requirement := filepath.Join(private, "sdist.txt")
	text := fmt.Sprintf("%s==%s --hash=sha256:%s\n", id.project, id.version, strings.Repeat("0", 64))
	if err := os.WriteFile(requirement, []byte(text), 0o600); err != nil {
		return "", fault.New(fault.Unable, "pip-failed", "asking for the hash of %s: %w", link.File, err)
	}
	kept := &tail{}
	// It fails whatever happens; only what it says counts.
	_ = stream(ctx, i.command(command.Command{
		Path: i.Path,
		Args: append(pipModule(i), "download", "--no-deps", "--no-binary", ":all:", "--require-hashes", "--progress-bar", "off",
			"--disable-pip-version-check", "--no-input", "--dest", filepath.Join(private, "sdists"), "-r", requirement),
		Env: wheelEnviron(environ),
	}), kept)
	if ctx.Err() != nil {
		return "", fmt.Errorf("asking for the hash of %s: %w", link.File, ctx.Err())
	}
	return gotHash(kept.lines(), link), nil
}

// gotHash reads the hash of link out of what pip said.
func gotHash(lines []string, link Link) string {
	for n := range lines {
		three := lines[n:min(n+3, len(lines))]
		var trimmed []string
		for _, line := range three {
			trimmed = append(trimmed, strings.Join(strings.Fields(line), " "))
		}
		m := mismatch.FindStringSubmatch(strings.Replace(strings.Join(trimmed, " "), " Got ", "; Got ", 1))
		if m == nil {
			continue
		}
		if got := readLink(m[1]); got.URL == link.URL && got.File == link.File {
			return m[2]
		}
	}
	return ""
}
