// Package leaf is the command log leaf.
package leaf

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	Index uint64
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	return &cobra.Command{
		Use:   "leaf INDEX",
		Short: "Show one leaf and the record that it commits to, both verified",
		Args:  cli.Args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) (err error) {
			if o.Index, err = cli.Index(args[0]); err != nil {
				return err
			}
			return run(e, o)
		},
	}
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
	Key      crypto.KeyID     `json:"key"` // that signed
	Body     any              `json:"body"`
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
	v := leafView{Schema: "marketops.leaf/v1", Index: o.Index, LeafHash: h}
	rec, holder, err := recordAt(s, h, log.Position{Origin: tree.Checkpoint().Origin, Index: o.Index})
	if err != nil && !isWithheld(err) {
		return err
	}
	if v.Withheld = rec == nil; !v.Withheld {
		v.Record, v.Digest, v.By, v.Key, v.Body = rec.Body.Kind(), rec.Digest, string(holder.Role)+" "+holder.Name, rec.By, rec.Body
	}
	s.Table([][]string{{"index", fmt.Sprint(o.Index)}, {"leaf", h.String()}, {"record", orWithheld(string(v.Record))}, {"digest", v.Digest.String()}, {"signed by", v.By}, {"key", string(v.Key)}})
	if !v.Withheld {
		s.Block(prettyJSON(v.Body))
	}
	return s.Result(v)
}

// recordAt fetches the envelope of a leaf and verifies that it is the leaf's.
func recordAt(s *session.Session, h log.Hash, pos log.Position) (*receipt.Record, trust.Holder, error) {
	env, err := s.Core.ReadFile("records/" + log.RecordPath(h))
	if err != nil {
		return nil, trust.Holder{}, err
	}
	rec, holder, err := s.Trust.Open(env, cli.Now(), &pos)
	if err == nil && rec.LeafHash() != h {
		err = marketops.Refuse(marketops.LeafMismatch, fmt.Sprintf("the record offered for leaf %d is of another leaf", pos.Index))
	}
	return rec, holder, err
}

func isWithheld(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func orWithheld(s string) string {
	if s == "" {
		return "withheld: the record store does not hold it"
	}
	return s
}

// prettyJSON is for people; nothing reads it back.
func prettyJSON(v any) string {
	b, err := json.Marshal(v, jsontext.WithIndent("  "))
	if err != nil {
		return err.Error()
	}
	return string(b)
}
