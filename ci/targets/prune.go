package targets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/archive"
	"github.com/wheelhouse-ci/wheelhouse/ci/entry"
	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/rebuild"
	"github.com/wheelhouse-ci/wheelhouse/ci/report"
	"github.com/wheelhouse-ci/wheelhouse/ci/retain"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

// Prune turns old tarballs into pointers they come back from.
//
// The retention's rules say which tarballs stay; every decision is printed
// with its reasons. A tarball goes only when a way back was proven: its wheels
// were stored, read back and hashed, and give the same bytes; or git's history
// holds it. Its record stays for good.
func Prune(ctx context.Context,
	keepLast *string, // keep the newest so many (default: the setting retention.keep-last)
	keepWithin *string, // keep those of so long before the newest, 30d (default: the setting)
	keepDaily *string, // keep the newest of each of so many days (default: the setting)
	keepWeekly *string, // the same for weeks (default: the setting)
	keepMonthly *string, // the same for months (default: the setting)
	keepYearly *string, // the same for years (default: the setting)
	keepPinned *bool, // keep what is pinned (default: the setting)
	keepProven *bool, // keep the newest that passed a proof (default: the setting)
	maxSize *string, // the most that all kept may have together, 5GB (default: the setting)
	groupBy *string, // python,platform: what the rules count in (default: the setting)
	store *string, // the store's URL (default: the setting store.url)
	dryRun *bool, // print what would be done, and do nothing (default: do it)
	metadataOnly *bool, // remove without a way back: the bytes are gone for good (default: never)
	localOnly *bool, // let a way back that only this checkout has do under CI=true (default: no)
	json *bool, // print an object with "decisions" (default: a table)
) error {
	return begin(ctx, "prune", func(ctx context.Context, s *session) error {
		var problems []error
		for _, o := range []struct {
			name  string
			value *string
			key   string
		}{
			{"keepLast", keepLast, "retention.keep-last"}, {"keepWithin", keepWithin, "retention.keep-within"},
			{"keepDaily", keepDaily, "retention.keep-daily"}, {"keepWeekly", keepWeekly, "retention.keep-weekly"},
			{"keepMonthly", keepMonthly, "retention.keep-monthly"}, {"keepYearly", keepYearly, "retention.keep-yearly"},
			{"keepPinned", text(keepPinned), "retention.keep-pinned"}, {"keepProven", text(keepProven), "retention.keep-proven"},
			{"maxSize", maxSize, "retention.max-size"}, {"groupBy", groupBy, "retention.group-by"}, {"store", store, "store.url"},
		} {
			problems = append(problems, s.option(o.name, o.value, o.key))
		}
		if err := errors.Join(problems...); err != nil {
			return err
		}
		return s.prune(ctx, pruning{dryRun: on(dryRun), metadataOnly: on(metadataOnly), localOnly: on(localOnly), json: on(json)})
	})
}

// text gives a switch as a setting takes it.
func text(value *bool) *string {
	if value == nil {
		return nil
	}
	t := fmt.Sprint(*value)
	return &t
}

// pruning are prune's switches.
type pruning struct{ dryRun, metadataOnly, localOnly, json bool }

// policy is the retention in force.
func (s *session) policy() retain.Policy {
	r := s.Retention
	return retain.Policy{
		KeepLast: r.KeepLast, KeepDaily: r.KeepDaily, KeepWeekly: r.KeepWeekly, KeepMonthly: r.KeepMonthly, KeepYearly: r.KeepYearly,
		KeepWithin: r.KeepWithin, KeepPinned: r.KeepPinned, KeepProven: r.KeepProven, MaxSize: r.MaxSize, GroupBy: r.GroupBy,
	}
}

// prune decides, prints the plan, and carries it out under the archive's lock.
func (s *session) prune(ctx context.Context, o pruning) error {
	policy := s.policy()
	if err := policy.Check(); err != nil {
		return err
	}
	var held *archive.Session
	if !o.dryRun {
		var err error
		if held, err = s.archived().Exclusive(ctx); err != nil {
			return err
		}
		defer held.Close()
	}
	entries, err := s.archived().List(ctx)
	if err != nil {
		return err
	}
	all := each(entries)
	decisions := policy.Apply(items(all), s.now())
	if err := s.printPlan(decisions, o.json); err != nil {
		return err
	}
	if o.dryRun {
		return nil
	}
	if err := s.carryOut(ctx, held, all, decisions, o); err != nil {
		return err
	}
	held.Close()
	return s.archived().WriteIndex(ctx)
}

