// Package evidence gathers what a run leaves for a verifier.
package evidence

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/cli/session"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/view"
	"github.com/omega/marketops/plan"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier/pack"
)

// Gather proves every record of the run under one checkpoint.
func Gather(ctx context.Context, s *session.Session, r *plan.Run) (*pack.Contents, error) {
	all, err := s.Records(ctx, r.Info.RunID)
	if err != nil {
		return nil, err
	}
	if len(all.Entries) == 0 {
		return nil, &marketops.Refusal{Code: marketops.NothingToVerify, What: "the log holds nothing of this run", Next: "marketops submit " + string(r.Info.RunID)}
	}
	newest := uint64(0)
	for _, e := range all.Entries {
		newest = max(newest, e.Position.Index)
	}
	tree, err := s.View.Covering(ctx, newest)
	if err != nil {
		return nil, err
	}
	c := &pack.Contents{Run: r.Info.RunID, Plan: r.PlanBytes, Operations: r.Documents, Checkpoint: tree.Checkpoint()}
	for _, e := range slices.Concat(all.Adopted, all.Entries) {
		if len(e.Envelope) == 0 {
			s.Say("withheld: the %s of leaf %d was erased", e.Name, e.Position.Index)
			continue
		}
		rec, err := receipt.Open(e.Envelope, s.Trust.Ring())
		if err != nil {
			return nil, err
		}
		if err := collect(ctx, s, c, tree, rec, e); err != nil {
			return nil, err
		}
	}
	c.Trust, err = versions(s.Trust, c.Entries)
	return c, err
}

// versions returns the versions of the trust file back to the one that these entries begin under. The newest is
// among them for those who hold the one after it.
func versions(t *trust.Trust, entries []pack.Entry) (out [][]byte, err error) {
	first := slices.MinFunc(entries, func(a, b pack.Entry) int { return cmp.Compare(a.Proof.Index, b.Proof.Index) })
	law, err := trust.NewCourse(t).Law(first.Record.Body)
	if err != nil {
		return nil, err
	}
	for _, v := range t.Versions() {
		if v.Version() >= law.Version() {
			out = append(out, v.Text())
		}
	}
	return out, nil
}

func collect(ctx context.Context, s *session.Session, c *pack.Contents, tree *log.Tree, rec *receipt.Record, e api.Entry) error {
	proof, err := view.ProveIn(tree, rec.LeafHash(), e.Position)
	if err != nil {
		return err
	}
	c.Entries = append(c.Entries, pack.Entry{Record: rec, Proof: proof})
	for _, d := range rec.Body.Refs().Evidence {
		text, err := s.Core.Evidence(ctx, d)
		if errors.Is(err, fs.ErrNotExist) {
			continue // erased: the report says withheld
		}
		if err != nil {
			return err
		}
		c.Evidence = append(c.Evidence, pack.Evidence{Digest: d, Text: text})
	}
	return nil
}
