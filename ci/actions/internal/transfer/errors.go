package transfer

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"time"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
)

// StatusError is an answer that brought no file; errors.As finds it in what
// Download returns.
type StatusError struct {
	// Status is the HTTP status.
	Status int
	// RetryAfter is how long the server asked to wait; 0 when it did not say.
	RetryAfter time.Duration
}

// Error gives the status and its text.
func (e *StatusError) Error() string {
	text := fmt.Sprintf("the server answered %d %s", e.Status, http.StatusText(e.Status))
	if e.RetryAfter > 0 {
		text += fmt.Sprintf(" and asked to wait %s", e.RetryAfter)
	}
	return text
}

var (
	errIdle      = errors.New("no byte came in time")
	errTruncated = errors.New("the body was cut short")
	errRange     = errors.New("the server sent another range than it was asked for")
	errOther     = errors.New("the file changed on the server")
)

// failed is for whatever kept the file from coming.
func failed(path string, err error) *fault.Error {
	return fault.New(fault.Unable, "transfer-failed", "downloading %s: %w", filepath.Base(path), err)
}

// refused is for a file that came and is not the one.
func refused(path, code, format string, args ...any) *fault.Error {
	return fault.New(fault.Refused, code, "downloading %s: %s", filepath.Base(path), fmt.Sprintf(format, args...))
}

// query is the part of an address that signs it, or a user's name before it.
var query = regexp.MustCompile(`\?[^\s"']+|//[^\s/"']*@`)

// bare gives err without the address that net/http puts into it.
func bare(err error) error {
	for {
		var held *url.Error
		if !errors.As(err, &held) || held.Err == nil {
			break
		}
		err = held.Err
	}
	if text := err.Error(); query.MatchString(text) {
		return errors.New(query.ReplaceAllString(text, "..."))
	}
	return err
}
