// Package checkpoint is the command log checkpoint.
package checkpoint

import (
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/log"
	"github.com/spf13/cobra"
)

// New returns the command.
func New(e *env.Env) *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: "Show the newest checkpoint and who cosigned it, after verifying it and its consistency with the last one seen",
		Args:  cli.Args(cobra.NoArgs),
		RunE:  func(*cobra.Command, []string) error { return run(e) },
	}
}

func run(e *env.Env) error {
	s, err := session.Connect(e, "", "")
	if err != nil {
		return err
	}
	tree, err := s.View.Latest()
	if err != nil {
		return err
	}
	cp := tree.Checkpoint()
	known := s.Trust.Log()
	cosigned := known.Cosignatures(cp.Raw)
	e.Block(string(cp.Raw))
	for _, c := range cosigned {
		e.Say("cosigned by %s at %s", c.Name, c.At)
	}
	e.Say("witnesses: %s", known.Quorum())
	return e.Result(struct {
		Schema   string            `json:"schema"`
		Origin   string            `json:"origin"`
		Size     uint64            `json:"size"`
		Root     string            `json:"root"`
		Quorum   string            `json:"quorum"`
		Cosigned []log.Cosignature `json:"cosigned"`
		Raw      string            `json:"checkpoint"`
	}{"marketops.checkpoint/v1", cp.Origin, cp.Size, cp.Root.String(), known.Quorum(), cosigned, string(cp.Raw)})
}
