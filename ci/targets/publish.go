package targets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/provenance"
	"github.com/wheelhouse-ci/wheelhouse/ci/publish"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
)

// Publish brings a tarball and all that tells of it to a release.
//
// The set of files is checked first as verify does, with what trust.require
// asks for; one that fails is not published. Then a draft is made, every file
// sent, every digest read back from the server, and the draft published. It may
// be repeated after any break: what is there is not sent again, and what is
// there with other bytes is never overwritten. With -store the set goes to a
// store instead, as push does it.
func Publish(ctx context.Context,
	tar *string, // the tarball (default: the one that build makes)
	release *string, // the release's tag (default: wheelhouse-<X.Y>-<YYYYMMDD>-<run id>)
	repo *string, // OWNER/REPO or HOST/OWNER/REPO (default: the setting fetch.repo, else the checkout's)
	store *string, // a store's URL, and no release (default: a release)
	json *bool, // print an object with "files", of a store with "pushed" (default: a line each)
) error {
	return begin(ctx, "publish", func(ctx context.Context, s *session) error {
		if release != nil && store != nil {
			return fault.New(fault.Usage, "release-and-store", "publish: -release and -store each name a place").
				WithHint("leave one of them out")
		}
		tag := ""
		if release != nil {
			if tag = *release; !validTag(tag) {
				return badTag("publish: -release is %q, which is no tag's name", tag)
			}
		}
		if err := errors.Join(s.option("repo", repo, "fetch.repo"), s.option("store", store, "store.url")); err != nil {
			return err
		}
		tarball, err := s.tarball(ctx, tar)
		if err != nil {
			return err
		}
		record, err := readMeta(tarball + meta.Suffix)
		if errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.Refused, "no-meta", "publishing %s: there is no record beside it", s.show(tarball)).
				WithHint("write it: mage %s -tar=%s", s.typed("meta"), s.show(tarball))
		}
		if err != nil {
			return err
		}
		if store != nil {
			return s.publishToStore(ctx, tarball, record, on(json))
		}
		if tag == "" {
			tag = strings.TrimSuffix(filepath.Base(tarball), ".tgz") + "-" + entry.Name(record.CreatedAt, s.runOf(record))
			if !validTag(tag) {
				return badTag("publishing %s: its name makes no tag's name: %q", s.show(tarball), tag)
			}
		}
		return s.publish(ctx, tarball, record, tag, on(json))
	})
}

// maxTag is the most bytes of a tag's name.
const maxTag = 200

// wholeSum is a commit's whole id.
var wholeSum = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

var tagPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*(/[A-Za-z0-9_+-][A-Za-z0-9._+-]*)*$`)

// validTag tells whether a release may have that tag: a name that git takes.
func validTag(tag string) bool {
	return len(tag) <= maxTag && tagPattern.MatchString(tag) && !strings.Contains(tag, "..") &&
		!strings.HasSuffix(tag, ".") && !strings.Contains(tag+"/", ".lock/")
}

func badTag(format string, args ...any) error {
	return fault.New(fault.Usage, "bad-release", format, args...).
		WithHint("name it, -release=TAG: letters, digits, '.', '_', '+', '-' and '/', at most %d", maxTag)
}

// publishToStore checks the set and stores it.
func (s *session) publishToStore(ctx context.Context, tarball string, record meta.Record, asJSON bool) error {
	files, err := s.checkedSet(ctx, tarball, record)
	if err != nil {
		return err
	}
	k, err := s.atHand(tarball)
	if err != nil {
		return err
	}
	k.checked = map[string]string{}
	for _, path := range provenance.Files(tarball) {
		k.checked[filepath.Base(path)] = ""
	}
	for _, f := range files {
		k.checked[f.Name] = f.SHA256
	}
	return s.push(ctx, []kept{k}, asJSON)
}

// publish checks the set and brings it to a release.
func (s *session) publish(ctx context.Context, tarball string, record meta.Record, tag string, asJSON bool) error {
	files, err := s.checkedSet(ctx, tarball, record)
	if err != nil {
		return err
	}
	client, place, err := s.releases(ctx, s.Config.Fetch.Repo, s.Config.Origin("fetch.repo"))
	if err != nil {
		return err
	}
	s.note("publishing %s to the release %s of %s", s.show(tarball), tag, report.Visible(place.Repository.String()))
	done, err := publish.Run(ctx, client, publish.Options{
		Tag: tag, Commit: tagged(record, place.Repository), Body: releaseBody(filepath.Base(tarball), record), Files: files,
		Step: func(text string) func() { return s.steps.Step(report.Visible(text)) },
		Note: func(text string) { s.note("%s", report.Visible(text)) },
	})
	if err != nil && done.Release.Draft {
		s.note("the release %s stays a draft, with %s sent just now; publish again to go on", tag, counted(len(done.Sent), "file"))
	}
	if err != nil {
		return err
	}
	return s.printPublished(done, files, asJSON)
}

// tagged gives the commit that the tag of a new release is made at: the one that
// the record names by its whole id, of that repository; else empty.
func tagged(record meta.Record, at actions.Repository) string {
	if strings.EqualFold(record.Repository, at.Owner+"/"+at.Name) && wholeSum.MatchString(record.GitCommit) {
		return record.GitCommit
	}
	return ""
}

// releaseBody is the text of a release.
func releaseBody(tarball string, record meta.Record) string {
	from := ""
	if record.GitCommit != "" {
		from = ", built from commit " + record.GitCommit
	}
	return fmt.Sprintf("`%s`%s, sha256 `%s`.\n\nTo check it: `sha256sum -c %s%s`; where it is signed, `gpg --verify %s%s`; or `mage verify -tar=%s`.\n",
		tarball, from, record.SHA256, tarball, provenance.ChecksumsSuffix, tarball, provenance.SignatureSuffix, tarball)
}

// checkedSet checks a tarball's set of files as verify does, refuses one that
// fails, and gives the files with the digests that were checked.
func (s *session) checkedSet(ctx context.Context, tarball string, record meta.Record) ([]publish.File, error) {
	// Hashed before they are checked: what changes from here on is found out.
	files, err := publishable(ctx, tarball, record)
	if err != nil {
		return nil, err
	}
	end := s.steps.Step("checking " + report.Visible(s.show(tarball)))
	v, err := s.verifyTarball(ctx, tarball, "", "")
	end()
	if err != nil {
		return nil, err
	}
	if err := writeChecks(s.stderr, append(provenance.Refused(v.checks), v.open...)); err != nil {
		return nil, err
	}
	if err := report.Findings(s.stderr, v.found); err != nil {
		return nil, err
	}
	if n := v.failed(); n > 0 {
		return nil, fault.New(fault.Refused, "untrusted", "publishing %s: %d of its checks failed", s.show(tarball), n).
			WithHint("nothing was sent; the lines above say what each means")
	}
	if len(v.open) > 0 {
		return nil, verdictOn(s.show(tarball), nil, v.open)
	}
	// A proof made after the checksums is nobody's word.
	for _, c := range v.checks {
		if c.State == "unlisted" {
			s.note("%s is left out: the checksums do not list it", report.Visible(c.Subject))
			files = slices.DeleteFunc(files, func(f publish.File) bool { return f.Name == c.Subject })
		}
	}
	return files, nil
}

// publishable gives the files of a tarball's set that are there, hashed; the
// tarball's digest is its record's, which it must have to pass the checks.
func publishable(ctx context.Context, tarball string, record meta.Record) ([]publish.File, error) {
	var files []publish.File
	for _, path := range provenance.Files(tarball) {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && !info.Mode().IsRegular() {
			err = errors.New("it is no regular file")
		}
		sum := record.SHA256
		if err == nil && path != tarball {
			sum, err = provenance.Sum(ctx, path)
		}
		if err != nil {
			return nil, fault.New(fault.Unable, "file-unreadable", "reading %s: %w", path, err)
		}
		files = append(files, publish.File{Path: path, Name: filepath.Base(path), Size: info.Size(), SHA256: sum})
	}
	return files, nil
}

// published is what publish says of one file.
type published struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Sent   bool   `json:"sent"`
}

// printPublished prints what was done.
func (s *session) printPublished(done publish.Result, files []publish.File, asJSON bool) error {
	all := []published{}
	for _, f := range files {
		all = append(all, published{f.Name, f.SHA256, f.Size, slices.Contains(done.Sent, f.Name)})
	}
	if done.Unchanged {
		s.note("unchanged: the release %s has all of it already", report.Visible(done.Release.Tag))
	}
	if asJSON {
		return report.JSON(s.stdout, struct {
			Release   string      `json:"release"`
			Page      string      `json:"page,omitempty"`
			Unchanged bool        `json:"unchanged"`
			Files     []published `json:"files"`
		}{done.Release.Tag, done.Release.Page, done.Unchanged, all})
	}
	for _, f := range all {
		how := "sent"
		if !f.Sent {
			how = "there already"
		}
		if err := s.printf("%s  %s  %s\n", f.SHA256, report.Visible(f.Name), how); err != nil {
			return err
		}
	}
	if done.Release.Page == "" {
		return nil
	}
	return s.printf("%s\n", report.Visible(done.Release.Page))
}

// releases gives the client for a repository's releases, with the token that
// fetch uses. repo and from are as actions.Search has them.
func (s *session) releases(ctx context.Context, repo, from string) (*actions.Client, actions.Place, error) {
	search := actions.Search{Repo: repo, From: from, API: s.GitHub.APIURL, Getenv: s.getenv, Remotes: s.remotes(ctx)}
	place, err := actions.Locate(search)
	if err != nil {
		return nil, place, err
	}
	token, _ := actions.Token(place, search, nil)
	return actions.New(place, actions.Options{Token: token, Note: func(line string) { s.note("%s", report.Visible(line)) }}), place, nil
}
