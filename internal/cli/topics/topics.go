// Package topics is the help of marketops that belongs to no command, and the manual pages.
package topics

import (
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/advice"
	"github.com/spf13/cobra"
)

// New returns help pages without a command: marketops help exit-codes, …
func New() []*cobra.Command {
	return []*cobra.Command{
		{Use: "exit-codes", Short: "What each exit code means", Long: exitCodesText()},
		{Use: "refusals", Short: "Every code of a refusal or failure, and what to do", Long: refusalsText()},
		{Use: "offline", Short: "What can be checked without any network", Long: `A pack (marketops pack) holds all evidence of one run. marketops-verify checks it with a trust file and
nothing else: it has no network code, reads no configuration and no environment but NO_COLOR.

  marketops-verify widgets.mopack --trust trust.json
  marketops-verify audit --log DIR --records DIR --operations DIR --trust trust.json

A pack proves what happened, never what did not: that a receipt was used once, was not revoked later
and has no second outcome takes the audit of the whole log. Every report ends with what it did not
establish. Copy the log (static files: checkpoint and tile/), the records and the documents folder to
audit them elsewhere.`},
		{Use: "trust", Short: "Whom the tools believe, and how to compare it", Long: `trust.json names persons, authorities, publishers, the ledger's keys, the log and its witnesses, and the
approvals that every operation needs. It is the one input that nothing proves. Compare its digest
(marketops trust show) with the operator's over another channel, pin it (--trust-digest) and refuse older
versions (--min-trust-version).

Every change is a new version. marketops remembers the highest version it has gone by, and the newest
checkpoint it has verified, outside .marketops: in $XDG_STATE_HOME/marketops or
~/.local/state/marketops. An older trust file or a log that shrank is refused from then on.`},
	}
}

func exitCodesText() string {
	var b strings.Builder
	b.WriteString("Exit codes are stable. Of several, the most urgent wins: 14, 13, 1, 10.\n\n")
	for _, c := range cli.ExitCodes {
		fmt.Fprintf(&b, "  %-4d %s\n", c.Code, c.Meaning)
	}
	return b.String()
}

func refusalsText() string {
	var b strings.Builder
	b.WriteString("The text of a code never changes. With --json it stands under \"code\".\n")
	for _, c := range marketops.Codes {
		fmt.Fprintf(&b, "\n%s\n  %s; usually %s\n  next: %s\n", c.Code, c.Meaning, c.Cause, advice.Next(c.Code))
	}
	return b.String()
}
