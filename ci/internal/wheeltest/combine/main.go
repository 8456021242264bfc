// Command combine writes package wheeltest's combinations for tests that may
// not import it, those of e2e:
//
//	go run ./ci/internal/wheeltest/combine DIR MINOR MACHINE
//
// DIR/<number>/ has name, requirements.txt, constraints.txt where there are any,
// which the requirements include, and the folder wheels.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/wheelhouse-ci/wheelhouse/ci/internal/wheeltest"
)

func main() {
	if err := combine(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func combine(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("want DIR MINOR MACHINE, have %q", args)
	}
	minor, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	for n, c := range wheeltest.Combinations(wheeltest.Target{Minor: minor, Machine: args[2]}) {
		dir := filepath.Join(args[0], strconv.Itoa(n))
		wheels := filepath.Join(dir, "wheels")
		if err := os.MkdirAll(wheels, 0o755); err != nil {
			return err
		}
		asked, constraints := c.Write(wheels)
		files := map[string]string{"name": c.Name, "requirements.txt": asked}
		if len(c.Constraints) > 0 {
			files["requirements.txt"] += "-c constraints.txt\n"
			files["constraints.txt"] = constraints
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
