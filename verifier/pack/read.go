package pack

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
)

// Read returns the pack in the first size bytes of r, which must be all of it. It holds at most
// [MaxPack] bytes. Errors carry [marketops.PackMalformed], [marketops.NothingToVerify] for a
// pack without any record, or no code if r itself failed.
func Read(r io.ReaderAt, size int64) (*Pack, error) {
	files, err := readZip(r, size)
	if trouble := (*readError)(nil); errors.As(err, &trouble) {
		return nil, trouble
	}
	if err != nil {
		return nil, malformed(err)
	}
	p := &Pack{
		Operations: map[marketops.Digest][]byte{}, Records: map[log.Hash][]byte{},
		Proofs: map[log.Hash][]byte{}, Evidence: map[marketops.Digest][]byte{}, Trust: map[marketops.Digest][]byte{},
	}
	if err := p.checkListed(files); err != nil {
		return nil, malformed(err)
	}
	for _, m := range files {
		if err := p.put(m); err != nil {
			return nil, malformed(err)
		}
	}
	if err := p.checkWhole(); err != nil {
		return nil, err
	}
	return p, nil
}

// checkListed reads the manifest and compares it with the files that are there.
func (p *Pack) checkListed(files []member) error {
	i := slices.IndexFunc(files, func(m member) bool { return m.name == manifestName })
	if i < 0 {
		return errors.New("there is no manifest.json")
	}
	if err := canon.Decode(files[i].data, MaxManifest, &p.Manifest); err != nil {
		return fmt.Errorf("manifest.json: %w", err)
	}
	if p.Manifest.Schema != schemaManifest || !p.Manifest.RunID.Valid() {
		return fmt.Errorf("manifest.json: schema %.40q or run_id is not usable", p.Manifest.Schema)
	}
	others := slices.Concat(files[:i], files[i+1:])
	if len(others) != len(p.Manifest.Files) {
		return fmt.Errorf("%d files, and the manifest lists %d", len(others), len(p.Manifest.Files))
	}
	for k, want := range p.Manifest.Files {
		if got := fileOf(others[k]); got != want {
			return fmt.Errorf("%.80q is not the file %.80q of the manifest", got.Name, want.Name)
		}
	}
	return nil
}

func (p *Pack) put(m member) error {
	switch w := place(m.name); w.folder {
	case planName:
		p.Plan = m.data
	case operationsDir:
		p.Operations[marketops.Digest(w.hash)] = m.data
	case recordsDir:
		p.Records[w.hash] = m.data
	case proofsDir:
		p.Proofs[w.hash] = m.data
	case trustDir:
		p.Trust[marketops.Digest(w.hash)] = m.data
	case evidenceDir:
		p.Evidence[marketops.Digest(w.hash)] = m.data
	case checkpointsDir:
		if p.Checkpoint != nil {
			return errors.New("there is more than one checkpoint")
		}
		p.Origin, p.Checkpoint = w.origin, m.data
	}
	return nil
}

// checkWhole refuses a pack in which a file lacks its counterpart.
func (p *Pack) checkWhole() error {
	if len(p.Records) == 0 && len(p.Proofs) == 0 {
		return marketops.Refuse(marketops.NothingToVerify, "the pack holds no record")
	}
	if p.Plan == nil || p.Checkpoint == nil {
		return malformed(errors.New("plan.json or the checkpoint is missing"))
	}
	if marketops.DigestOf(p.Plan) != p.Manifest.Plan {
		return malformed(errors.New("plan.json is not the plan of the manifest"))
	}
	for h := range p.Records {
		if _, ok := p.Proofs[h]; !ok {
			return malformed(fmt.Errorf("record %s has no proof", h))
		}
	}
	if len(p.Proofs) != len(p.Records) {
		return malformed(errors.New("a proof has no record"))
	}
	return nil
}
