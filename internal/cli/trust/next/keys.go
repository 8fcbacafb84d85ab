package next

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
)

// Keys returns the keys of a file that a name means: the one key with this id, or all keys of the person with it.
func Keys(f *trust.File, name string) ([]*trust.Key, error) {
	var out []*trust.Key
	find := func(keys []trust.Key, all bool) {
		for i := range keys {
			if all || keys[i].ID == name {
				out = append(out, &keys[i])
			}
		}
	}
	for i := range f.Persons {
		find(f.Persons[i].Keys, f.Persons[i].ID == name)
	}
	for _, keys := range [][]trust.Key{f.Authorities, f.Advisory, f.Publishers, f.Ledger} {
		find(keys, false)
	}
	for i := range f.Readers {
		if f.Readers[i].ID == name {
			out = append(out, &f.Readers[i].Key)
		}
	}
	if len(out) == 0 {
		return nil, &marketops.Refusal{Code: marketops.ConfigInvalid, What: fmt.Sprintf("the trust file has no person and no key called %.80q", name),
			State: "nothing was changed", Next: "take a name that this lists: marketops trust show"}
	}
	return out, nil
}
