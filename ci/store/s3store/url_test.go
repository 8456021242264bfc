package s3store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"s3://bucket":            "s3://bucket",
		"s3://bucket/":           "s3://bucket",
		"s3://bucket/a/b/":       "s3://bucket/a/b",
		"s3://bucket?region=x-1": "s3://bucket?region=x-1",
		"s3://bucket/a?region=x&path-style=true&endpoint=https://h.example.org:9/": "s3://bucket/a?endpoint=https://h.example.org:9&path-style=true&region=x",
		"s3://bucket?endpoint=http%3A%2F%2Flocalhost%3A9&path-style=false":         "s3://bucket?endpoint=http://localhost:9&path-style=false",
	} {
		p, err := parse(raw)
		if err != nil || p.String() != want {
			t.Errorf("%s gave %s, %v; want %s", raw, p, err, want)
		}
	}
	for _, raw := range []string{
		"", "s3:", "s3:bucket", "s3://", "s3:///a", "file:x", "s3://b", "s3://bucket/a//b", "s3://bucket/../b", "s3://bucket/a b",
		"s3://key:secret@bucket", "s3://bucket?secret=x", "s3://bucket?region=a&region=b", "s3://bucket?region=", "s3://bucket?region=a/b",
		"s3://bucket?endpoint=h.example.org", "s3://bucket?endpoint=https://u:secret@h", "s3://bucket?endpoint=https://h/path",
		"s3://bucket?endpoint=ftp://h", "s3://bucket?path-style=yes", "s3://bucket#x", "s3://bucket?a=%zz", "s3://bu%cket",
	} {
		_, err := parse(raw)
		if fault.Code(err) != "bad-store-url" {
			t.Errorf("%q: %v", raw, err)
		}
		if err != nil && strings.Contains(raw, "secret@") && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the secret is said: %v", raw, err)
		}
	}
}

// FuzzParse holds that the one spelling of a URL is read as the same place.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"s3://bucket/a?endpoint=https://h.example.org&region=x&path-style=true", "s3://k:s@bucket", "s3://bucket?endpoint=http://[::1]:9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := parse(raw)
		if err != nil {
			return
		}
		again, err := parse(p.String())
		if err != nil || again != p {
			t.Errorf("%q is %+v, its spelling %q is %+v, %v", raw, p, p, again, err)
		}
		if _, err := Open(raw, Options{}); err != nil && fault.Code(err) != "bad-store-url" {
			t.Errorf("opening %q: %v", raw, err)
		}
	})
}

// TestCredentials looks for them where their users keep them, in order.
func TestCredentials(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(home, ".aws", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("credentials", "[default]\naws_access_key_id=shared\naws_secret_access_key=s\n[other]\naws_access_key_id=other\naws_secret_access_key=s\n")
	write("config", "[default]\nregion=x\n[profile third]\naws_access_key_id=third\naws_secret_access_key=s\naws_session_token=t\n")
	for _, test := range []struct {
		name, want, token string
		variables         []string
	}{
		{"variables", "aws", "t", []string{"AWS_ACCESS_KEY_ID=aws", "AWS_SECRET_ACCESS_KEY=s", "AWS_SESSION_TOKEN=t", "MINIO_ROOT_USER=minio", "MINIO_ROOT_PASSWORD=s", "HOME=" + home}},
		{"half of them", "shared", "", []string{"AWS_ACCESS_KEY_ID=aws", "HOME=" + home}},
		{"minio's", "minio", "", []string{"MINIO_ROOT_USER=minio", "MINIO_ROOT_PASSWORD=s", "HOME=" + home}},
		{"minio's older", "minio", "", []string{"MINIO_ACCESS_KEY=minio", "MINIO_SECRET_KEY=s"}},
		{"a profile", "other", "", []string{"AWS_PROFILE=other", "HOME=" + home}},
		{"a profile of the configuration", "third", "t", []string{"AWS_PROFILE=third", "USERPROFILE=" + home}},
		{"a file of another name", "third", "t", []string{"AWS_PROFILE=third", "AWS_CONFIG_FILE=" + filepath.Join(home, ".aws", "config")}},
		{"none", "", "", []string{"HOME=" + t.TempDir()}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			values := map[string]string{}
			for _, pair := range test.variables {
				name, value, _ := strings.Cut(pair, "=")
				values[name] = value
			}
			p := place{bucket: "bucket", endpoint: "https://h.example.org"}
			got, err := p.chain(environment(values)).GetWithContext(&credentials.CredContext{})
			if err != nil || got.AccessKeyID != test.want || got.SessionToken != test.token {
				t.Errorf("found %q, token %q, %v", got.AccessKeyID, got.SessionToken, err)
			}
		})
	}
}

// TestRole asks for a role where there may be one, and no longer than it should.
func TestRole(t *testing.T) {
	t.Parallel()
	amazon, other := place{}, place{endpoint: "https://h.example.org"}
	off := environment(map[string]string{"AWS_EC2_METADATA_DISABLED": "true"})
	named := environment(map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": "x"})
	none := environment(nil)
	if amazon.roleWait(none) != machineRoleTime || amazon.roleWait(off) != 0 || other.roleWait(none) != 0 || other.roleWait(named) != namedRoleTime {
		t.Error("it waits for a role that is not there, or not for one that is")
	}
}
