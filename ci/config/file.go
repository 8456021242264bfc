package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// fileName is how messages name the settings file.
const fileName = "ci/wheelhouse.toml"

// maxFile is the most bytes of the settings file. Its parser goes one call
// deeper for each bracket, so this bounds the stack as well.
const maxFile = 64 << 10

// loadFile lays the file over the settings. It gives what is wrong in it; err
// is for a file that cannot be read at all.
func (c *Config) loadFile(table []setting) (problems []string, err error) {
	data, err := readFile(filePath(c.Root))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fault.New(fault.Usage, "bad-settings", "reading the settings: %s: %w", fileName, err)
	}
	return c.applyFile(table, data), nil
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("no regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("longer than %d bytes", maxFile)
	}
	return data, err
}

// applyFile lays the text of a file over the settings.
func (c *Config) applyFile(table []setting, data []byte) []string {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	// The decoder finds what the parser alone does not: a key or table that
	// is there twice.
	var whole map[string]any
	if err := toml.Unmarshal(data, &whole); err != nil {
		place := fileName
		var de *toml.DecodeError
		if errors.As(err, &de) {
			row, _ := de.Position()
			place = fmt.Sprintf("%s:%d", fileName, row)
		}
		return []string{place + ": " + strings.TrimPrefix(err.Error(), "toml: ")}
	}
	f := &fileReader{config: c, table: table}
	f.parser.Reset(data)
	var group []string
	for f.parser.NextExpression() {
		e := f.parser.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			group = f.keyParts(e)
			f.checkGroup(e, group)
		case unstable.KeyValue:
			f.keyValue(e, group)
		}
	}
	if err := f.parser.Error(); err != nil {
		f.problems = append(f.problems, fileName+": "+err.Error())
	}
	return f.problems
}

// fileReader walks through a file.
type fileReader struct {
	parser   unstable.Parser
	config   *Config
	table    []setting
	problems []string
}

// keyParts are the parts of a dotted key.
func (f *fileReader) keyParts(n *unstable.Node) []string {
	var parts []string
	for it := n.Key(); it.Next(); {
		parts = append(parts, string(it.Node().Data))
	}
	return parts
}

// line is where a node's key stands.
func (f *fileReader) line(n *unstable.Node) int {
	it := n.Key()
	it.Next()
	return f.parser.Shape(it.Node().Raw).Start.Line
}

func (f *fileReader) problem(line int, format string, args ...any) {
	f.problems = append(f.problems, fmt.Sprintf("%s:%d: ", fileName, line)+fmt.Sprintf(format, args...))
}

// checkGroup judges the header of a table.
func (f *fileReader) checkGroup(n *unstable.Node, group []string) {
	name := strings.Join(group, ".")
	switch {
	case f.find(name) >= 0:
		f.problem(f.line(n), "%s is a setting, not a group of them", name)
	case !f.isGroup(name):
		f.problem(f.line(n), "unknown group %s; the nearest known one is %q", brief(name), nearest(name, groups(f.table)))
	case n.Kind == unstable.ArrayTable:
		f.problem(f.line(n), "[[%s]] is a list; write [%s]", name, name)
	}
}

func (f *fileReader) find(key string) int {
	for i, st := range f.table {
		if st.key == key {
			return i
		}
	}
	return -1
}

func (f *fileReader) isGroup(name string) bool {
	for _, st := range f.table {
		if strings.HasPrefix(st.key, name+".") {
			return true
		}
	}
	return false
}

