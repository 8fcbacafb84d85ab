// Package faults names the moments at which a process may die, and lets a test strike at them.
//
// A point is a call between two durable steps of the publish protocol:
//
//	err = faults.After(err, "S4.after")
//
// The product has no such call. Tests that need them build it with the patches of
// internal/test/patches, which add the calls to a copy of the source. A process of such a build whose
// environment names a folder in MARKETOPS_FAULTS
//
//   - adds a line "PID POINT" to hits in that folder at every point that it passes;
//   - obeys the one line "POINT N ACTION" in the file order, if there is one: at the N-th time that
//     this process passes that point after it has seen the order, it strikes, and adds the order to struck.
//
// The actions are kill (SIGKILL to itself), error (the call returns [errInjected]) and pause
// (SIGSTOP to itself, the whole process with its heartbeats, until somebody continues it).
//
// A build with patches.Clock adds the duration in the file that MARKETOPS_CLOCK names to the time of the machine.
//
// A point's name is its parts joined by dots, with spaces made hyphens and each part cut at its first
// slash, so that it does not depend on what is published: github.sent.POST.make-the-tag.
package faults
