package targets

import (
	"slices"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/meta"
	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

func TestDifferences(t *testing.T) {
	t.Parallel()
	now := today{tarball: "wheelhouse-3.11.tgz", python: "3.11", platform: "linux_x86_64", inputs: "i", hash: "h", single: true}
	same := proven{
		run: "7", tarball: now.tarball,
		record: meta.Record{Python: "3.11", RequirementsInputs: "i", RequirementsHash: "h"},
		proofs: []verdict.Proof{
			{Python: "3.12.1", Platform: "linux_aarch64", Result: verdict.Pass},
			{Python: "3.11.7", Platform: "linux_x86_64", Result: verdict.Pass},
		},
	}
	for _, c := range []struct {
		name   string
		change func(*proven, *today)
		want   []string
	}{
		{"the same", func(*proven, *today) {}, nil},
		{"none", func(p *proven, _ *today) { *p = proven{} }, []string{"entry"}},
		{"another name", func(p *proven, _ *today) { p.tarball = "light-3.11.tgz" }, []string{"entry"}},
		{"another Python", func(p *proven, _ *today) { p.record.Python = "3.12" }, []string{"python"}},
		{"no Python", func(p *proven, _ *today) { p.record.Python = "" }, []string{"python"}},
		{"a newer patch", func(p *proven, _ *today) { p.proofs[1].Python = "3.11.9" }, nil},
		{"platform of another Python's proof", func(_ *proven, n *today) { n.platform = "linux_aarch64" }, []string{"platform"}},
		{"failed there", func(p *proven, _ *today) { p.proofs[1].Result = verdict.Fail }, []string{"platform"}},
		{"included file", func(p *proven, _ *today) { p.record.RequirementsInputs = "j" }, []string{"requirements"}},
		{"both files", func(p *proven, _ *today) { p.record.RequirementsInputs, p.record.RequirementsHash = "j", "k" }, []string{"requirements"}},
		{"old record, one file", func(p *proven, _ *today) { p.record.RequirementsInputs = "" }, nil},
		{"old record, more files", func(p *proven, n *today) { p.record.RequirementsInputs, n.single = "", false }, []string{"requirements"}},
		{"silent record", func(p *proven, _ *today) { p.record.RequirementsInputs, p.record.RequirementsHash = "", "" }, []string{"requirements"}},
		{"all", func(p *proven, n *today) { p.record.Python, n.inputs, n.hash = "3.12", "j", "k" }, []string{"python", "requirements"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, n := same, now
			p.proofs = slices.Clone(same.proofs)
			c.change(&p, &n)
			var got []string
			for _, r := range differences(p, n) {
				got = append(got, r.What)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
