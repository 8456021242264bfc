package ocistore

import (
	"regexp"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"oci://ghcr.io/owner/name":                         "oci://ghcr.io/owner/name",
		"oci://localhost:5000/name":                        "oci://localhost:5000/name",
		"oci://h.example.org/a/b/c?plain-http=true":        "oci://h.example.org/a/b/c?plain-http=true",
		"oci://h.example.org/a_b/c-d/e.f?plain-http=false": "oci://h.example.org/a_b/c-d/e.f",
	} {
		p, err := parse(raw)
		if err != nil || p.String() != want {
			t.Errorf("%s gave %s, %v; want %s", raw, p, err, want)
		}
	}
	for raw, overHTTP := range map[string]bool{
		"oci://localhost:5000/a": true, "oci://127.0.0.1:1/a": true, "oci://[::1]:1/a": true, "oci://h.example.org/a": false,
		"oci://h.example.org/a?plain-http=true": true, "oci://localhost.example.org/a": false,
	} {
		if p, err := parse(raw); err != nil || p.overHTTP() != overHTTP {
			t.Errorf("%s: over http %t, %v", raw, !overHTTP, err)
		}
	}
	for _, raw := range []string{
		"", "oci:", "oci://", "oci:///a", "oci://h.example.org", "oci://h.example.org/", "oci://h.example.org/A", "oci://h.example.org/a//b",
		"oci://h.example.org/a:tag", "oci://h.example.org/a@sha256:x", "oci://user:secret@h.example.org/a", "oci://h.example.org/a?x=y",
		"oci://h.example.org/a?plain-http=1", "oci://h.example.org/a#x", "https://h.example.org/a", "oci://h.example.org/a?%zz",
	} {
		_, err := parse(raw)
		if fault.Code(err) != "bad-store-url" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// FuzzParse holds that the one spelling of a URL is read as the same place.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"oci://ghcr.io/owner/name", "oci://u:s@h/a", "oci://[::1]:9/a?plain-http=true"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := parse(raw)
		if err != nil {
			return
		}
		if again, err := parse(p.String()); err != nil || again != p {
			t.Errorf("%q is %+v, its spelling %q is %+v, %v", raw, p, p, again, err)
		}
		if _, err := Open(raw, Options{}); err != nil && fault.Code(err) != "bad-store-url" {
			t.Errorf("opening %q: %v", raw, err)
		}
	})
}

func TestTags(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]string{
		"gc":                                  "gc",
		"entries/20261122-4711/w-3.11.tgz@00": "20261122-4711_sw-3.11.tgz_a00",
		"entries/a_b/c+d@0":                   "a__b_sc_pd_a0",
		"entries/-a/b@0":                      "_ma_sb_a0",
		"entries/_x/b@0":                      "__x_sb_a0",
		"entries/gc/gc@0":                     "gc_sgc_a0",
		"entries/a/" + strings.Repeat("b", 130) + "@0": "_xac3d",
	} {
		if got := tagOf(key); got != want && (want != "_xac3d" || !strings.HasPrefix(got, "_x") || len(got) != 66) {
			t.Errorf("%s has the tag %s, want %s", key, got, want)
		}
	}
	for _, tag := range []string{"latest", "v1.0", "a_sb", "a_s_ab", "_s_a", "a_sb_a0_", "a_sb_a0_z", "_da_sb_a0_dx", "a_sb_sc_a0"} {
		if key := keyOf(tag); key != "" {
			t.Errorf("the tag %s is taken for %s", tag, key)
		}
	}
}

// FuzzTags holds that every key has a tag that registries take, and that no two
// have the same one.
func FuzzTags(f *testing.F) {
	grammar := regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	for _, seed := range []string{"entries/20261122-4711/w-3.11.tgz@00", "entries/_x/b@0", "entries/-/__@", "gc"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if key := keyOf(text); key != "" && tagOf(key) != text {
			t.Errorf("the tag %q is %q, whose tag is %q", text, key, tagOf(key))
		}
		if store.CheckKey(text) != nil || checkKey(text) != nil || strings.HasPrefix(text, blobs) {
			return
		}
		tag := tagOf(text)
		if !grammar.MatchString(tag) {
			t.Errorf("%q has the tag %q", text, tag)
		}
		if key := keyOf(tag); key != text && !(strings.HasPrefix(tag, hashed) && len(tag) == 66) {
			t.Errorf("%q has the tag %q, which is %q", text, tag, key)
		}
	})
}
