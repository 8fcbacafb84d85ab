package core

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/api"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/receipt"
)

// maxTexts bounds the evidence that comes with one record.
const maxTexts = 16

// store is a folder of files that are named by a digest and never change.
type store struct{ dir string }

func (s store) path(d marketops.Digest) string { return filepath.Join(s.dir, d.Hex()) }

func (s store) read(d marketops.Digest, limit int64) ([]byte, error) {
	return regular.ReadPath(s.path(d), limit)
}

// put makes the file durable. The same content again is no change, other content an error.
func (s store) put(d marketops.Digest, content []byte) error {
	if old, err := s.read(d, int64(len(content))); err == nil {
		if bytes.Equal(old, content) {
			return nil
		}
		return marketops.Refuse(marketops.PlanMismatch, "another file is stored under "+d.String())
	}
	if err := durable.Write(s.path(d), content); err != nil {
		return &marketops.Failure{Code: marketops.LedgerUnavailable, What: "a file cannot be stored", Err: err}
	}
	return nil
}

// checkTexts refuses evidence that the record does not name, or that is not what it names.
func checkTexts(body receipt.Body, texts []api.Evidence, limit int) error {
	if len(texts) > maxTexts {
		return marketops.Refuse(marketops.LimitReached, fmt.Sprintf("%d evidence texts, at most %d", len(texts), maxTexts))
	}
	for _, t := range texts {
		switch {
		case len(t.Text) > limit:
			return marketops.Refuse(marketops.LimitReached, fmt.Sprintf("an evidence text of a %s has %d bytes, at most %d are taken", body.Kind(), len(t.Text), limit))
		case !slices.Contains(body.Refs().Evidence, t.Digest) || body.Salted(t.Text) != t.Digest:
			return marketops.Refuse(marketops.PlanMismatch, "evidence "+t.Digest.Short()+" is not what the record names")
		}
	}
	return nil
}

// keep stores evidence that [checkTexts] accepted, and notes first which run it belongs to: that is the run whose
// record it came with. That a record names a digest proves nothing: a digest can be copied. Evidence of no run is
// for those who may read everything.
func (p *parts) keep(ctx context.Context, run marketops.RunID, texts ...api.Evidence) error {
	var digests []marketops.Digest
	for _, t := range texts {
		digests = append(digests, t.Digest)
	}
	if run != "" && len(digests) > 0 {
		if err := p.ledger.Bring(ctx, run, digests...); err != nil {
			return err
		}
	}
	for _, t := range texts {
		if err := p.texts.put(t.Digest, t.Text); err != nil {
			return err
		}
	}
	return nil
}
