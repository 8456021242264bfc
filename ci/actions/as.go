package actions

import "errors"

// as gives the first error of type E in err's chain.
func as[E error](err error) (E, bool) {
	var e E
	ok := errors.As(err, &e)
	return e, ok
}
