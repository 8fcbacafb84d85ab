package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

func newLog(g *globals) *cobra.Command {
	c := &cobra.Command{Use: "log", Short: "Read the Proof Ledger", Args: cobra.ArbitraryArgs, RunE: cli.Group}
	c.AddCommand(newLogCheckpoint(g), newLogLeaf(g), newLogProve(g))
	return c
}

func newLogCheckpoint(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: "Show the newest checkpoint and who cosigned it, after verifying it and its consistency with the last one seen",
		Args:  cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			s, err := g.connect("", "")
			if err != nil {
				return err
			}
			tree, err := s.view.Latest()
			if err != nil {
				return err
			}
			cp := tree.Checkpoint()
			known := s.trust.Log()
			cosigned := known.Cosignatures(cp.Raw)
			g.Block(string(cp.Raw))
			for _, c := range cosigned {
				g.Say("cosigned by %s at %s", c.Name, c.At)
			}
			g.Say("witnesses: %s", known.Quorum())
			return g.Result(struct {
				Schema   string            `json:"schema"`
				Origin   string            `json:"origin"`
				Size     uint64            `json:"size"`
				Root     string            `json:"root"`
				Quorum   string            `json:"quorum"`
				Cosigned []log.Cosignature `json:"cosigned"`
				Raw      string            `json:"checkpoint"`
			}{"marketops.checkpoint/v1", cp.Origin, cp.Size, cp.Root.String(), known.Quorum(), cosigned, string(cp.Raw)})
		},
	}
}

func newLogLeaf(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "leaf INDEX",
		Short: "Show one leaf and the record that it commits to, both verified",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, index, err := g.connectTo(args[0])
			if err != nil {
				return err
			}
			return s.showLeaf(index)
		},
	}
}

// connectTo connects for reading one entry of the log.
func (g *globals) connectTo(arg string) (*session, uint64, error) {
	index, err := strconv.ParseUint(arg, 10, 63)
	if err != nil {
		return nil, 0, &cli.UsageError{Err: fmt.Errorf("%q is not an index", arg)}
	}
	s, err := g.connect("", "")
	return s, index, err
}

// leafView is one leaf in --json.
type leafView struct {
	Schema   string           `json:"schema"`
	Index    uint64           `json:"index"`
	LeafHash log.Hash         `json:"leaf_hash"`
	Withheld bool             `json:"withheld"`
	Record   receipt.Kind     `json:"record"`
	Digest   marketops.Digest `json:"digest"`
	By       string           `json:"by"`
	Body     any              `json:"body"`
}

func (s *session) showLeaf(index uint64) error {
	tree, err := s.view.Latest()
	if err != nil {
		return err
	}
	h, err := tree.LeafHash(index)
	if err != nil {
		return err
	}
	v := leafView{Schema: "marketops.leaf/v1", Index: index, LeafHash: h}
	rec, holder, err := s.recordAt(h, log.Position{Origin: tree.Checkpoint().Origin, Index: index})
	if err != nil && !isWithheld(err) {
		return err
	}
	if v.Withheld = rec == nil; !v.Withheld {
		v.Record, v.Digest, v.By, v.Body = rec.Body.Kind(), rec.Digest, string(holder.Role)+" "+holder.Name, rec.Body
	}
	s.Table([][]string{{"index", fmt.Sprint(index)}, {"leaf", h.String()}, {"record", orWithheld(string(v.Record))}, {"digest", v.Digest.String()}, {"signed by", v.By}})
	if !v.Withheld {
		s.Block(prettyJSON(v.Body))
	}
	return s.Result(v)
}

// recordAt fetches the envelope of a leaf and verifies that it is the leaf's.
func (s *session) recordAt(h log.Hash, pos log.Position) (*receipt.Record, trust.Holder, error) {
	env, err := s.core.ReadFile("records/" + log.RecordPath(h))
	if err != nil {
		return nil, trust.Holder{}, err
	}
	rec, holder, err := s.trust.Open(env, now(), &pos)
	if err == nil && rec.LeafHash() != h {
		err = marketops.Refuse(marketops.LeafMismatch, fmt.Sprintf("the record offered for leaf %d is of another leaf", pos.Index))
	}
	return rec, holder, err
}

func newLogProve(g *globals) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use:   "prove INDEX",
		Short: "Write the C2SP .tlog-proof of one leaf, verified",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			s, index, err := g.connectTo(args[0])
			if err != nil {
				return err
			}
			return s.prove(index, out)
		},
	}
	c.Flags().StringVarP(&out, "output", "o", "", "file to write (default: stdout)")
	return c
}

func (s *session) prove(index uint64, out string) error {
	tree, err := s.view.Latest()
	if err != nil {
		return err
	}
	h, err := tree.LeafHash(index)
	if err != nil {
		return err
	}
	p, err := view.ProveIn(tree, h, log.Position{Origin: tree.Checkpoint().Origin, Index: index})
	if err != nil {
		return err
	}
	if out != "" {
		if err := os.WriteFile(out, p.Format(), 0o644); err != nil {
			return err
		}
		s.Say("wrote %s", out)
	} else if !s.JSON {
		s.Out.Write(p.Format())
	}
	return s.Result(struct {
		Schema string   `json:"schema"`
		Index  uint64   `json:"index"`
		Leaf   log.Hash `json:"leaf_hash"`
		Proof  string   `json:"proof"`
	}{"marketops.proof/v1", index, h, string(p.Format())})
}
