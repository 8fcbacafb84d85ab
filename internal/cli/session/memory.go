package session

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/durable"
	"github.com/omega/marketops/internal/regular"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

// rememberHighest returns the highest version remembered under name in dir, after remembering this one.
// Two processes at once can only make it remember the higher or, for a moment, the lower of two
// versions that both were accepted.
func rememberHighest(dir, name string, version int64) (int64, error) {
	path := filepath.Join(dir, fmt.Sprintf("%.16s.version", marketops.DigestOf([]byte(name)).Hex()))
	seen, err := readVersion(path)
	if err != nil {
		return 0, &marketops.Failure{Code: regular.CodeOf(err, marketops.StateMissing), What: "the remembered trust version cannot be read", Err: err}
	}
	if seen >= version {
		return seen, nil
	}
	return version, durable.Write(path, []byte(strconv.FormatInt(version, 10)+"\n"))
}

// former returns an earlier version of the trust file: the one that this user has kept, or else the Core's. It is
// nil if neither has it.
func (s *Session) former(dir string, d marketops.Digest) []byte {
	path := filepath.Join(dir, d.Hex()+".json")
	if b, err := regular.ReadPath(path, trust.MaxTrust); err == nil && marketops.DigestOf(b) == d {
		return b
	}
	b, err := s.Core.ReadFile("records/" + log.TrustPath(d))
	if err != nil || marketops.DigestOf(b) != d {
		return nil
	}
	if err := durable.Write(path, b); err != nil {
		s.Say("an earlier version of trust.json was not kept: %v", err)
	}
	return b
}

// maxVersion is more than a version has.
const maxVersion = 64 // bytes

func readVersion(path string) (int64, error) {
	b, err := regular.ReadOwned(path, maxVersion)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
}
