package targets

import (
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/python"
	"github.com/wheelhouse-ci/wheelhouse/ci/requirements"
	"github.com/wheelhouse-ci/wheelhouse/ci/wheelhouse"
)

const (
	sumA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	sumB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	demo = "demo-1.0-py3-none-any.whl"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	link := func(host, sum string) python.Link {
		return python.Link{URL: "https://" + host + "/" + demo, File: demo, SHA256: sum}
	}
	sdist := map[string]python.Link{demo: {File: "demo-1.0.tar.gz", URL: "https://example.org/demo-1.0.tar.gz", SHA256: sumB}}
	tests := []struct {
		name  string
		made  python.Built
		url   string
		sdist string
	}{
		{"the link with its sha256", python.Built{Links: map[string][]python.Link{demo: {link("a.example.org", ""), link("b.example.org", sumA)}}}, "https://b.example.org/" + demo, ""},
		{"a link that states none", python.Built{Links: map[string][]python.Link{demo: {link("a.example.org", "")}}}, "https://a.example.org/" + demo, ""},
		{"a link with another sha256", python.Built{Links: map[string][]python.Link{demo: {link("a.example.org", sumB)}}}, "", ""},
		{"built here", python.Built{Links: map[string][]python.Link{demo: {link("a.example.org", sumB)}}, Sdists: sdist}, "", "demo-1.0.tar.gz"},
		{"nothing known", python.Built{}, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url, from := origin(wheelhouse.File{Name: demo, SHA256: sumA}, &test.made)
			got := ""
			if from != nil {
				got = from.File
			}
			if url != test.url || got != test.sdist {
				t.Errorf("got %q and sdist %q, want %q and %q", url, got, test.url, test.sdist)
			}
		})
	}
}

// TestDirectURL wants a wheel that the requirements name by URL to have that
// URL in the lock, without what it may hold of secrets.
func TestDirectURL(t *testing.T) {
	t.Parallel()
	direct, err := requirements.ParseRequirement("demo @ https://user:s3cret@example.org/files/" + demo + "?sig=s3cret#sha256=" + sumA)
	if err != nil {
		t.Fatal(err)
	}
	made := &python.Built{}
	linkDirect(made, []requirements.Requirement{direct, {Project: "idna"}, {URL: "git+https://example.org/x.git"}, {URL: "./" + demo}})
	inv := &wheelhouse.Inventory{
		Name: "wheelhouse-3.11.tgz", Format: wheelhouse.Format, Size: 1, SHA256: sumB,
		Wheels: []wheelhouse.File{{Name: demo, Size: 1, SHA256: sumA}},
	}
	text, err := lockOf(inv, "3.11", made, "index").Encode()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"https://example.org/files/`+demo+`"`) || strings.Contains(string(text), "s3cret") {
		t.Errorf("the lock is\n%s", text)
	}
	if len(made.Links) != 1 {
		t.Errorf("links of %v", made.Links)
	}
}
