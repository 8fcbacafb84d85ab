//go:build !unix

package plan

import "os"

// links is not known without asking again by handle; one name is the usual case.
func links(os.FileInfo) uint64 { return 1 }

// unlinksOpen: an open file keeps its name until it is closed.
const unlinksOpen = false
