// Package show is the command trust show.
package show

import (
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// New returns the command.
func New(e *env.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the trust file: persons, roles, thresholds, logs and witnesses",
		Long: `Show the trust file. It is the one input of a verifier that nothing proves: compare its digest with
the operator's over another channel.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return run(e) },
	}
}

func run(e *env.Env) error {
	state := ""
	if e.TrustFlag == "" {
		var err error
		if state, err = env.State(); err != nil {
			return err
		}
	}
	t, err := e.LoadTrust(state)
	if err != nil {
		return err
	}
	f := t.File()
	e.Table(header(t))
	e.Print("")
	e.Table(holders(f))
	e.Print("")
	e.Table(rules(f))
	return e.Result(struct {
		Schema string     `json:"schema"`
		Digest string     `json:"digest"`
		Trust  trust.File `json:"trust"`
	}{"marketops.trust-show/v1", t.Digest().String(), f})
}

func holders(f trust.File) [][]string {
	rows := [][]string{{"ROLE", "NAME", "GROUPS OR TARGETS", "KEY", "VALID", "SPKI"}}
	add := func(role, name string, groups []string, keys []trust.Key) {
		for _, k := range keys {
			who := name
			if who == "" {
				who = k.ID
			}
			valid := fmt.Sprintf("%s to %s", k.NotBefore, k.NotAfter)
			for _, r := range k.RevokedFrom {
				valid += fmt.Sprintf(", revoked from %s#%d", r.Origin, r.Index)
			}
			rows = append(rows, []string{role, who, strings.Join(groups, ","), k.ID, valid, k.SPKI})
		}
	}
	for _, p := range f.Persons {
		add("person", p.ID, p.Groups, p.Keys)
	}
	add("authority", "", nil, f.Authorities)
	add("advisory", "", nil, f.Advisory)
	add("publisher", "", nil, f.Publishers)
	add("ledger", "", nil, f.Ledger)
	for _, r := range f.Readers {
		add("reader", r.ID, r.Targets, []trust.Key{r.Key})
	}
	return rows
}

// authorities returns the ids by which authorities are counted.
func authorities(f trust.File) (ids []string) {
	for _, k := range f.Authorities {
		if !slices.Contains(ids, k.ID) {
			ids = append(ids, k.ID)
		}
	}
	return ids
}

func rules(f trust.File) [][]string {
	rows := [][]string{{"RULE", "KINDS", "TARGETS", "WHO"}}
	add := func(name string, rs []trust.Rule, who func(trust.Rule) string) {
		for _, r := range rs {
			rows = append(rows, []string{name, strings.Join(r.Kinds, ","), strings.Join(r.Targets, ","), who(r)})
		}
	}
	add("approve", f.Approvals, func(r trust.Rule) string { return fmt.Sprintf("%d of group %s", r.Threshold, r.Group) })
	add("authorise", f.AuthorityRules, func(r trust.Rule) string {
		return fmt.Sprintf("%d of %s", r.Threshold, strings.Join(authorities(f), ", "))
	})
	add("revoke", f.Revokers, func(r trust.Rule) string { return "group " + r.Group })
	add("resolve", f.Resolvers, func(r trust.Rule) string { return "group " + r.Group })
	return rows
}