// items gives the tarballs as the retention looks at them.
func items(all []kept) []retain.Item {
	out := make([]retain.Item, len(all))
	for i, k := range all {
		at := k.CreatedAt
		if at.IsZero() {
			at, _ = time.Parse("20060102", k.Date) // zero where there is neither: the oldest
		}
		out[i] = retain.Item{
			Entry: k.name(), Tarball: k.Tarball, Python: k.Python, Platform: systemOf(k.Platform),
			Time: at, Size: sizeOf(k), Full: k.State == entry.Full, Proven: k.Proven, Pinned: k.Pinned,
		}
		if k.State == entry.Broken {
			out[i].Broken = k.Why
		}
	}
	return out
}

// sizeOf gives a tarball's size: the file's own where an old record does not
// say.
func sizeOf(k kept) int64 {
	if k.Size >= 0 {
		return k.Size
	}
	if info, err := os.Stat(k.path()); err == nil {
		return info.Size()
	}
	return 0
}

// floorPattern is the version in a platform tag: manylinux_2_28_x86_64,
// macosx_11_0_arm64.
var floorPattern = regexp.MustCompile(`^(manylinux|musllinux|macosx)_[0-9]+_[0-9]+_`)

// systemOf gives system and machine of a platform, without the floor that a
// new wheel raises.
func systemOf(platform string) string {
	for old, tag := range map[string]string{"manylinux1_": "manylinux_", "manylinux2010_": "manylinux_", "manylinux2014_": "manylinux_"} {
		platform = strings.Replace(platform, old, tag, 1)
	}
	platform = floorPattern.ReplaceAllString(platform, "${1}_")
	return strings.Replace(platform, "manylinux_", "linux_", 1)
}

// planned is a decision as prune -json prints it.
type planned struct {
	Entry   string   `json:"entry"`
	Tarball string   `json:"tarball"`
	Size    int64    `json:"size"`
	Keep    bool     `json:"keep"`
	Reasons []string `json:"reasons"`
}

