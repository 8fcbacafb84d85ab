package cli_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
)

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		exit int
	}{
		{nil, cli.ExitDone},
		{errors.New("broken"), cli.ExitError},
		{&marketops.Failure{Code: marketops.DiskFull}, cli.ExitError},
		{marketops.Refuse(marketops.Expired, ""), cli.ExitRefused},
		{marketops.Refuse(marketops.ConfigInvalid, ""), cli.ExitError},
		{marketops.Refuse(marketops.LogRolledBack, ""), cli.ExitMisbehaviour},
		{&marketops.Failure{Code: marketops.SplitView}, cli.ExitMisbehaviour},
		{&marketops.Unknown{Code: marketops.OutcomeUnknown}, cli.ExitUnknown},
		{fmt.Errorf("call: %w", context.Canceled), cli.ExitInterrupted},
		{&cli.UsageError{Err: errors.New("no flag")}, cli.ExitUsage},
		{&cli.CodedError{Exit: cli.ExitWaiting, Err: marketops.Refuse(marketops.ApprovalMissing, "")}, cli.ExitWaiting},
		{errors.Join(marketops.Refuse(marketops.Expired, ""), errors.New("broken"), &marketops.Unknown{Code: marketops.OutcomeUnknown}), cli.ExitUnknown},
	} {
		if got := cli.ExitCode(c.err); got != c.exit {
			t.Errorf("%v: exit %d, want %d", c.err, got, c.exit)
		}
	}
}

// TestWorst: 14 > 13 > 130 > 1 > 10, and of equals the first.
func TestWorst(t *testing.T) {
	ordered := []error{marketops.Refuse(marketops.SplitView, ""), &marketops.Unknown{Code: marketops.OutcomeUnknown}, context.Canceled,
		errors.New("broken"), marketops.Refuse(marketops.Expired, ""), nil}
	for i, want := range ordered {
		if got := cli.Worst(append(ordered[i:len(ordered):len(ordered)], marketops.Refuse(marketops.Stale, ""))); got != want && want != nil {
			t.Errorf("%v, want %v", got, want)
		}
	}
	if err := cli.Worst([]error{nil, nil}); err != nil {
		t.Error(err)
	}
}
