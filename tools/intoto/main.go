// Command intoto reads the in-toto statement in a file with in-toto's own types
// and says what is wrong with it, or with its SLSA provenance.
package main

import (
	"fmt"
	"os"

	provenance "github.com/in-toto/attestation/go/predicates/provenance/v1"
	statement "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: intoto FILE")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// check takes no field that the types do not know.
func check(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var s statement.Statement
	if err := protojson.Unmarshal(text, &s); err != nil {
		return err
	}
	if err := s.Validate(); err != nil {
		return err
	}
	text, err = protojson.Marshal(s.GetPredicate())
	if err != nil {
		return err
	}
	var p provenance.Provenance
	if err := protojson.Unmarshal(text, &p); err != nil {
		return err
	}
	return p.Validate()
}
