package container

import (
	"slices"
	"strings"
	"testing"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

func TestRunWords(t *testing.T) {
	t.Parallel()
	const user, mounted = "--user 1000:100", "--mount type=bind,\"source=/a\",\"target=/a\",readonly --mount type=bind,\"source=/b\",\"target=/b\""
	blank := "--env HTTP_PROXY= --env http_proxy= --env HTTPS_PROXY= --env https_proxy= --env FTP_PROXY= --env ftp_proxy= " +
		"--env ALL_PROXY= --env all_proxy= --env NO_PROXY= --env no_proxy="
	for _, c := range []struct {
		name   string
		engine Engine
		mounts []Mount
		want   string
	}{
		{"docker", Engine{Name: "docker"}, []Mount{{Path: "/a"}, {Path: "/b", Writable: true}}, user + " " + blank + " " + mounted},
		{"without root", Engine{Name: "podman", Rootless: true}, nil, blank},
		{"other ids", Engine{Name: "docker", Remapped: true}, nil, user + " --userns host " + blank},
	} {
		words, err := runWords(c.engine, "NAME", Options{Image: "python:3.11", Mounts: c.mounts}, 1000, 100)
		want := "run --interactive --rm --name NAME --label wheelhouse --sig-proxy=false --stop-signal KILL --network none --cap-drop ALL " +
			"--security-opt no-new-privileges --security-opt label=disable " + c.want + " --entrypoint cat python:3.11"
		if got := strings.Join(words, " "); err != nil || got != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", c.name, err, got, want)
		}
	}
	_, err := runWords(Engine{}, "NAME", Options{Image: "x", Mounts: []Mount{{Path: "relative"}}}, 0, 0)
	if fault.Code(err) != "container-failed" {
		t.Errorf("a relative path: %v", err)
	}
}

func TestMountWord(t *testing.T) {
	t.Parallel()
	got := mountWord(Mount{Path: `/a:b,"c d`})
	if want := `type=bind,"source=/a:b,""c d","target=/a:b,""c d",readonly`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestExecWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		dir     string
		environ []string
		stdin   bool
		want    []string
	}{
		{"", nil, false, []string{"exec", "NAME", "python3", "-c", "x y"}},
		{"/a b", []string{"A=1", "B", "=C:=x", "D="}, true,
			[]string{"exec", "--interactive", "--workdir", "/a b", "--env", "A=1", "--env", "D=", "NAME", "python3", "-c", "x y"}},
	} {
		if got := execWords("NAME", c.dir, c.environ, c.stdin, "python3", []string{"-c", "x y"}); !slices.Equal(got, c.want) {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestCheckImage(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"python:3.11", "example.org:5000/a/b_c.d@sha256:0123", "3", "docker-archive:/a/b.tar"} {
		if err := checkImage(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "--privileged", "-v=/:/x", "a b", "a\nb", "a;b", "a$b", ".", "/a", strings.Repeat("a", 513)} {
		if e, ok := fault.As(checkImage(name)); !ok || e.Code != "bad-image" || e.ExitStatus() != fault.Usage {
			t.Errorf("%q is taken", name)
		}
	}
}