// groups are the names of all groups.
func groups(table []setting) []string {
	var out []string
	for _, st := range table {
		if name, _, ok := strings.Cut(st.key, "."); ok && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// keyValue takes in "key = value", where value may be an inline table.
func (f *fileReader) keyValue(n *unstable.Node, group []string) {
	parts := append(append([]string(nil), group...), f.keyParts(n)...)
	key, line, value := strings.Join(parts, "."), f.line(n), n.Value()
	i := f.find(key)
	switch {
	case i >= 0:
		if err := f.value(i, value, fmt.Sprintf("%s:%d", fileName, line)); err != nil {
			f.problem(line, "%v", err)
		}
	case f.isGroup(key) && value.Kind == unstable.InlineTable:
		for it := value.Children(); it.Next(); {
			f.keyValue(it.Node(), parts)
		}
	case f.isGroup(key):
		f.problem(line, "%s is a group of settings, not a setting", key)
	case f.isGroup(strings.Join(group, ".")) || len(group) == 0:
		f.problem(line, "unknown key %s; the nearest known key is %q", brief(key), nearest(key, keys(f.table)))
	}
}

// value stores the value of setting i if its type is right.
func (f *fileReader) value(i int, value *unstable.Node, origin string) error {
	st, c := f.table[i], f.config
	switch k := value.Kind; {
	case st.isList() && k == unstable.Array:
		items, err := arrayOfTexts(st, value)
		if err != nil {
			return err
		}
		shown, err := st.assignList(&c.Settings, items, c.Root)
		if err == nil {
			c.Values[i] = Value{st.key, shown, origin}
		}
		return err
	case st.kind == boolean && k == unstable.Bool:
		return c.put(i, st, string(value.Data), origin, c.Root)
	case (st.kind == number || st.kind == count || st.kind == size) && k == unstable.Integer:
		n, err := strconv.ParseInt(string(value.Data), 0, 64)
		if err != nil {
			return fmt.Errorf("%s is too large", f.shown(st, value))
		}
		return c.put(i, st, strconv.FormatInt(n, 10), origin, c.Root)
	case k == unstable.String && !st.isList() && st.kind != number && st.kind != count && st.kind != boolean:
		return c.put(i, st, string(value.Data), origin, c.Root)
	}
	wrong := f.shown(st, value) + " is " + kindName(value.Kind)
	switch st.kind {
	case list, pythons:
		return fmt.Errorf("%s; it must be a list of texts: %s = [\"…\"]", wrong, st.key)
	case number, count:
		return fmt.Errorf("%s; it must be a whole number", wrong)
	case boolean:
		return fmt.Errorf("%s; it must be true or false, without quotes", wrong)
	case size:
		return fmt.Errorf("%s; it must be a whole number of bytes, or text with a unit: %s = \"4GiB\"", wrong, st.key)
	}
	example := f.raw(value)
	if example == "" {
		example = "…"
	}
	return fmt.Errorf("%s; it must be text in quotes: %s = %q", wrong, st.key, example)
}

// raw is a value as it stands in the file, in one short line; empty for a list
// or table.
func (f *fileReader) raw(value *unstable.Node) string {
	if value.Kind == unstable.Array || value.Kind == unstable.InlineTable {
		return ""
	}
	raw, _, _ := strings.Cut(string(f.parser.Raw(value.Raw)), "\n")
	if len(raw) > 60 {
		raw = raw[:60] + "…"
	}
	return strings.TrimSpace(raw)
}

// shown gives "key = value", or the key of a value that is not short.
func (f *fileReader) shown(st setting, value *unstable.Node) string {
	if raw := f.raw(value); raw != "" {
		return st.key + " = " + raw
	}
	return st.key
}

// arrayOfTexts gives the items of an array, which must all be texts.
func arrayOfTexts(st setting, array *unstable.Node) ([]string, error) {
	var items []string
	for it := array.Children(); it.Next(); {
		n := it.Node()
		if n.Kind == unstable.Comment {
			continue
		}
		if n.Kind != unstable.String {
			return nil, fmt.Errorf("%s: an item is %s; all must be texts in quotes", st.key, kindName(n.Kind))
		}
		items = append(items, string(n.Data))
	}
	return items, nil
}

// kindName says what a value is.
func kindName(k unstable.Kind) string {
	switch k {
	case unstable.String:
		return "text"
	case unstable.Bool:
		return "true or false"
	case unstable.Integer, unstable.Float:
		return "a number"
	case unstable.Array:
		return "a list"
	case unstable.InlineTable:
		return "a table"
	}
	return "a date or time"
}
