package s3store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/minio/minio-go/v7"

	"github.com/wheelhouse-ci/wheelhouse/ci/fault"
	"github.com/wheelhouse-ci/wheelhouse/ci/store/internal/wire"
)

// fail gives an error of ours for one of the client's; nil for nil.
func (s *Store) fail(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, ctx.Err())
	}
	var ours *fault.Error
	if errors.As(err, &ours) {
		return err
	}
	var answer minio.ErrorResponse
	errors.As(err, &answer)
	said := wire.Said(err)
	switch kind(answer) {
	case "bucket":
		return s.noBucket(doing)
	case "missing":
		return fault.New(fault.Refused, "store-object-missing", "%s: %s has no such object: %w", doing, s.place, fs.ErrNotExist)
	case "clock":
		return fault.New(fault.Unable, "store-refused", "%s: %s says that this machine's clock is wrong: %s", doing, s.place, said).
			WithHint("set the clock (timedatectl status, ntpd): signed requests hold for a quarter of an hour")
	case "region":
		e := fault.New(fault.Unable, "store-refused", "%s: %s is in another region: %s", doing, s.place, said)
		if plain(answer.Region) && answer.Region != "" {
			return e.WithHint("add region=%s to the store's URL", answer.Region)
		}
		return e.WithHint("add region=… to the store's URL")
	case "refused":
		return fault.New(fault.Unable, "store-refused", "%s: %s refuses: %s", doing, s.place, said).
			WithHint("credentials are looked for in %s; they need s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload in it", sources)
	case "full":
		return fault.New(fault.Unable, "store-full", "%s: %s has no room: %s", doing, s.place, said)
	}
	return fault.New(fault.Unable, "store-unreachable", "%s: %s does not answer as it should: %s", doing, s.place, said)
}

// kind sorts a server's answer; "" is for no answer, and for one that no other
// kind fits.
func kind(answer minio.ErrorResponse) string {
	switch answer.Code {
	case "NoSuchBucket":
		return "bucket"
	case "RequestTimeTooSkewed":
		return "clock"
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "InvalidRegion", "IllegalLocationConstraintException":
		return "region"
	case "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "InsufficientStorage":
		return "full"
	case "NoSuchKey":
		return "missing"
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "refused"
	case http.StatusNotFound:
		return "missing"
	case http.StatusInsufficientStorage:
		return "full"
	case http.StatusMovedPermanently, http.StatusTemporaryRedirect:
		return "region"
	}
	switch answer.Code {
	case "ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return "refused"
	}
	return ""
}

func (s *Store) noBucket(doing string) error {
	return fault.New(fault.Unable, "store-unreachable", "%s: there is no bucket %s at %s", doing, s.place.bucket, s.place.server().Host).
		WithHint("make it, or mend the store's URL")
}
