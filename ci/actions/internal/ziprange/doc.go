// Package ziprange finds out where a zip's members lie, through a reader of
// which every read may be a request to a server: it reads the end, the
// directory, and the header of a member that is asked for, and nothing else.
//
// Zip64 is read, and directories are bounded in members and bytes before
// anything is read of them. What is not as every zip writer leaves it is
// refused: a directory that does not end where the end record starts, members
// that overlap or reach into the directory, several volumes, a header that
// disagrees with the directory. The bytes of members are not looked at, so
// nothing here says that they are what the directory says.
//
// The names are given as they stand there: whoever writes files checks them.
package ziprange
