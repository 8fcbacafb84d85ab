package pack

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/log"
)

// Write writes the pack of c. The same evidence yields the same bytes. Errors carry
// [marketops.NothingToVerify] if there is no record, [marketops.PackMalformed] for what [Read]
// would refuse, or none if w failed.
func Write(w io.Writer, c Contents) error {
	files, err := c.files()
	if err != nil {
		return err
	}
	return writeZip(w, files)
}

// files returns every file of the pack in name order.
func (c Contents) files() ([]member, error) {
	if len(c.Entries) == 0 {
		return nil, marketops.Refuse(marketops.NothingToVerify, "a run without any record")
	}
	s := set{}
	if err := c.collect(s); err != nil {
		return nil, malformed(err)
	}
	m, err := c.manifest(s)
	if err != nil {
		return nil, malformed(err)
	}
	if err := s.add(manifestName, m); err != nil {
		return nil, malformed(err)
	}
	files := s.sort()
	if err := checkLimits(files); err != nil {
		return nil, malformed(err)
	}
	return files, nil
}

func malformed(err error) error { return marketops.RefuseErr(marketops.PackMalformed, "", err) }

// set is the files of a pack by name.
type set map[string][]byte

// add refuses a second, different file of one name.
func (s set) add(name string, data []byte) error {
	if old, ok := s[name]; ok && !bytes.Equal(old, data) {
		return fmt.Errorf("two different files are called %.80q", name)
	}
	s[name] = data
	return nil
}

func (s set) sort() []member {
	out := make([]member, 0, len(s))
	for name, data := range s {
		out = append(out, newMember(name, data))
	}
	slices.SortFunc(out, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	return out
}

// checkLimits holds Write to the limits of Read.
func checkLimits(files []member) error {
	total := int64(len(tail(files)))
	for _, m := range files {
		if max := limit(m.name); max < 0 || int64(len(m.data)) > max {
			return fmt.Errorf("%.80q is larger than %d bytes", m.name, max)
		}
		total += int64(sizeHead + len(m.name) + len(m.data))
	}
	if total > MaxPack || len(files) > MaxFiles {
		return fmt.Errorf("%d bytes in %d files; at most %d in %d", total, len(files), int64(MaxPack), MaxFiles)
	}
	return nil
}

func (c Contents) collect(s set) error {
	if c.Checkpoint == nil || len(c.Checkpoint.Raw) == 0 || log.CheckOrigin(c.Checkpoint.Origin) != nil {
		return errors.New("there is no checkpoint")
	}
	if err := errors.Join(s.add(planName, c.Plan), s.add(checkpointName(c.Checkpoint.Origin), c.Checkpoint.Raw)); err != nil {
		return err
	}
	for _, doc := range c.Operations {
		if err := s.add(operationName(marketops.DigestOf(doc)), doc); err != nil {
			return err
		}
	}
	for _, t := range c.Trust {
		if err := s.add(trustName(marketops.DigestOf(t)), t); err != nil {
			return err
		}
	}
	for _, e := range c.Evidence {
		if err := s.add(evidenceName(e.Digest), e.Text); err != nil {
			return err
		}
	}
	return c.entries(s)
}

// entries adds each record once, with the proof of the lowest index it stands at.
func (c Contents) entries(s set) error {
	first := map[log.Hash]Entry{}
	for _, e := range c.Entries {
		if e.Record == nil || e.Record.Opened == nil || e.Proof == nil || !bytes.Equal(e.Proof.Checkpoint, c.Checkpoint.Raw) {
			return errors.New("a record is missing, or its proof is not under the checkpoint of the pack")
		}
		h := e.Record.LeafHash()
		if old, ok := first[h]; !ok || e.Proof.Index < old.Proof.Index {
			first[h] = e
		}
	}
	for h, e := range first {
		if err := errors.Join(s.add(recordName(h), e.Record.Envelope), s.add(proofName(h), e.Proof.Format())); err != nil {
			return err
		}
	}
	return nil
}

func (c Contents) manifest(s set) ([]byte, error) {
	if !c.Run.Valid() || len(c.Plan) == 0 {
		return nil, errors.New("the run or its plan is missing")
	}
	m := Manifest{Schema: schemaManifest, RunID: c.Run, Plan: marketops.DigestOf(c.Plan)}
	for _, e := range c.Entries {
		m.CreatedAt = max(m.CreatedAt, e.Record.Body.Issued())
	}
	for _, f := range s.sort() {
		m.Files = append(m.Files, fileOf(f))
	}
	return canon.Encode(m)
}

func fileOf(m member) File {
	return File{m.name, int64(len(m.data)), marketops.DigestOf(m.data)}
}
