package fault

// Printed is an Error as mage is to print it: mage prints an error's text and
// nothing else, and reads ExitStatus by type assertion, so a target returns a
// Printed outermost.
type Printed struct{ Fault *Error }

// Error gives the error's line, and its hint on a line of its own.
func (p Printed) Error() string {
	if p.Fault.Hint == "" {
		return p.Fault.Error()
	}
	return p.Fault.Error() + "\nhint: " + p.Fault.Hint
}

// Unwrap gives the Error.
func (p Printed) Unwrap() error { return p.Fault }

// ExitStatus is what mage ends the process with.
func (p Printed) ExitStatus() int { return p.Fault.ExitStatus() }
