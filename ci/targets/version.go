package targets

// version is the binary's, stamped by the linker when it is compiled; empty
// when mage runs the sources.
var version string
