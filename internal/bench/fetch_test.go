package bench

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHub holds that the server answers, resumes, breaks off and counts.
func TestHub(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "artifact.zip")
	data := make([]byte, 100_000)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := host(9, path)
	if err != nil || a.size != 100_000 || a.sha256 != fmt.Sprintf("%x", sha256.Sum256(data)) {
		t.Fatalf("%+v, %v", a, err)
	}
	h, err := serve(a)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	for path, want := range map[string]string{
		"/repos/o/r": `"main"`, "/repos/o/r/actions/workflows/x.yml/runs": `"success"`,
		"/repos/o/r/actions/runs/9": `"success"`, "/repos/o/r/actions/runs/9/artifacts": `"wheels"`,
	} {
		text, err := get(h.address+path, "")
		if err != nil || !json.Valid(text) || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s, %v", path, text, err)
		}
	}
	if text, err := get(h.address+"/repos/o/r/actions/artifacts/9/zip", "bytes=99990-"); err != nil || len(text) != 10 {
		t.Errorf("the rest is %d bytes, %v", len(text), err)
	}
	if calls, downloads := h.calls.Load(), h.downloads.Load(); calls != 5 || downloads != 1 {
		t.Errorf("%d calls, %d downloads", calls, downloads)
	}
	h.count()
	h.cut.Store(5000)
	if text, err := get(h.address+"/blob/9", ""); err == nil || len(text) != 5000 || h.sent.Load() != 5000 {
		t.Errorf("cut after %d of %d bytes, %v", len(text), h.sent.Load(), err)
	}
	if text, err := get(h.address+"/blob/9", "bytes=99000-"); err != nil || len(text) != 1000 || h.sent.Load() != 6000 {
		t.Errorf("%d bytes, %d sent, %v", len(text), h.sent.Load(), err)
	}
}

// get gives what came, and the error of what did not.
func get(address, part string) ([]byte, error) {
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if part != "" {
		request.Header.Set("Range", part)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return io.ReadAll(response.Body)
}
