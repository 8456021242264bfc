package requirements

import (
	"io/fs"
	"reflect"
	"strings"
	"testing"
)

// FuzzLoad reads anything, twice: a file that includes another. It must come
// to an end, keep its promises about names and places, and give requirements
// that can be written and read again.
func FuzzLoad(f *testing.F) {
	for _, c := range pipCases(f) {
		f.Add(c.Text, "b\n")
	}
	f.Add("-r b.txt\n-c ../b.txt", "-r r.txt\n-r ../../b.txt")
	f.Add("-r /b.txt\nx", "-e .[a]\n-r _up/b.txt")
	f.Add("-r x/../b.txt", "\\\n\\\n#\\\n")
	f.Fuzz(func(t *testing.T, first, second string) {
		set, err := load("r.txt", pipEnv, func(path string) ([]byte, error) {
			switch {
			case path == "r.txt":
				return []byte(first), nil
			case strings.HasSuffix(path, "b.txt"):
				return []byte(second), nil
			}
			return nil, fs.ErrNotExist
		})
		if err != nil {
			if !strings.Contains(err.Error(), "r.txt") && !strings.Contains(err.Error(), "b.txt") {
				t.Fatalf("error without its file: %v", err)
			}
			return
		}
		seen := map[string]bool{}
		for _, file := range set.Files {
			if seen[file.Name] || !fs.ValidPath(file.Name) {
				t.Fatalf("archived name %q", file.Name)
			}
			seen[file.Name] = true
		}
		for _, r := range append(set.Roots, set.Constraints...) {
			if r.Line < 1 || r.File == "" || r.Project == "" && r.URL == "" {
				t.Fatalf("root without place or name: %+v", r)
			}
			if r.Project == "" {
				continue
			}
			text := r.String()
			again, err := ParseRequirement(text)
			if err != nil {
				t.Fatalf("%q of %+v: %v", text, r, err)
			}
			if again.String() != text || !reflect.DeepEqual(again.Extras, r.Extras) || again.Specifier != r.Specifier {
				t.Fatalf("%+v gives %q, which gives %+v", r, text, again)
			}
		}
	})
}

func FuzzParseRequirement(f *testing.F) {
	for _, seed := range []string{"numpy", "Foo[b,a] (>=1,<2) ; m", "x @ https://example.org/x.zip ; m", "x===1;y", "x[", "x@"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRequirement(text)
		if err != nil {
			return
		}
		again, err := ParseRequirement(r.String())
		if err != nil || !reflect.DeepEqual(again, r) {
			t.Fatalf("%q: %+v gives %q, which gives %+v, %v", text, r, r.String(), again, err)
		}
	})
}
