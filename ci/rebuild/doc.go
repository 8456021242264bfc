// Package rebuild brings a tarball's bytes back out of its wheels, and holds
// the proof that they do come back.
//
// # Recipes
//
// A [Recipe] says how the bytes come from the wheels. A tarball that Pack made
// is a function of its wheels: they are enough. One that GNU tar, bsdtar,
// busybox or Python made is a tar inside gzip, and comes back from its wheels
// and a frame: everything that is no wheel's (gzip's header and trailer, the
// tar's headers and padding, small other members; 1 to 4 KB in all) and the
// name of the encoder, whose choices package deflate makes again. What no
// encoder of ours made, such as pigz's, is stored whole.
//
// [Rehearse] reads a tarball and finds its recipe. It is taken only when the
// sha256 of what it gives is the tarball's:
//
//	r, err := rebuild.Rehearse(ctx, path, rebuild.Options{Temp: staging})
//	defer r.Close()
//	for _, blob := range r.Blobs() { ... } // store them: r.Open(ctx, blob)
//	proof, err := rebuild.Prove(ctx, r, open, location, &checked)
//
// Another process, another day, with nothing but what was stored:
//
//	recipe, err := rebuild.ParseRecipe("gzip-6", frame)
//	err = recipe.Write(ctx, to, wheels, from)
//
// # Proof
//
// Only this package makes a [Proof], and only out of bytes that it read and
// hashed in this process. Whoever deletes a tarball demands one. [Prove] need
// not rebuild anything: the rehearsal showed that these wheels give these
// bytes, so it is enough that the place gives these wheels.
//
// # Trust
//
// Frames come from a store and may be anything: they are bounded in size,
// inflated and not, and in what they count. Wheels are hashed while they stream. A recipe never reaches a file: what comes out is
// the caller's to hash.
package rebuild
