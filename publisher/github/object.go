package github

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"github.com/omega/marketops"
	"github.com/omega/marketops/publisher"
	"github.com/omega/marketops/publisher/github/internal/wire"
)

// maxBlob bounds one file of a change set: it travels in one JSON text that is held in memory.
const maxBlob = 25 << 20

// newGitHash is the hash of a repository whose object ids look like sha. It proves nothing about
// what was authorised, which is bound by SHA-256; it tells what GitHub will call the bytes.
func newGitHash(sha string) hash.Hash {
	if len(sha) == 2*sha256.Size {
		return sha256.New()
	}
	return sha1.New()
}

// readChange reads one file of a change set whole, and only if it is the authorised one.
func readChange(content publisher.Content, c marketops.Change) ([]byte, error) {
	data := make([]byte, c.Size)
	n, err := content.ReadAt(data, 0)
	if err != nil && err != io.EOF || int64(n) != c.Size {
		return nil, &marketops.Failure{Code: marketops.ContentMismatch, What: c.Path + " cannot be read to its end", State: wire.StateStopped, Err: err}
	}
	if content.Size() != c.Size || marketops.DigestOf(data) != c.SHA256 {
		return nil, &marketops.Failure{Code: marketops.ContentMismatch, What: c.Path + " has changed since it was checked", State: wire.StateStopped}
	}
	return data, nil
}

// blobID is the id that git gives to the bytes in a repository whose ids look like sha.
func blobID(sha string, data []byte) string {
	h := newGitHash(sha)
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}
