package config

import (
	"fmt"
	"strconv"
	"strings"
)

// YAML returns the file that [ParseCore] reads back as c, every member spelt out.
func (c Core) YAML() []byte {
	var b strings.Builder
	say := func(indent, key, value string) { fmt.Fprintf(&b, "%s%s: %s\n", indent, key, value) }
	text := func(indent, key, value string) { say(indent, key, strconv.Quote(value)) }
	number := func(indent, key string, n int) { say(indent, key, strconv.Itoa(n)) }

	b.WriteString("# configuration of marketops-core; paths are relative to this folder\n")
	number("", "version", c.Version)
	text("", "origin", c.Origin)
	text("", "log", c.Log)
	text("", "records", c.Records)
	text("", "claims", c.Claims)
	text("", "policy", c.Policy)
	text("", "trust", c.Trust)
	b.WriteString("keys:\n")
	text("  ", "authority", c.Keys.Authority)
	text("  ", "advisory", c.Keys.Advisory)
	text("  ", "ledger", c.Keys.Ledger)
	text("  ", "checkpoint", c.Keys.Checkpoint)
	b.WriteString("listen:\n")
	text("  ", "unix", c.Listen.Unix)
	if c.Listen.TCP != "" {
		text("  ", "tcp", c.Listen.TCP)
		text("  ", "cert", c.Listen.Cert)
		text("  ", "key", c.Listen.Key)
	}
	text("  ", "records", string(c.Listen.Records))
	text("", "observe", string(c.Observe))
	b.WriteString("github:\n")
	text("  ", "api", c.GitHub.API)
	text("  ", "read_token", c.GitHub.ReadToken)
	if c.GitHub.CA != "" {
		text("  ", "ca", c.GitHub.CA)
	}
	b.WriteString("limits:\n")
	number("  ", "max_receipts_per_repository", c.Limits.MaxReceiptsPerRepository)
	number("  ", "max_submissions_per_day", c.Limits.MaxSubmissionsPerDay)
	number("  ", "max_submissions_per_person", c.Limits.MaxSubmissionsPerPerson)
	number("  ", "max_operations_per_plan", c.Limits.MaxOperationsPerPlan)
	text("", "receipt_lifetime", c.ReceiptLifetime.String())
	text("", "lease", c.Lease.String())
	return []byte(b.String())
}
