package ci_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	codeForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	// codeRow is a row of docs/formats.md's table.
	codeRow = regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| ([^|]+) \\| [^|]+ \\|$")
	// codeNamed is a code in README.md's table of failures.
	codeNamed = regexp.MustCompile("`([a-z0-9]+(?:-[a-z0-9]+)+)`")
	// codeShell is a code in what a shell script prints.
	codeShell = regexp.MustCompile(`fail ([0-9]) "[^"]*\[([a-z-]+)\]"`)
)

// kinds are the exit statuses and severities that a code comes with, as the
// table has them.
var kinds = map[string]string{"Refused": "1", "Usage": "2", "Unable": "3", "Fail": "FAIL", "Warn": "WARN", "Info": "INFO"}

// made are the kinds that the helpers of these names give.
var made = map[string]string{"refuse": "1", "refused": "1", "fail": "FAIL", "warn": "WARN"}

// codes are a code's kinds, as far as the sources say them.
type codes map[string]map[string]bool

func (c codes) add(code string, kind ast.Expr) {
	if c[code] == nil {
		c[code] = map[string]bool{}
	}
	if s, ok := kind.(*ast.SelectorExpr); ok && kinds[s.Sel.Name] != "" {
		c[code][kinds[s.Sel.Name]] = true
	}
}

// TestCodesAreDocumented holds the table of codes in docs/formats.md against
// the sources, both ways, and the README's against that table.
func TestCodesAreDocumented(t *testing.T) {
	t.Parallel()
	used := codesUsed(t)
	documented := map[string][]string{}
	for _, row := range codeRow.FindAllStringSubmatch(after(t, "../docs/formats.md", "## Codes\n"), -1) {
		documented[row[1]] = strings.Split(row[2], ", ")
	}
	for _, code := range slices.Sorted(maps.Keys(used)) {
		if documented[code] == nil {
			t.Errorf("docs/formats.md: no row for %s", code)
			continue
		}
		for kind := range used[code] {
			if !slices.Contains(documented[code], kind) {
				t.Errorf("docs/formats.md: %s comes with %s, the table has %v", code, kind, documented[code])
			}
		}
	}
	for code := range documented {
		if used[code] == nil {
			t.Errorf("docs/formats.md: nothing has the code %s", code)
		}
	}
	named := 0
	failures, _, _ := strings.Cut(after(t, "../README.md", "## When it fails\n"), "\n## ")
	for line := range strings.Lines(failures) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		for _, code := range codeNamed.FindAllStringSubmatch(first, -1) {
			named++
			if used[code[1]] == nil {
				t.Errorf("README.md: nothing has the code %s", code[1])
			}
		}
	}
	if named < 20 || len(used) < 100 {
		t.Errorf("found %d codes in README.md and %d in the sources: the test looks in the wrong places", named, len(used))
	}
}

// after gives a file's text after a heading.
func after(t *testing.T, file, heading string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, text, ok := strings.Cut(string(data), heading)
	if !ok {
		t.Fatalf("%s has no %q", file, heading)
	}
	return text
}

// codesUsed reads the codes off the sources of the targets.
func codesUsed(t *testing.T) codes {
	t.Helper()
	used := codes{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path == filepath.Join("internal", "wheeltest") {
			return fs.SkipDir // for tests alone
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err == nil {
			ast.Inspect(file, used.look)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile("../scripts/wheelhouse")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range codeShell.FindAllStringSubmatch(strings.ReplaceAll(string(script), `\"`, ""), -1) {
		used[found[2]] = map[string]bool{found[1]: true}
	}
	return used
}

// look takes the codes of one node: arguments of the functions that make
// errors and findings, fields and variables that are called code, and rows of
// tables, where the code stands second.
func (c codes) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		c.called(n)
	case *ast.CompositeLit:
		c.composed(n)
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			if len(n.Rhs) != len(n.Lhs) || !isCode(left) {
				continue
			}
			if code := literal(n.Rhs[i]); code != "" {
				c.add(code, n.Rhs[len(n.Rhs)-1])
			}
		}
	}
	return true
}

func (c codes) called(call *ast.CallExpr) {
	var name string
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
		if of, ok := f.X.(*ast.Ident); name == "New" && (!ok || of.Name != "fault") {
			return
		}
	}
	switch name {
	case "add": // a finding's code and severity
		if len(call.Args) < 2 {
			return
		}
		if kind, ok := call.Args[1].(*ast.SelectorExpr); ok && kinds[kind.Sel.Name] != "" && literal(call.Args[0]) != "" {
			c.add(literal(call.Args[0]), kind)
		}
	case "New", "refuse", "refused", "fail", "warn":
		for _, arg := range call.Args[:min(2, len(call.Args))] {
			if code := literal(arg); code != "" {
				c.add(code, call.Args[0])
				if kind := made[name]; kind != "" {
					c[code][kind] = true
				}
				return
			}
		}
	}
}

func (c codes) composed(lit *ast.CompositeLit) {
	code, severity := "", ast.Expr(nil)
	for i, element := range lit.Elts {
		pair, keyed := element.(*ast.KeyValueExpr)
		switch {
		case keyed && isCode(pair.Key):
			code = literal(pair.Value)
		case keyed && isNamed(pair.Key, "Severity"):
			severity = pair.Value
		case !keyed && i == 1 && lit.Type == nil && strings.Contains(literal(element), "-"):
			code = literal(element)
		}
	}
	if code != "" {
		c.add(code, severity)
	}
}

// isCode tells whether an expression is a field or variable called code.
func isCode(e ast.Expr) bool { return isNamed(e, "Code") || isNamed(e, "code") }

func isNamed(e ast.Expr, name string) bool {
	if s, ok := e.(*ast.SelectorExpr); ok {
		e = s.Sel
	}
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// literal gives the text of a literal that may be a code, else "".
func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil || !codeForm.MatchString(text) {
		return ""
	}
	return text
}
