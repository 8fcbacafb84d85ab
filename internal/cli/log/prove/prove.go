// Package prove is the command log prove.
package prove

import (
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Index uint64
	Out   string // file; "": standard output
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "prove INDEX",
		Short: "Write the C2SP .tlog-proof of one leaf, verified",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			if o.Index, err = cli.Index(args[0]); err != nil {
				return err
			}
			return run(e, o)
		},
	}
	c.Flags().StringVarP(&o.Out, "output", "o", "", "file to write (default: stdout)")
	return c
}

func run(e *env.Env, o Options) error {
	s, err := session.Connect(e, "", "")
	if err != nil {
		return err
	}
	tree, err := s.View.Latest()
	if err != nil {
		return err
	}
	h, err := tree.LeafHash(o.Index)
	if err != nil {
		return err
	}
	p, err := view.ProveIn(tree, h, log.Position{Origin: tree.Checkpoint().Origin, Index: o.Index})
	if err != nil {
		return err
	}
	if o.Out != "" {
		if err := regular.WritePath(o.Out, p.Format()); err != nil {
			return err
		}
		s.Say("wrote %s", o.Out)
	} else if !s.JSON {
		s.Out.Write(p.Format())
	}
	return s.Result(struct {
		Schema string   `json:"schema"`
		Index  uint64   `json:"index"`
		Leaf   log.Hash `json:"leaf_hash"`
		Proof  string   `json:"proof"`
	}{"marketops.proof/v1", o.Index, h, string(p.Format())})
}
