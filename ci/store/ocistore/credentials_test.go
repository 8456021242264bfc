package ocistore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// TestCredentials finds logins where their users keep them, each for its host
// alone.
func TestCredentials(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	login := func(host string) string { return `{"auths":{"` + host + `":{"auth":"dXNlcjpwYXNz"}}}` } // user:pass
	write("docker/config.json", login("h.example.org"))
	write("home/.docker/config.json", login("ghcr.io"))
	podman := write("auth.json", login("p.example.org"))
	write("bad/config.json", "{")
	for _, test := range []struct {
		name, host string
		variables  map[string]string
		want       string
	}{
		{"docker's folder", "h.example.org", map[string]string{"DOCKER_CONFIG": filepath.Join(dir, "docker")}, "user:pass"},
		{"another host", "i.example.org", map[string]string{"DOCKER_CONFIG": filepath.Join(dir, "docker")}, ":"},
		{"home before a token", "ghcr.io", map[string]string{"HOME": filepath.Join(dir, "home"), "GH_TOKEN": "t"}, "user:pass"},
		{"home elsewhere", "ghcr.io", map[string]string{"USERPROFILE": filepath.Join(dir, "home")}, "user:pass"},
		{"podman's", "p.example.org", map[string]string{"REGISTRY_AUTH_FILE": podman, "HOME": dir}, "user:pass"},
		{"gh's token", "ghcr.io", map[string]string{"GH_TOKEN": "t", "GITHUB_TOKEN": "u", "HOME": dir}, "token:t"},
		{"a workflow's token", "ghcr.io", map[string]string{"GITHUB_TOKEN": "u"}, "token:u"},
		{"not for others", "h.example.org", map[string]string{"GITHUB_TOKEN": "u"}, ":"},
		{"not for likes", "ghcr.io.example.org", map[string]string{"GITHUB_TOKEN": "u"}, ":"},
	} {
		got, err := credentialsOf(func(name string) string { return test.variables[name] })(t.Context(), test.host)
		if err != nil || got.Username+":"+got.Password != test.want {
			t.Errorf("%s: %s, %v", test.name, got.Username, err)
		}
	}
	bad := credentialsOf(func(name string) string {
		return map[string]string{"DOCKER_CONFIG": filepath.Join(dir, "bad")}[name]
	})
	if _, err := bad(t.Context(), "h.example.org"); fault.Code(err) != "store-refused" {
		t.Errorf("a config that cannot be read: %v", err)
	}
}
