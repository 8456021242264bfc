//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	ours "github.com/wheelhouse-ci/wheelhouse/ci/command"
)

// noRoute is a smoke test that passes only where no route leads outside and
// loopback works. Connecting a datagram socket asks the kernel for a route and
// sends nothing.
const noRoute = `
import errno, socket

def test_smoke_only_loopback():
    assert [name for _, name in socket.if_nameindex()] == ["lo"]

def test_smoke_no_route_outside():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
        except OSError as e:
            assert e.errno == errno.ENETUNREACH
        else:
            raise AssertionError("a route leads outside")

def test_smoke_loopback_works():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), timeout=5):
            pass
`

// TestNoNetwork proves the sample where the network is required to be away.
func TestNoNetwork(t *testing.T) {
	need(t, ours.Isolation(t.Context()), "a network namespace")
	s := sample(t)
	tests := t.TempDir()
	write(t, filepath.Join(tests, "test_route.py"), noRoute)
	tarball := s.copyOf(t)
	more := []string{"WHEELHOUSE_VALIDATE_NETWORK=require", "WHEELHOUSE_VALIDATE_TESTS=" + tests}
	s.ours(t, s.clone, more, "validate", "-tar="+tarball).want(t, 0).has(t, "PASS")
	if verdict := string(read(t, tarball+".verdict.json")); !strings.Contains(verdict, `"passed": 3`) {
		t.Errorf("the verdict does not tell of three tests:\n%s", verdict)
	}
	// The sample itself was proved without network too, where that is possible.
	if verdict := string(read(t, s.tarball()+".verdict.json")); !strings.Contains(verdict, "namespace") {
		t.Errorf("the sample's verdict does not tell of the isolation:\n%s", verdict)
	}
}
