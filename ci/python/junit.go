package python

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"

	"github.com/wheelhouse-ci/wheelhouse/ci/verdict"
)

const (
	// junitBytes is the most that is read of a junit file.
	junitBytes = 64 << 20
	// namedFailures is how many failing tests an error names.
	namedFailures = 5
)

// junit is what a junit file says.
type junit struct {
	verdict.Tests
	// failing are the first tests that failed: "test_image.test_draw".
	failing []string
}

// readJUnit counts the test cases of a junit file, one by one: the sums that
// the file names are not looked at. A case that failed and erred counts once.
func readJUnit(r io.Reader) (junit, error) {
	limited := &io.LimitedReader{R: r, N: junitBytes + 1}
	decoder := xml.NewDecoder(limited)
	var j junit
	var current *testCase
	for {
		token, err := decoder.Token()
		if limited.N == 0 {
			return junit{}, fmt.Errorf("longer than %d bytes", junitBytes)
		}
		if errors.Is(err, io.EOF) {
			return j, nil
		}
		if err != nil {
			return junit{}, err
		}
		switch element := token.(type) {
		case xml.StartElement:
			current = current.start(element)
		case xml.EndElement:
			if element.Name.Local == "testcase" && current != nil {
				j.count(current)
				current = nil
			}
		}
	}
}

// testCase is one test of the file.
type testCase struct {
	name            string
	failed, skipped bool
}

// start takes in the beginning of an element; c is nil outside of a test case.
func (c *testCase) start(element xml.StartElement) *testCase {
	switch element.Name.Local {
	case "testcase":
		c = &testCase{}
		var class string
		for _, a := range element.Attr {
			switch a.Name.Local {
			case "name":
				c.name = a.Value
			case "classname":
				class = a.Value
			}
		}
		if class != "" {
			c.name = class + "." + c.name
		}
	case "failure", "error":
		if c != nil {
			c.failed = true
		}
	case "skipped":
		if c != nil {
			c.skipped = true
		}
	}
	return c
}

// count adds a test case.
func (j *junit) count(c *testCase) {
	switch {
	case c.failed:
		j.Failed++
		if len(j.failing) < namedFailures {
			j.failing = append(j.failing, shorten(printable(c.name), 200))
		}
	case c.skipped:
		j.Skipped++
	default:
		j.Passed++
	}
}
