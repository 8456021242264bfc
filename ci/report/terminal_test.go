package report

import (
	"os"
	"path/filepath"
	"testing"
)

func TestIsTerminal(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	unset := func(string) (string, bool) { return "", false }
	if IsTerminal(file, unset) || IsTerminal(null, unset) {
		t.Error("a file and the null device are terminals")
	}
}

func TestWatched(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, value string
		want        bool
	}{
		{"TERM", "xterm", true},
		{"TERM", "dumb", false},
		{"CI", "", true},
		{"CI", "false", true},
		{"CI", "0", true},
		{"CI", "true", false},
		{"CI", "woodpecker", false},
		{"NO_COLOR", "1", true},
	} {
		getenv := func(name string) (string, bool) {
			if name == test.name {
				return test.value, true
			}
			return "", false
		}
		if got := watched(getenv); got != test.want {
			t.Errorf("%s=%s: %v", test.name, test.value, got)
		}
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		columns int
		want    string
	}{
		{18, "installing 12 s"},
		{15, "installing 12 s"},
		{14, "instal... 12 s"},
		{8, "12 s"},
		{10, "in... 12 s"},
		{4, "12 s"},
		{3, ""},
		{-3, ""},
	} {
		if got := fit("installing", "12 s", test.columns); got != test.want {
			t.Errorf("%d columns: %q, want %q", test.columns, got, test.want)
		}
	}
}
