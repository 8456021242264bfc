// Package transfer downloads one file over HTTP from an address that is signed
// anew for every request, and lets it appear whole or not at all.
//
// The body streams to a temporary file beside the final name and is hashed on
// the way by a goroutine of its own, so that the digest costs no second pass.
// When the connection breaks (an error, a body cut short, no byte for
// Options.Idle) the next request asks for the rest by Range; a server that
// sends the whole again is taken from its first byte.
//
// What is retried: connection errors, breaks, 408, 425, 429, every 5xx, and a
// 403 that carries Retry-After or an empty rate limit. What is not: any other
// status, which [StatusError] tells; a file of the wrong size or digest; an
// error of the [Source] that has a code already.
//
// A signed address is a secret: no error of this package holds one.
package transfer
