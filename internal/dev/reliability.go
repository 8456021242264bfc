package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// faultTests are the tests that let things go wrong and count how often.
var faultTests = []struct {
	pattern string
	args    []string
}{
	{"Killed|Fails|PowerCut|Races", []string{"./ci/archive"}},
	{"Killed|Lies|AtOnce", []string{"./ci/store"}},
	{"KilledAtEveryCall|CallsFail", []string{"-tags", "e2e", "./e2e"}},
}

// told is what a test says that it counted.
var told = regexp.MustCompile(`^\s+\w+_test\.go:\d+: (.*(?:lost|believed).*)\n$`)

// Reliability runs the tests that let things go wrong, anew, and prints a table
// of how many cases each tried and what was lost.
func Reliability(ctx context.Context, r Repository) error {
	rows := []string{"| test | counted |\n|---|---|\n"}
	for _, tests := range faultTests {
		var said bytes.Buffer
		quiet := Repository{Root: r.Root, Stdout: &said, Stderr: r.Stderr}
		args := slices.Concat([]string{"test", "-json", "-count=1", "-timeout=20m", "-run=" + tests.pattern}, tests.args)
		err := quiet.run(ctx, everyCase, "go", args...)
		lines := counted(&said)
		for _, line := range lines {
			rows = append(rows, "| "+strings.Join(line[:], " | ")+" |\n")
		}
		if err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(r.Stdout, strings.Join(rows, ""))
	return err
}

// counted gives each test's name and its counts out of what go test -json says.
func counted(said io.Reader) (all [][2]string) {
	events := json.NewDecoder(said)
	for {
		var event struct{ Package, Test, Output string }
		if events.Decode(&event) != nil {
			return all // its end, or what is no event: the compiler's words
		}
		if found := told.FindStringSubmatch(event.Output); found != nil {
			_, name, _ := strings.Cut(event.Package, "/wheelhouse/")
			all = append(all, [2]string{"`" + name + " " + event.Test + "`", found[1]})
		}
	}
}
