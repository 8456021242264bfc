package python

import (
	"reflect"
	"strings"
	"testing"
)

const (
	sumA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	sumB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// What pip wrote, with other hosts. pip 22.0 reads HTML pages, whose links
// have hashes; later ones read JSON, where the log shows none.
const (
	log220 = `2026-11-22T22:31:35,201 Looking in indexes: https://user:****@example.org/simple
2026-11-22T22:31:35,202   Found link https://user:****@example.org/p/docopt-0.6.1.tar.gz#sha256=` + sumB + ` (from https://example.org/simple/docopt/), version: 0.6.1
2026-11-22T22:31:35,202   Found link https://user:****@example.org/p/docopt-0.6.2.tar.gz?sig=SECRET#sha256=` + sumA + ` (from https://example.org/simple/docopt/), version: 0.6.2
2026-11-22T22:31:35,203 Collecting docopt==0.6.2
2026-11-22T22:31:35,204   Downloading docopt-0.6.2.tar.gz (25 kB)
2026-11-22T22:31:35,205   Added docopt==0.6.2 from https://user:****@example.org/p/docopt-0.6.2.tar.gz?sig=SECRET#sha256=` + sumA + ` (from -r r.txt (line 1)) to build tracker '/tmp/pip-req-tracker-x'
2026-11-22T22:31:35,301   Found link https://example.org/p/idna-3.7-py3-none-any.whl#sha256=` + sumB + ` (from https://example.org/simple/idna/) (requires-python:>=3.5), version: 3.7
2026-11-22T22:31:35,401   Created wheel for docopt: filename=docopt-0.6.2-py2.py3-none-any.whl size=13781 sha256=` + sumB + `
2026-11-22T22:31:35,402   Stored in directory: /tmp/pip-ephem-wheel-cache-x/wheels/1a/b0
`
	log232 = `2026-11-22T22:31:40,001   Found link https://example.org/p/docopt-0.6.2.tar.gz (from https://example.org/simple/docopt/), version: 0.6.2
2026-11-22T22:31:40,002 Collecting docopt==0.6.2
2026-11-22T22:31:40,003   Source in /tmp/pip-wheel-x/docopt_58 has version 0.6.2, which satisfies requirement docopt==0.6.2 from https://example.org/p/docopt-0.6.2.tar.gz (from -r r.txt (line 1))
2026-11-22T22:31:40,004   Found link https://example.org/p/idna-3.7-py3-none-any.whl (from https://example.org/simple/idna/) (requires-python:>=3.5), version: 3.7
2026-11-22T22:31:40,005   Found link https://mirror.example.org/p/idna-3.7-py3-none-any.whl (from https://mirror.example.org/simple/idna/) (requires-python:>=3.5), version: 3.7
2026-11-22T22:31:40,006 Found link file:///home/me/wheels/idna-3.7-py3-none-any.whl, version: 3.7
2026-11-22T22:31:40,007   Downloading https://mirror.example.org/p/idna-3.7-py3-none-any.whl (66 kB)
2026-11-22T22:31:40,008   Created wheel for docopt: filename=docopt-0.6.2-py2.py3-none-any.whl size=13781 sha256=` + sumB + `
`
	log263 = `2026-11-22T22:31:43,082   Found link https://example.org/p/docopt-0.6.2.tar.gz (from https://example.org/simple/docopt/), version: 0.6.2
2026-11-22T22:31:43,086 Using cached wheel link: file:///cache/wheels/1a/b0/docopt-0.6.2-py2.py3-none-any.whl
2026-11-22T22:31:43,087   Using cached docopt-0.6.2-py2.py3-none-any.whl
2026-11-22T22:31:43,111   Found link https://example.org/p/idna-3.7-py3-none-any.whl (from https://example.org/simple/idna/) (requires-python:>=3.5), version: 3.7
2026-11-22T22:31:43,199   Downloading idna-3.7-py3-none-any.whl (66 kB)
`
	// A wheel from a folder of the user's; an index lists the name as well,
	// once with a hash and once without.
	logLocal = `2026-11-22T22:31:43,111   Found link https://example.org/p/idna-3.7-py3-none-any.whl (from https://example.org/simple/idna/), version: 3.7
2026-11-22T22:31:43,112   Found link https://mirror.example.org/idna-3.7-py3-none-any.whl#sha256=` + sumA + ` (from https://mirror.example.org/simple/idna/), version: 3.7
2026-11-22T22:31:43,113 Found link file:///opt/wheels/idna-3.7-py3-none-any.whl#sha256=` + sumB + `, version: 3.7
2026-11-22T22:31:43,114 Processing /opt/wheels/idna-3.7-py3-none-any.whl (from -r r.txt (line 2))
`
)

func TestPipLog(t *testing.T) {
	t.Parallel()
	const docopt, idna = "docopt-0.6.2-py2.py3-none-any.whl", "idna-3.7-py3-none-any.whl"
	sdist := Link{URL: "https://example.org/p/docopt-0.6.2.tar.gz", File: "docopt-0.6.2.tar.gz"}
	hashed := sdist
	hashed.SHA256 = sumA
	at := func(host, sum string) Link { return Link{URL: "https://" + host + "/" + idna, File: idna, SHA256: sum} }
	for name, c := range map[string]struct {
		log   string
		links []Link // of idna
		sdist Link   // of docopt
	}{
		"pip 22.0": {log220, []Link{at("example.org/p", sumB)}, hashed},
		"pip 23.2": {log232, []Link{at("mirror.example.org/p", ""), at("example.org/p", "")}, sdist},
		"pip 26.3": {log263, []Link{at("example.org/p", "")}, sdist},
		"a folder": {logLocal, []Link{at("mirror.example.org", sumA)}, Link{}},
		"CRLF":     {strings.ReplaceAll(log263, "\n", "\r\n"), []Link{at("example.org/p", "")}, sdist},
	} {
		l := newPipLog([]string{docopt, idna, "not a wheel.whl"})
		if err := l.read(strings.NewReader(c.log)); err != nil {
			t.Fatal(err)
		}
		if got := l.candidates(idna); !reflect.DeepEqual(got, c.links) {
			t.Errorf("%s: links: got %+v, want %+v", name, got, c.links)
		}
		if got := l.candidates(docopt); len(got) > 0 {
			t.Errorf("%s: a wheel that was built here has links: %+v", name, got)
		}
		if got, _ := l.sdist(docopt); got != c.sdist {
			t.Errorf("%s: sdist: got %+v, want %+v", name, got, c.sdist)
		}
	}
}

// TestPipLogOrigin takes the sdist's hash from what pip keeps beside a wheel.
func TestPipLogOrigin(t *testing.T) {
	t.Parallel()
	const file = "docopt-0.6.2-py2.py3-none-any.whl"
	for name, c := range map[string]struct {
		origin string
		want   Link
	}{
		"hashes": {`{"archive_info": {"hashes": {"sha256": "` + sumA + `"}}, "url": "https://u:p@example.org/docopt-0.6.2.tar.gz?sig=x"}`,
			Link{"https://example.org/docopt-0.6.2.tar.gz", "docopt-0.6.2.tar.gz", sumA}},
		"the old form": {`{"archive_info": {"hash": "sha256=` + sumA + `"}, "url": "file:///home/me/docopt-0.6.2.tar.gz"}`,
			Link{"", "docopt-0.6.2.tar.gz", sumA}},
		"a folder": {`{"dir_info": {}, "url": "file:///home/me/docopt"}`, Link{}},
		"rubbish":  {"rubbish", Link{}},
	} {
		dir := t.TempDir()
		write(t, dir, "origin.json", c.origin)
		l := newPipLog([]string{file})
		l.line("Created wheel for docopt: filename=" + file + " size=1 sha256=" + sumB)
		l.line("Stored in directory: " + dir)
		if got, _ := l.sdist(file); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

// TestPipLogLocalVersion finds names that are escaped in URLs.
func TestPipLogLocalVersion(t *testing.T) {
	t.Parallel()
	const file = "torch-2.1.0+cpu-cp311-cp311-linux_x86_64.whl"
	l := newPipLog([]string{file})
	l.line("Found link https://example.org/cpu/torch-2.1.0%2Bcpu-cp311-cp311-linux_x86_64.whl (from https://example.org/torch/), version: 2.1.0+cpu")
	got := l.candidates(file)
	if len(got) != 1 || got[0].File != file || got[0].URL != "https://example.org/cpu/torch-2.1.0%2Bcpu-cp311-cp311-linux_x86_64.whl" {
		t.Errorf("got %+v", got)
	}
}

func TestPipLogIsBounded(t *testing.T) {
	t.Parallel()
	const file = "idna-3.7-py3-none-any.whl"
	l := newPipLog([]string{file})
	many := strings.Repeat("  Found link https://example.org/"+file+" (from x), version: 3.7\n", 1000) + strings.Repeat("x", 3*logLine) + "\nFound link https://example.org/a/" + file
	if err := l.read(strings.NewReader(many)); err != nil {
		t.Fatal(err)
	}
	if got := len(l.candidates(file)); got != linksEach {
		t.Errorf("%d links are kept, want %d", got, linksEach)
	}
}

func TestGotHash(t *testing.T) {
	t.Parallel()
	link := Link{URL: "https://example.org/docopt-0.6.2.tar.gz", File: "docopt-0.6.2.tar.gz"}
	said := func(url string) []string {
		return []string{
			"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
			"    docopt==0.6.2 from " + url + " (from -r sdist.txt (line 1)):",
			"        Expected sha256 " + strings.Repeat("0", 64),
			"             Got        " + sumA,
		}
	}
	if got := gotHash(said("https://u:****@example.org/docopt-0.6.2.tar.gz?sig=x"), link); got != sumA {
		t.Errorf("got %q", got)
	}
	if got := gotHash(said("https://other.example.org/docopt-0.6.2.tar.gz"), link); got != "" {
		t.Errorf("the hash of another file: %q", got)
	}
}

func FuzzPipLog(f *testing.F) {
	for _, seed := range []string{log220, log232, log263, logLocal, "Found link ://#sha256=", "Stored in directory: \nCreated wheel for x: filename=", "Processing .whl"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		const file = "docopt-0.6.2-py2.py3-none-any.whl"
		l := newPipLog([]string{file})
		if err := l.read(strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		links := l.candidates(file)
		if sdist, ok := l.sdist(file); ok {
			links = append(links, sdist)
		}
		for _, link := range links {
			if strings.ContainsAny(link.URL, "?#") || link.URL != "" && !strings.HasPrefix(strings.ToLower(link.URL), "http") {
				t.Errorf("a link with a query, a fragment or another scheme: %+v", link)
			}
		}
	})
}
