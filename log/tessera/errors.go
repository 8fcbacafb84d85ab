package tessera

import (
	"errors"
	"strings"
	"syscall"

	"github.com/omega/marketops"
)

// classify gives an error its code, once, here. Tessera formats some causes away, so a full disk
// must be known by its text as well.
func classify(what string, err error) error {
	if marketops.CodeOf(err) != "" {
		return err
	}
	code := marketops.LogUnavailable
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, full) || strings.Contains(err.Error(), full.Error()) {
			code = marketops.DiskFull
		}
	}
	return &marketops.Failure{Code: code, What: what, Err: err}
}
