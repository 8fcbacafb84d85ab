//go:build !unix && !windows

package plan

import (
	"errors"
	"os"
)

// lock refuses: two processes in one journal would tear each other's lines.
func lock(*os.File) error { return errors.ErrUnsupported }
