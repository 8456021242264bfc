package requirements

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// effect is what an option means to a reader of roots.
type effect int

const (
	recorded    effect = iota // a global option: goes to Set.Options
	include                   // -r
	constraint                // -c
	editable                  // -e
	hashes                    // --hash
	unimportant               // concerns only how a requirement is built
)

// optionKind is one option that pip accepts in a requirements file.
type optionKind struct {
	name   string
	effect effect
	flag   bool // takes no value
}

// optionKinds are the options of pip 22 to 26, oldest and newest together.
var optionKinds = []optionKind{
	{name: "--requirement", effect: include},
	{name: "--constraint", effect: constraint},
	{name: "--editable", effect: editable},
	{name: "--hash", effect: hashes},
	{name: "--config-settings", effect: unimportant},
	{name: "--config-setting", effect: unimportant},
	{name: "--global-option", effect: unimportant},
	{name: "--install-option", effect: unimportant},
	{name: "--index-url"},
	{name: "--extra-index-url"},
	{name: "--find-links"},
	{name: "--no-binary"},
	{name: "--only-binary"},
	{name: "--trusted-host"},
	{name: "--use-feature"},
	{name: "--all-releases"},
	{name: "--only-final"},
	{name: "--no-index", flag: true},
	{name: "--pre", flag: true},
	{name: "--prefer-binary", flag: true},
	{name: "--require-hashes", flag: true},
	{name: "--no-require-hashes", flag: true},
}

// aliases are other spellings of them.
var aliases = map[string]string{
	"-r": "--requirement", "-c": "--constraint", "-e": "--editable",
	"-i": "--index-url", "-f": "--find-links", "-C": "--config-settings",
	"--pypi-url": "--index-url",
}

// parsedOption is one option of a line.
type parsedOption struct {
	optionKind
	value string
}

// splitArguments parts a line where its options begin: at the first word, by
// single spaces, that starts with a hyphen.
func splitArguments(text string) (arguments, options string) {
	if strings.HasPrefix(text, "-") {
		return "", text
	}
	if i := strings.Index(text, " -"); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// parseOptions reads the options of a line. Words between them that are no
// option's value mean nothing to pip, so they mean nothing here. Errors show
// no value: it may be a secret.
func parseOptions(text string) ([]parsedOption, error) {
	words, err := splitWords(text)
	if err != nil {
		return nil, err
	}
	var out []parsedOption
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if word == "--" {
			break
		}
		if len(word) < 2 || word[0] != '-' {
			continue
		}
		name, value, attached := cutOption(word)
		kind, err := findOption(name)
		if err != nil {
			return nil, err
		}
		switch {
		case kind.flag && attached:
			return nil, fmt.Errorf("%s takes no value", kind.name)
		case !kind.flag && !attached:
			if len(words) == 0 {
				return nil, fmt.Errorf("%s lacks its value", kind.name)
			}
			value, words = words[0], words[1:]
		}
		out = append(out, parsedOption{kind, value})
	}
	return out, nil
}

// cutOption parts "--name=value" and "-xvalue".
func cutOption(word string) (name, value string, attached bool) {
	if strings.HasPrefix(word, "--") {
		return strings.Cut(word, "=")
	}
	return word[:2], word[2:], len(word) > 2
}

// findOption finds an option by its name or, as pip does, by the beginning of
// one that is unlike all others.
func findOption(name string) (optionKind, error) {
	if long, ok := aliases[name]; ok {
		name = long
	}
	var found []optionKind
	for _, kind := range optionKinds {
		if kind.name == name {
			return kind, nil
		}
		if strings.HasPrefix(name, "--") && strings.HasPrefix(kind.name, name) {
			found = append(found, kind)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return optionKind{}, fmt.Errorf("option %s is ambiguous: %s or %s", quote(name), found[0].name, found[1].name)
	}
	return optionKind{}, fmt.Errorf("pip knows no option %s in a requirements file", quote(name))
}

// splitWords parts text as a POSIX shell does, without expanding anything.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
			continue
		case '\\':
			if i++; i == len(text) {
				return nil, errors.New("a backslash with nothing behind it")
			}
			word.WriteByte(text[i])
		case '\'', '"':
			n, err := quoted(&word, text[i:])
			if err != nil {
				return nil, err
			}
			i += n
		default:
			word.WriteByte(c)
		}
		inWord = true
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}

// quoted adds to word what stands in the quotation marks that text begins
// with, and gives the offset of the closing one.
func quoted(word *strings.Builder, text string) (int, error) {
	mark := text[0]
	for i := 1; i < len(text); i++ {
		c := text[i]
		if c == mark {
			return i, nil
		}
		if c == '\\' && mark == '"' && i+1 < len(text) && (text[i+1] == '"' || text[i+1] == '\\') {
			i++
			c = text[i]
		}
		word.WriteByte(c)
	}
	return 0, errors.New("a quotation mark is not closed")
}

// hex64 is a sha256.
var hex64 = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)

// hashList gathers the hashes of one requirement; the zero value is empty.
type hashList struct {
	sha256 []string
	other  bool
	seen   map[string]bool
}

// add takes one "sha256:HEX".
func (l *hashList) add(value string) error {
	algorithm, digest, ok := strings.Cut(value, ":")
	switch {
	case !ok || digest == "":
		return errors.New("--hash wants an algorithm, a colon and a digest, as in sha256:0123…")
	case algorithm == "sha384" || algorithm == "sha512":
		l.other = true
		return nil
	case algorithm != "sha256":
		return fmt.Errorf("--hash with the algorithm %s: pip accepts sha256, sha384 and sha512", quote(algorithm))
	case !hex64.MatchString(digest):
		return errors.New("--hash: a sha256 has 64 hexadecimal digits")
	}
	digest = strings.ToLower(digest)
	if l.seen[digest] {
		return nil
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[digest] = true
	l.sha256 = append(l.sha256, digest)
	return nil
}
