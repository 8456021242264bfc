// Package retain decides which tarballs of the archive are kept: a pure
// function of the entries, a policy and a clock, which gives its reasons.
//
// # Rules
//
// Tarballs are looked at in groups, of one Python and platform by default, the
// newest first. A tarball is kept when any rule keeps it:
//
//   - KeepLast: the newest so many;
//   - KeepWithin: those of so many days before the group's newest entry;
//   - KeepDaily, KeepWeekly, KeepMonthly, KeepYearly: the newest of each of so
//     many days, ISO weeks, months or years (UTC) that have any;
//   - KeepPinned: what somebody pinned;
//   - KeepProven: the newest that a proof passed on;
//   - always: what is dated in the future, and the last of its group that still
//     has a tarball.
//
// Only then MaxSize takes away the oldest of those that a count or a period
// keeps, until the rest fits; never what is pinned, the newest proven, dated
// in the future, or the last of its group.
//
// What has no tarball any more, or is broken, is in no rule's count and is
// left alone.
package retain
