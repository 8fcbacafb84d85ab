// Package wire is how the live port talks to GitHub: every request of package github is made here, and
// nothing else of the port names net/http or go-github.
//
// # What is promised
//
//   - A write goes out only through a [Caller] of [Client.Writer], after the limiter of the credential and
//     the authorisation of the publisher have agreed. [Client.Observer] has neither.
//   - Each request is sent once, on a connection of its own. Whatever is sent again is sent by [Caller.Get]
//     and its kin or by [Caller.Write], never below them.
//   - The credential is asked for right before each request, goes only to the scheme, host and port of the
//     configured API and uploads, and stands in no error, journal line or text that leaves this package
//     through [Client.Redact], [Client.RedactLine] or [Client.RedactError].
//   - No call is under way after the deadline of the work, or for longer than a minute and the time that
//     its bytes need.
//
// What an answer proves is said by its class, see the package comment of publisher/github.
package wire
