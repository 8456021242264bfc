package actions

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/wheelhouse-ci/wheelhouse/ci/actions/internal/transfer"
	"github.com/wheelhouse-ci/wheelhouse/ci/actions/internal/unpack"
	"github.com/wheelhouse-ci/wheelhouse/ci/actions/internal/ziprange"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/lock"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const (
	// minPartial is the smallest artifact that is taken apart: finding out
	// what changed takes about as much.
	minPartial = 128 << 10
	// tailBytes is what is read of an artifact's end at first: its directory
	// and, mostly, some small files.
	tailBytes = 32 << 10
	// maxRest bounds what an artifact holds beside its tarball.
	maxRest = 16 << 20
	// minSaved is the share of the tarball that must be here: a tenth.
	minSaved = 10
)

// wholly is why an artifact is transferred whole.
type wholly string

func (w wholly) Error() string { return string(w) }

// changed brings an artifact of which only what changed is transferred.
type changed struct {
	Fetcher
	artifact Artifact
	staging  string
	ranges   *transfer.Ranges
	window   *window
	buffer   []byte
}

// contents are an artifact's parts.
type contents struct {
	tarball ziprange.Member
	data    int64 // where the tarball's bytes begin
	lock    lock.Lock
	spans   []wheelhouse.Span // of lock.Wheels, in their order
}

// changed makes the content of an artifact out of wheels that are here and
// those that are not, which alone are transferred. The error tells why it
// cannot be done, by fallBack, or why the artifact cannot be had at all.
// received is what came in either case.
func (f Fetcher) changed(ctx context.Context, staging string, a Artifact) (content string, received int64, err error) {
	places := append(f.Folder.wheels(), f.Wheels...)
	switch {
	case a.Size < minPartial:
		return "", 0, wholly("")
	case len(places) == 0:
		return "", 0, wholly("no wheel is here yet")
	}
	c := &changed{Fetcher: f, artifact: a, staging: staging}
	c.ranges = transfer.NewRanges(func(ctx context.Context, first, last int64, fresh bool) (*http.Response, error) {
		return f.Server.Part(ctx, a, first, last, fresh)
	}, transfer.Options{Path: "artifact", Size: a.Size, Progress: f.Progress, Wait: f.Clock.Sleep})
	c.window = &window{ctx: ctx, ranges: c.ranges, size: a.Size}
	content, err = c.bring(ctx, places)
	if c.window.err != nil {
		err = c.window.err
	}
	return content, c.ranges.Received(), err
}

// fallBack tells why an artifact is to be transferred whole after err; ok is
// false for an error that this would not mend.
func fallBack(err error) (why string, ok bool) {
	if w, ok := as[wholly](err); ok {
		return string(w), true
	}
	if p, ok := as[*transfer.PartError](err); ok {
		return p.Why, true
	}
	for _, kind := range []error{ziprange.ErrNotZip, ziprange.ErrDamaged, ziprange.ErrTooLarge} {
		if errors.Is(err, kind) {
			return err.Error(), true
		}
	}
	return "", false
}

// bring does it, step by step.
func (c *changed) bring(ctx context.Context, places []Wheels) (string, error) {
	content := filepath.Join(c.staging, contentDir)
	parts, err := c.read(ctx, content)
	if err != nil {
		return "", err
	}
	c.window.held = nil // it may be large
	here, err := c.gather(ctx, parts.lock, places)
	if err != nil {
		return "", err
	}
	missing, saved := c.plan(parts, here)
	if saved*minSaved < parts.lock.Size {
		return "", wholly("less than a tenth of it is here")
	}
	if err := c.transfer(ctx, parts, missing); err != nil {
		return "", err
	}
	if err := c.rebuild(ctx, parts, filepath.Join(content, filepath.FromSlash(parts.tarball.Name))); err != nil {
		return "", err
	}
	c.Note(fmt.Sprintf("transferred %s of %s; %d of %d wheels were here already", size(c.ranges.Received()), size(c.artifact.Size), len(here), len(parts.lock.Wheels)))
	c.Note("the artifact's own digest could not be checked, for not all of it came; the tarball is that of its record (-whole fetches everything)")
	return content, nil
}

