// Package s3store keeps a store in a bucket of S3, or of anything that speaks
// its protocol:
//
//	s3://bucket/prefix?endpoint=https://storage.example.org&region=eu-central-1&path-style=true
//
// endpoint is where the server is (none: Amazon's of the region), region its
// region (none: AWS_REGION, then AWS_DEFAULT_REGION, then what the server says),
// path-style=true puts the bucket into the path and false into the host's name
// (none: as the endpoint is known to like it).
//
// # Credentials
//
// They never come from the URL. They are looked for, in this order, in
// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), in
// MINIO_ROOT_USER and MINIO_ROOT_PASSWORD or MINIO_ACCESS_KEY and
// MINIO_SECRET_KEY, in the profile AWS_PROFILE of the shared credentials file,
// then of the configuration, and last in the role of the container, the pod or
// the machine, which is asked for a second at most.
//
// # How objects map
//
// A key is the object of that name below the prefix. An object is put with one
// request, or in parts of 8 MiB when it is larger; parts of all objects that a
// Store is putting share three buffers, so it needs 24 MiB however many there
// are. An object appears when its last request is done, or not at all; what
// was begun is aborted. It is put under If-None-Match, where the server knows
// that; each body is signed with its sha256, which every server checks, so no
// other checksum is asked of it. What an ETag is, nobody says: none is read.
package s3store
