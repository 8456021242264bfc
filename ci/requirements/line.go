package requirements

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
)

// line takes in one logical line of f, which lies at place.
func (l *loader) line(f File, place string, li line, constraints bool, depth int) error {
	arguments, rest := splitArguments(li.text)
	options, err := parseOptions(rest)
	if err != nil {
		return li.explain(err)
	}
	if arguments != "" {
		r, err := parseRoot(arguments)
		if err != nil {
			return li.explain(fmt.Errorf("%s: %w", quote(li.raw), err))
		}
		return l.keep(r, options, f, li, constraints)
	}
	if o := find(options, editable); o != nil {
		r, err := parseEditable(o.value)
		if err != nil {
			return li.explain(fmt.Errorf("%s: %w", quote(li.raw), err))
		}
		return l.keep(r, nil, f, li, constraints)
	}
	if find(options, hashes) != nil {
		return errors.New("a --hash without a requirement: the line before it does not end in a backslash, or a comment stands between them")
	}
	if o := find(options, include); o != nil {
		return l.follow(place, o.value, false, depth)
	}
	if o := find(options, constraint); o != nil {
		return l.follow(place, o.value, true, depth)
	}
	for _, o := range options {
		if o.effect != recorded {
			continue
		}
		if err := l.count(); err != nil {
			return err
		}
		l.set.Options = append(l.set.Options, Option{Name: o.name, Value: o.value, File: f.Path, Line: li.number})
	}
	return nil
}

// explain gives err, unless the line held variables: then what err quotes may
// be a secret.
func (li line) explain(err error) error {
	if li.raw == li.text {
		return err
	}
	return fmt.Errorf("%s: cannot be read once its variables are replaced", quote(li.raw))
}

// find gives the first option of that effect: of several pip, too, takes the
// first.
func find(options []parsedOption, e effect) *parsedOption {
	for i := range options {
		if options[i].effect == e {
			return &options[i]
		}
	}
	return nil
}

// keep adds a root or a constraint with the hashes of its line.
func (l *loader) keep(r Requirement, options []parsedOption, f File, li line, constraints bool) error {
	list := hashList{other: r.OtherHashes}
	for _, h := range r.SHA256 {
		if err := list.add("sha256:" + h); err != nil {
			return err
		}
	}
	for _, o := range options {
		if o.effect != hashes {
			continue
		}
		if err := list.add(o.value); err != nil {
			return err
		}
	}
	r.SHA256, r.OtherHashes = list.sha256, list.other
	r.File, r.Line = f.Path, li.number
	if err := l.count(); err != nil {
		return err
	}
	if constraints {
		l.set.Constraints = append(l.set.Constraints, r)
	} else {
		l.set.Roots = append(l.set.Roots, r)
	}
	return nil
}

// count makes sure that there is room for one entry more.
func (l *loader) count() error {
	if len(l.set.Roots)+len(l.set.Constraints)+len(l.set.Options) >= maxEntries {
		return fmt.Errorf("more than %d requirements, constraints and options", maxEntries)
	}
	return nil
}

// follow reads the file that an include names, relative to the file at place.
func (l *loader) follow(place, target string, constraint bool, depth int) error {
	switch {
	case target == "":
		return errors.New("an include without a file")
	case anyURL.MatchString(target):
		return fmt.Errorf("%s is included by its URL: nothing is fetched; put a copy beside this file and include that", quote(target))
	}
	next := filepath.ToSlash(target)
	if path.IsAbs(next) || drivePath.MatchString(next) {
		next = path.Clean(next)
	} else {
		next = path.Join(path.Dir(place), next)
	}
	return l.include(next, constraint, depth+1)
}
