package patches

import "github.com/omega/marketops/internal/test/overlay"

const leaseFile = "internal/config/core.go"

// ShortLease lets core.yaml ask for a lease of one second, so that a test can wait for its end.
var ShortLease = []overlay.Patch{
	{File: leaseFile, Old: "minLease = 10 * time.Second", New: "minLease = time.Second"},
}
