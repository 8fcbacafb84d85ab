package audit

import (
	"github.com/omega/marketops"
)

// Documents finds operation documents in a folder by their digest, as files named by its hex
// digits, with or without ".json". A file that is not what its name says is none.
func Documents(f *Folder) func(marketops.Digest) *marketops.Operation {
	return func(d marketops.Digest) *marketops.Operation {
		for _, name := range []string{d.Hex() + ".json", d.Hex()} {
			b, err := f.ReadFile(name)
			if err != nil || marketops.DigestOf(b) != d {
				continue
			}
			if op, err := marketops.ParseOperation(b); err == nil {
				return op
			}
		}
		return nil
	}
}
