//go:build !unix

package claims

import (
	"errors"
	"os"
)

// lockFile refuses: the Core runs on Linux and macOS only, and a ledger that cannot be locked
// must not be opened.
func lockFile(string) (*os.File, error) {
	return nil, unavailable("the claim ledger needs file locks of a Unix system", errors.ErrUnsupported)
}