// printPlan prints what stays and what goes, and why.
func (s *session) printPlan(decisions []retain.Decision, asJSON bool) error {
	if asJSON {
		plan := []planned{}
		for _, d := range decisions {
			plan = append(plan, planned{d.Item.Entry, d.Item.Tarball, d.Item.Size, d.Keep, d.Reasons})
		}
		return report.JSON(s.stdout, struct {
			Decisions []planned `json:"decisions"`
		}{plan})
	}
	w := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
	var goes, stays int
	var bytes int64
	for _, d := range decisions {
		word := "keep"
		switch {
		case !d.Keep:
			word = "prune"
			goes, bytes = goes+1, bytes+d.Item.Size
		case d.Item.Full:
			stays++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", word, report.Visible(d.Item.Entry), report.Visible(d.Item.Tarball), entry.FormatSize(d.Item.Size), report.Visible(strings.Join(d.Reasons, ", ")))
	}
	if err := w.Flush(); err != nil {
		return fault.New(fault.Unable, "output", "writing the result: %w", err)
	}
	return s.printf("%d to prune, %s; %d kept\n", goes, entry.FormatSize(bytes), stays)
}

// carryOut prunes what the decisions say. One that fails leaves its tarball
// where it is, and the others are still pruned.
func (s *session) carryOut(ctx context.Context, held *archive.Session, all []kept, decisions []retain.Decision, o pruning) error {
	p, err := s.newPruner(ctx, held, o)
	if err != nil {
		return err
	}
	type name struct{ entry, tarball string }
	byName := map[name]kept{}
	for _, k := range all {
		byName[name{k.name(), k.Tarball}] = k
	}
	var failed []error
	done := 0
	for _, d := range decisions {
		if d.Keep {
			continue
		}
		if err := p.prune(ctx, byName[name{d.Item.Entry, d.Item.Tarball}], strings.Join(d.Reasons, ", ")); err != nil {
			if ctx.Err() != nil || endsAll(err) {
				return err
			}
			failed = append(failed, err)
			s.note("%s of %s stays: %v", report.Visible(d.Item.Tarball), report.Visible(d.Item.Entry), err)
			continue
		}
		done++
	}
	if done > 0 && !o.metadataOnly {
		s.note("pruned: %d; mage %s RUN brings one back", done, s.typed("restore"))
	}
	if len(failed) > 0 {
		return fault.New(fault.Refused, "not-all-pruned", "pruning: %d tarballs stay, since no way back was proven or they could not be removed: the first: %w", len(failed), failed[0]).
			WithHint("nothing is lost: mend that and prune again")
	}
	return nil
}

// endsAll tells that the next tarball would fail for the same reason.
func endsAll(err error) bool {
	switch fault.Code(err) {
	case "local-only", "store-unreachable", "store-refused", "store-full", "store-busy", "rclone-missing", "archive-read-only", "disk-full":
		return true
	}
	return false
}

// pruner prunes one tarball after another.
type pruner struct {
	*session
	pruning
	held    *archive.Session
	store   store.Store
	blobs   *archive.GitBlobs
	checked rebuild.Checked
	warned  bool
}

func (s *session) newPruner(ctx context.Context, held *archive.Session, o pruning) (*pruner, error) {
	p := &pruner{session: s, pruning: o, held: held}
	if o.metadataOnly {
		return p, nil
	}
	var err error
	if p.store, err = s.openStore(ctx, s.Store.URL); err != nil {
		return nil, err
	}
	p.blobs, err = s.archived().GitBlobs(ctx)
	return p, err
}

// prune proves the ways back of a tarball and puts a pointer in its place.
func (p *pruner) prune(ctx context.Context, k kept, rule string) error {
	end := p.steps.Step("pruning " + report.Visible(k.name()) + "/" + report.Visible(k.Tarball))
	defer end()
	if p.metadataOnly {
		p.note("%s of %s is removed for good: there is no way back", report.Visible(k.Tarball), report.Visible(k.name()))
		return p.held.PruneToRecord(ctx, k.Entry, k.Tarball)
	}
	r, err := p.rehearse(ctx, k)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	if err := p.held.Complete(ctx, k.Entry, k.Tarball, r.Inventory()); err != nil {
		return err
	}
	proofs, err := p.proofs(ctx, k, r)
	if err != nil {
		return err
	}
	if err := p.local(k, proofs); err != nil {
		return err
	}
	return p.held.Prune(ctx, k.Entry, k.Tarball, proofs, cut(rule, entry.MaxRule), p.now())
}

// proofs gives the proofs of a tarball's ways back: the store's first.
func (p *pruner) proofs(ctx context.Context, k kept, r *rebuild.Rehearsal) ([]rebuild.Proof, error) {
	var proofs []rebuild.Proof
	if p.Retention.IndexCounts {
		proof, ok, err := p.fromIndex(ctx, k, r)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if ok {
			return append(proofs, proof), nil
		}
		if err != nil {
			p.note("the package index is no way back for %s of %s: %v", report.Visible(k.Tarball), report.Visible(k.name()), err)
		}
	}
	if _, err := p.send(ctx, p.store, k, r); err != nil {
		return nil, err
	}
	stored, err := rebuild.Prove(ctx, r, blobsOf(p.store), p.locationOf(p.store, r.Recipe().Encoder), &p.checked)
	if err != nil {
		return nil, err
	}
	proofs = append(proofs, stored)
	inv := r.Inventory()
	for _, b := range p.blobs.Of(k.Entry, k.Tarball) {
		proof, err := b.Prove(ctx, fileOf(inv), p.now())
		if err == nil {
			proofs = append(proofs, proof)
			break // one is enough
		}
		if ctx.Err() != nil {
			return nil, err
		}
	}
	return proofs, nil
}

// local warns where every way back is this checkout's alone, and refuses that
// in CI, whose checkout is thrown away.
func (p *pruner) local(k kept, proofs []rebuild.Proof) error {
	for _, proof := range proofs {
		if !proof.Location().LocalOnly {
			return nil
		}
	}
	if v := p.variable("CI"); v == "true" && !p.localOnly {
		return fault.New(fault.Refused, "local-only", "pruning %s of %s: its only way back is %s, which this checkout alone has, and CI throws its checkouts away", k.Tarball, k.name(), proofs[0].Location().URL).
			WithHint("name a store that others reach, -store=s3://BUCKET/PREFIX, or say -localOnly")
	}
	if !p.warned {
		p.warned = true
		p.note("local-only: the way back is %s, which this checkout alone has; keep it, or push to another store", proofs[0].Location().URL)
	}
	return nil
}

// cut gives the first bytes of a text, in whole characters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-3], "") + "..."
}