// read transfers everything but the tarball, and lays it out in content.
func (c *changed) read(ctx context.Context, content string) (contents, error) {
	if err := c.window.hold([]extent{{c.artifact.Size - tailBytes, c.artifact.Size}}); err != nil {
		return contents{}, err
	}
	members, err := ziprange.Read(c.window, c.artifact.Size, ziprange.Limits{Members: c.Folder.Limits.Members})
	if err != nil {
		return contents{}, err
	}
	parts := contents{}
	if parts.tarball, err = c.choose(members); err != nil {
		return contents{}, err
	}
	wanted, err := around(members, parts.tarball)
	if err != nil {
		return contents{}, err
	}
	if err := c.window.hold(wanted); err != nil {
		return contents{}, err
	}
	if parts.data, err = parts.tarball.Locate(c.window); err != nil {
		return contents{}, err
	}
	l := c.Folder.Limits
	err = unpack.Rest(ctx, c.window, c.artifact.Size, "artifact", parts.tarball.Name, content,
		unpack.Limits{Members: l.Members, MemberBytes: l.MemberBytes, TotalBytes: l.TotalBytes, Ratio: l.Ratio})
	if e, ok := fault.As(err); ok && e.ExitStatus() == fault.Refused {
		return contents{}, wholly(e.Message)
	}
	if err != nil {
		return contents{}, err
	}
	return parts, c.papers(content, &parts)
}

// choose takes the member that is the tarball, as Folder.tarballIn does.
func (c *changed) choose(members []ziprange.Member) (ziprange.Member, error) {
	var all, named []ziprange.Member
	for _, m := range members {
		if strings.HasSuffix(m.Name, ".tgz") {
			all = append(all, m)
			if path.Base(m.Name) == c.Folder.Tarball {
				named = append(named, m)
			}
		}
	}
	if len(all) > 1 {
		all = named
	}
	switch {
	case len(all) != 1:
		return ziprange.Member{}, wholly("it is not one zip with one tarball in it")
	case all[0].Encrypted || all[0].Method != ziprange.Store || all[0].Packed != all[0].Size:
		return ziprange.Member{}, wholly("its tarball is compressed in the zip")
	}
	return all[0], nil
}

// around gives where all but the tarball's bytes lie.
func around(members []ziprange.Member, tarball ziprange.Member) ([]extent, error) {
	// What a member takes beside its name and data: header, extra fields, and
	// what may stand behind it. Where there is more, it is read when needed.
	const beside = 512
	var all []extent
	var total int64
	for _, m := range members {
		own := int64(len(m.Name)) + beside
		if m.Header != tarball.Header {
			if own += m.Packed; m.Size > maxRest {
				own = maxRest + 1
			}
		}
		own = min(own, m.Extent)
		if total += own; total > maxRest {
			return nil, wholly("what it holds beside the tarball is too large")
		}
		all = append(all, extent{m.Header, m.Header + own})
	}
	return all, nil
}

// papers reads record and lock, which must agree on the tarball.
func (c *changed) papers(content string, parts *contents) error {
	tarball := filepath.Join(content, filepath.FromSlash(parts.tarball.Name))
	if err := os.MkdirAll(filepath.Dir(tarball), 0o755); err != nil {
		return failed("making "+filepath.Dir(tarball), err)
	}
	companions, err := companionsOf(content, tarball)
	if err != nil {
		return failed("reading "+content, err)
	}
	for _, one := range companions {
		if filepath.Base(one) != lock.FileName(filepath.Base(tarball)) {
			continue
		}
		if parts.lock, err = readLock(one); err != nil {
			return wholly("its lock cannot be read")
		}
	}
	record, err := recordOf(companions, tarball)
	switch {
	case parts.lock.Tarball == "":
		return wholly("it has no lock")
	case err != nil:
		return wholly("it has no record that can be read")
	case record.SHA256 != parts.lock.SHA256 || record.Size != parts.lock.Size || record.Size != parts.tarball.Size:
		return wholly("its record, its lock and its tarball do not agree")
	}
	if parts.spans, err = parts.lock.Spans(); err != nil {
		return wholly("its tarball was not packed as here")
	}
	return nil
}
