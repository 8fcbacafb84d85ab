// Package cli is what the commands share: exit codes, errors for people and for programs,
// and text that cannot take over a terminal.
//
// Results go to stdout, talk to stderr. With --json stdout carries exactly one object, in success
// and in failure, with a "schema" member; text for people stays on stderr. An error always says
// what failed, why, what state that leaves and what to do next:
//
//	marketops: refused: content-mismatch
//	  what   dist/widget.tar.gz is not the file that was authorised
//	  why    authorised sha256:9f2c…, found sha256:0b6e…
//	  state  nothing was sent
//	  next   restore the authorised file, or plan again: marketops plan
package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/omega/marketops"
)

// Exit codes. They are stable; 2 is a crash of the Go runtime and never used on purpose.
const (
	ExitDone         = 0
	ExitError        = 1
	ExitRefused      = 10  // refused operations sent nothing
	ExitUnverified   = 11  // verification failed or is indeterminate
	ExitWaiting      = 12  // approvals are missing
	ExitUnknown      = 13  // GitHub may have changed: reconcile
	ExitMisbehaviour = 14  // the log forked or was rolled back; the message names the evidence
	ExitUsage        = 64  // the command line is wrong
	ExitInterrupted  = 130 // Ctrl-C
)

// ExitCodes explains them, for help and documentation.
var ExitCodes = []struct {
	Code    int
	Meaning string
}{
	{ExitDone, "done"},
	{ExitError, "error: something broke and the state is known"},
	{ExitRefused, "refused: the refused operations sent nothing; the summary lists any that finished"},
	{ExitUnverified, "verification failed or is indeterminate"},
	{ExitWaiting, "waiting for approvals"},
	{ExitUnknown, "outcome unknown: marketops reconcile"},
	{ExitMisbehaviour, "log misbehaviour (fork or rollback); keep the evidence that the message names, or the log that was audited"},
	{ExitUsage, "usage: the command line is wrong"},
	{ExitInterrupted, "interrupted"},
}

// UsageError is a wrong command line.
type UsageError struct{ Err error }

// Usage returns a wrong command line, in words.
func Usage(format string, args ...any) error { return &UsageError{fmt.Errorf(format, args...)} }

func (u *UsageError) Error() string { return u.Err.Error() }

// Unwrap returns the cause.
func (u *UsageError) Unwrap() error { return u.Err }

// ErrReported ends a command that has said everything itself: only the exit code of the
// [CodedError] around it remains.
var ErrReported = errors.New("reported")

// CodedError carries an exit code that its cause alone does not tell.
type CodedError struct {
	Exit int
	Err  error
}

func (c *CodedError) Error() string { return c.Err.Error() }

// Unwrap returns the cause.
func (c *CodedError) Unwrap() error { return c.Err }

// ExitCode returns the exit code for an error; several joined ones yield the most urgent, by
// 14 > 13 > 1 > 10.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	var coded *CodedError
	if errors.As(err, &coded) {
		return coded.Exit
	}
	var usage *UsageError
	if errors.As(err, &usage) {
		return ExitUsage
	}
	return kindOf(err)
}

func kindOf(err error) int {
	for _, c := range []marketops.Code{marketops.SplitView, marketops.LogRolledBack, marketops.ConsistencyInvalid} {
		if errors.Is(err, c) {
			return ExitMisbehaviour
		}
	}
	var unknown *marketops.Unknown
	var failure *marketops.Failure
	var refusal *marketops.Refusal
	switch {
	case errors.As(err, &unknown):
		return ExitUnknown
	case errors.Is(err, context.Canceled):
		return ExitInterrupted
	case errors.As(err, &failure):
		return ExitError
	case errors.As(err, &refusal):
		if c, ok := refusal.Code.Info(); ok && (c.Group == "setup" || c.Group == "infra") {
			return ExitError
		}
		return ExitRefused
	}
	return ExitError
}

// Worst returns the error whose exit code is the most urgent: 14 > 13 > 130 > 1 > 10.
func Worst(errs []error) error {
	rank := map[int]int{ExitMisbehaviour: 5, ExitUnknown: 4, ExitInterrupted: 3, ExitError: 2, ExitRefused: 1}
	var out error
	for _, err := range errs {
		if err != nil && (out == nil || rank[ExitCode(err)] > rank[ExitCode(out)]) {
			out = err
		}
	}
	return out
}
