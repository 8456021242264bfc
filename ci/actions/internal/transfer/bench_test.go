package transfer

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"testing"
)

// BenchmarkAddress downloads the file at TRANSFER_ADDRESS, whose digest is
// TRANSFER_SHA256, to TRANSFER_TO. internal/bench runs it once, as a process
// that does this alone.
func BenchmarkAddress(b *testing.B) {
	address := os.Getenv("TRANSFER_ADDRESS")
	if address == "" {
		b.Skip("TRANSFER_ADDRESS names nothing to download")
	}
	source := func(ctx context.Context, offset int64) (*http.Response, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		request.Header.Set("Accept-Encoding", "identity")
		if offset > 0 {
			request.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
		}
		return http.DefaultClient.Do(request)
	}
	for b.Loop() {
		result, err := Download(b.Context(), source, Options{Path: os.Getenv("TRANSFER_TO"), Size: -1, SHA256: os.Getenv("TRANSFER_SHA256")})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(result.Size)
	}
}
