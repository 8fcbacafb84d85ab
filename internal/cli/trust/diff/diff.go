// Package diff is the command trust diff.
package diff

import (
	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/trust/show"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct{ Old, New string }

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	return &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what differs between two trust files, and whether the one follows the other",
		Long: `Show what differs between two trust files: a line with "-" is in OLD alone, one with "+" in NEW alone. The last line says whether NEW
names OLD as the version before it.`,
		Example: `  marketops trust diff trust-1.json trust.json`,
		Args:    cli.Args(cobra.ExactArgs(2)),
		RunE:    func(_ *cobra.Command, args []string) error { return run(e, Options{args[0], args[1]}) },
	}
}

func run(e *env.Env, o Options) error {
	older, err := load(o.Old)
	if err != nil {
		return err
	}
	newer, err := load(o.New)
	if err != nil {
		return err
	}
	changes := show.Changes(older, newer)
	for _, l := range changes {
		e.Print("%s", l)
	}
	follows := newer.File().Previous == older.Digest() && newer.Version() > older.Version()
	switch {
	case older.Digest() == newer.Digest():
		e.Print("the same file: %s", newer.Digest())
	case follows:
		e.Print("version %d follows version %d", newer.Version(), older.Version())
	default:
		e.Print("version %d does not name this version %d as the one before it", newer.Version(), older.Version())
	}
	return e.Result(struct {
		Schema  string           `json:"schema"`
		Old     marketops.Digest `json:"old"`
		New     marketops.Digest `json:"new"`
		Follows bool             `json:"follows"`
		Changes []string         `json:"changes"`
	}{"marketops.trust-diff/v1", older.Digest(), newer.Digest(), follows, append([]string{}, changes...)})
}

func load(path string) (*trust.Trust, error) {
	data, err := regular.ReadPath(path, trust.MaxTrust)
	if err != nil {
		return nil, marketops.RefuseErr(regular.CodeOf(err, marketops.TrustMissing), path, err)
	}
	return trust.Parse(data)
}
