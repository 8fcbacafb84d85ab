package wire

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
)

// Upload is the bytes of one asset on their way out. They are hashed as they go, and the last
// read is held back until the digest is the authorised one: a file that changed since it was
// checked never arrives whole. It cannot be rewound, so nothing below can send it twice.
type Upload struct {
	content publisher.Content
	size    int64
	media   string
	want    marketops.Digest

	mu     sync.Mutex // net/http may still be reading when an early answer has come
	at     int64
	hash   hash.Hash
	broken error // content-mismatch, once it was seen
}

// NewUpload returns the upload of a file that must be as the asset says.
func NewUpload(content publisher.Content, a marketops.Asset) *Upload {
	return &Upload{content: content, size: a.Size, media: a.ContentType, want: a.SHA256, hash: sha256.New()}
}

// restart is the same upload from its beginning.
func (u *Upload) restart() *Upload {
	return NewUpload(u.content, marketops.Asset{Size: u.size, ContentType: u.media, SHA256: u.want})
}

// Read implements [io.Reader].
func (u *Upload) Read(p []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.broken != nil {
		return 0, u.broken
	}
	if u.at == u.size {
		return 0, io.EOF
	}
	n, err := u.content.ReadAt(p[:min(int64(len(p)), u.size-u.at)], u.at)
	u.hash.Write(p[:n])
	u.at += int64(n)
	if err != nil && (err != io.EOF || u.at < u.size) {
		return 0, u.fail("the file cannot be read to its end", err)
	}
	if u.at == u.size && marketops.Digest(u.hash.Sum(nil)) != u.want {
		return 0, u.fail("the file has changed since it was checked", nil)
	}
	return n, nil
}

func (u *Upload) fail(what string, err error) error {
	u.broken = &marketops.Failure{Code: marketops.ContentMismatch, What: what, State: StateDraftKept, Err: err}
	return u.broken
}

// Err is why reading ended early: the file is not the authorised one.
func (u *Upload) Err() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.broken
}

// sum is the digest of what was read so far.
func (u *Upload) sum() marketops.Digest {
	u.mu.Lock()
	defer u.mu.Unlock()
	return marketops.Digest(u.hash.Sum(nil))
}

// sink hashes what comes in and takes no more than it expects.
type sink struct {
	size int64
	hash hash.Hash
}

func (s *sink) fill(from io.Reader) error {
	s.hash = sha256.New()
	n, err := io.Copy(s.hash, io.LimitReader(from, s.size+1))
	if err == nil && n != s.size {
		err = fmt.Errorf("%d bytes or more where %d were expected", n, s.size)
	}
	return err
}

func (s *sink) sum() marketops.Digest { return marketops.Digest(s.hash.Sum(nil)) }
