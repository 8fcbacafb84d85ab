package receipt

import (
	"errors"
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
)

// ShardSealed is the last leaf of a log that is frozen; the log named by Next continues it.
type ShardSealed struct {
	Header
	Shard CheckpointRef `json:"shard"` // all entries below this one
	Next  string        `json:"next"`  // origin of the log that continues it
}

// ShardGenesis is the first leaf of a log that continues a frozen one.
type ShardGenesis struct {
	Header
	Origin   string           `json:"origin"`   // of this log
	Previous CheckpointRef    `json:"previous"` // the whole frozen log, its seal included
	Sealed   marketops.Digest `json:"sealed"`   // its last record
	Trust    TrustRef         `json:"trust"`    // in force at the end of that log, and so at the beginning of this one
}

func (s *ShardSealed) validate() error {
	return s.Shard.follows(s.Next)
}

func (s *ShardGenesis) validate() error {
	if s.Previous.Size < 1 {
		return errors.New("a frozen log has its seal at least")
	}
	return errors.Join(digests(s.Sealed), s.Previous.follows(s.Origin), s.Trust.validate())
}

// follows checks that another log may go on after this one.
func (s CheckpointRef) follows(next string) error {
	if s.Size < 0 || uint64(s.Size) > log.MaxSize || next == s.Origin {
		return fmt.Errorf("a log of %d entries does not go on under %.80q", s.Size, next)
	}
	return errors.Join(log.CheckOrigin(s.Origin), log.CheckOrigin(next))
}

// validate accepts nil: where the ledger signed, nothing was seen.
func (s *CheckpointRef) validate() error {
	if s == nil {
		return nil
	}
	if s.Size < 1 || uint64(s.Size) > log.MaxSize {
		return fmt.Errorf("a checkpoint of size %d", s.Size)
	}
	return log.CheckOrigin(s.Origin)
}

// SeenAt is a checkpoint as records quote it.
func SeenAt(cp *log.Checkpoint) CheckpointRef {
	return CheckpointRef{cp.Origin, int64(cp.Size), cp.Root}
}

// Digest returns SHA-256 of the three lines that a log signs, the subject of a shard's records.
func (s CheckpointRef) Digest() marketops.Digest {
	return marketops.DigestOf([]byte((&log.Checkpoint{Origin: s.Origin, Size: uint64(s.Size), Root: s.Root}).Text()))
}
