package python

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	r := newRedactor([]string{
		"PIP_INDEX_URL=https://me:s3kr%2Fet@example.org/simple",
		"PIP_EXTRA_INDEX_URL=https://tok3nvalue@example.org/a https://b:pa#ss/word@example.org/b?sig=S1GNED",
		"HTTP_PROXY=http://p:pw@proxy.example.org:8080",
		"OTHER=words",
	})
	for given, want := range map[string]string{
		"nothing to hide": "nothing to hide",
		"at https://me:x@example.org:80/simple/?a=b#c": "at https://example.org:80/simple/",
		"(https://u@example.org)":                      "(https://example.org)",
		"https://h/x?sig=NEW&a=1 and more":             "https://h/x and more",
		"git+https://k:v@example.org/r.git@v1.0#egg=x": "git+https://example.org/r.git@v1.0",
		"https://b:pa#ss/word@example.org/b":           "https://example.org/b",
		"https://b:pa#ss":                              "https://" + mask,
		"password s3kr%2Fet, meant s3kr/et":            "password ****, meant ****",
		"token tok3nvalue and S1GNED":                  "token **** and ****",
		"a short one (pw) stays outside of a URL":      "a short one (pw) stays outside of a URL",
		"ssh://git@[::1]:22/x":                         "ssh://[::1]:22/x",
	} {
		if got := r.text(given); got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
}

func TestRedactedWriterSeesWholeLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := newRedactor(nil).writer(&out)
	for _, part := range []string{"a https://us", "er:secr", "et@example.org/x\nb", " http://c:d@e", "xample.org"} {
		if n, err := io.WriteString(w, part); err != nil || n != len(part) {
			t.Fatalf("%d, %v", n, err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := "a https://example.org/x\nb http://example.org\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	out.Reset()
	io.WriteString(w, strings.Repeat("x", 3*longestLine)+"\n")
	w.Flush()
	if out.Len() > longestLine+1 {
		t.Errorf("a line of %d bytes is passed on", out.Len())
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("https://me:%s@example.org/x")
	f.Add("%s https://%s?%s#%s")
	f.Add("git+ssh://%s@h/%s://x")
	f.Fuzz(func(t *testing.T, format string) {
		const secret = "hunter2hunter2"
		r := newRedactor([]string{"PIP_INDEX_URL=https://me:" + secret + "@example.org/simple"})
		if got := r.text(strings.ReplaceAll(format, "%s", secret)); strings.Contains(got, secret) {
			t.Errorf("the secret is in %q", got)
		}
	})
}
