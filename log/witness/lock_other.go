//go:build !unix && !windows

package witness

import (
	"errors"
	"os"
)

// lock refuses: two witnesses with one memory could sign two histories.
func lock(*os.File) error { return errors.ErrUnsupported }

func syncDir(string) error { return nil }
