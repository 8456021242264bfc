package hubtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRecord(t *testing.T) {
	folder := t.TempDir()
	t.Setenv(Folder, folder)
	server := httptest.NewServer(Record(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		Wrong(w)
		Error(w, http.StatusGone, string(body))
	}), "/api"))
	defer server.Close()
	request, err := http.NewRequest(http.MethodPost, server.URL+"/api/x%2Fy?a=b", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer do-not-print-me")
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusGone || !strings.Contains(string(text), `"message":"hello"`) {
		t.Errorf("answered %d, %q, %v", response.StatusCode, text, err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("recorded %q, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var e Exchange
	if err := json.Unmarshal(data, &e); err != nil {
		t.Fatal(err)
	}
	if e.Method != "POST" || e.Path != "/x%2Fy" || string(e.Body) != "hello" || e.Status != http.StatusGone || string(e.Content) != string(text) || !e.Wrong {
		t.Errorf("recorded %s", data)
	}
	if strings.Contains(string(data), "do-not-print-me") {
		t.Error("the token is recorded")
	}
	if u, err := e.URL("https://api.example.org"); err != nil || u.String() != "https://api.example.org/x%2Fy?a=b" {
		t.Errorf("the address is %v, %v", u, err)
	}
}

func TestWith(t *testing.T) {
	t.Parallel()
	run := Run(9, "queued", "")
	if other := Forked(run).With("id", 10); other["id"] != 10 || run["id"] != 9 || run["conclusion"] != nil {
		t.Errorf("%v from %v", other, run)
	}
	if text, err := json.Marshal(Runs()); err != nil || string(text) != `{"total_count":0,"workflow_runs":[]}` {
		t.Errorf("%s, %v", text, err)
	}
}
