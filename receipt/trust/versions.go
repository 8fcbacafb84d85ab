package trust

import (
	"fmt"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/receipt"
)

// AdoptWithin is how long after its effective time a version may be adopted, if receipts are issued meanwhile.
const AdoptWithin = marketops.Time(10 * 60) // seconds

// versions are a trust file and those before it, as far as they are at hand. Each is proved by the digest
// that the one after it names.
type versions struct {
	list []*Trust // the newest first
	ring *crypto.Keyring
}

// With returns the same file together with the versions before it. read is asked for each by its digest, the
// newest first, and returns nil for one that is not at hand: the chain ends there, unless t has that version
// already. The code of an error is [marketops.TrustMissing]: a version that is not usable, or not older than the
// one that names it.
func (t *Trust) With(read func(marketops.Digest) []byte) (*Trust, error) {
	own := *t
	v := &versions{list: []*Trust{&own}}
	for last := v.list[0]; !last.file.Previous.IsZero(); last = v.list[len(v.list)-1] {
		text := read(last.file.Previous)
		if text == nil {
			text = t.known(last.file.Previous)
		}
		if text == nil {
			break
		}
		older, err := parseBefore(last, text)
		if err != nil {
			return nil, err
		}
		v.list = append(v.list, older)
	}
	return v.list[0], v.join()
}

// parseBefore reads the version that comes before last.
func parseBefore(last *Trust, text []byte) (*Trust, error) {
	older, err := Parse(text)
	switch {
	case err != nil:
		return nil, err
	case older.digest != last.file.Previous:
		return nil, untrusted(fmt.Errorf("version %d names %s as the one before, which has the digest %s", last.Version(), last.file.Previous, older.digest))
	case older.Version() >= last.Version() || older.file.Effective > last.file.Effective:
		return nil, untrusted(fmt.Errorf("version %d, effective %s, is not before version %d, effective %s", older.Version(), older.file.Effective, last.Version(), last.file.Effective))
	}
	return older, nil
}

// join lets all versions share their keys, and the newest say which of them are revoked where.
func (v *versions) join() (err error) {
	ring, newest := []crypto.PublicKey{}, map[crypto.KeyID]Holder{}
	for _, t := range v.list {
		for _, key := range t.ring.Keys() {
			h, id := t.holders[key.ID()], key.ID()
			if newer, listed := newest[id]; listed {
				h.Key.RevokedFrom = newer.Key.RevokedFrom
				t.holders[id] = h
				continue
			}
			newest[id] = h
			ring = append(ring, key)
		}
		t.versions = v
	}
	v.ring, err = crypto.NewKeyring(ring...)
	return err
}

// AsNewest returns this version with those before it, as one has it who knows of no later one.
func (t *Trust) AsNewest() (*Trust, error) {
	own, err := Parse(t.text)
	if err != nil {
		return nil, err
	}
	return own.With(t.known)
}

func (t *Trust) known(d marketops.Digest) []byte {
	for _, v := range t.all() {
		if v.digest == d {
			return v.text
		}
	}
	return nil
}

func (t *Trust) all() []*Trust {
	if t.versions == nil {
		return []*Trust{t}
	}
	return t.versions.list
}

// Newest returns the version that the verifier was given, which roots the others.
func (t *Trust) Newest() *Trust { return t.all()[0] }

// Versions returns all versions at hand, the newest first.
func (t *Trust) Versions() []*Trust { return t.all() }

// Listing returns the newest version that lists a key, or nil.
func (t *Trust) Listing(id crypto.KeyID) *Trust {
	for _, v := range t.all() {
		if _, ok := v.holders[id]; ok {
			return v
		}
	}
	return nil
}

// First returns version 1: the one in force in a log until a record says otherwise. The code of an error is
// [marketops.TrustUnavailable].
func (t *Trust) First() (*Trust, error) {
	if all := t.all(); all[len(all)-1].Version() == 1 {
		return all[len(all)-1], nil
	}
	return nil, unavailable(1)
}

// Named returns the version that a record names. Codes: [marketops.TrustUnavailable] for one that is newer, or
// not at hand; [marketops.TrustRolledBack] for one that is no version of this file.
func (t *Trust) Named(ref receipt.TrustRef) (*Trust, error) {
	all := t.all()
	for _, v := range all {
		if v.Ref() == ref {
			return v, nil
		}
	}
	switch last := all[len(all)-1]; {
	case ref.Version > all[0].Version():
		return nil, &marketops.Refusal{Code: marketops.TrustUnavailable, What: fmt.Sprintf("version %d of trust.json is named, and the newest at hand is version %d", ref.Version, all[0].Version()),
			Next: "get the current trust.json from the operator"}
	case ref.Version < last.Version():
		return nil, unavailable(ref.Version)
	}
	return nil, marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("version %d with the digest %s is no version of this trust file", ref.Version, ref.Digest))
}

func unavailable(version int64) error {
	return &marketops.Refusal{Code: marketops.TrustUnavailable, What: fmt.Sprintf("version %d of trust.json counts here and is not at hand", version),
		Next: "give the folder of the earlier versions: --trust-history DIR; a record store has it as trust/"}
}

// RequireInForce refuses a receipt that was issued under this version when the next one was due for longer than
// [AdoptWithin]. The code is [marketops.TrustRolledBack].
func (t *Trust) RequireInForce(at marketops.Time) error {
	if next := t.next(); next != nil && at > next.file.Effective+AdoptWithin {
		return marketops.Refuse(marketops.TrustRolledBack, fmt.Sprintf("a receipt of %s or later rests on version %d of trust.json, and version %d was to be in force within 10 minutes of %s", at, t.Version(), next.Version(), next.file.Effective))
	}
	return nil
}

// next returns the version after this one, nil for the newest.
func (t *Trust) next() (after *Trust) {
	for _, v := range t.all() {
		if v.digest == t.digest {
			break
		}
		after = v
	}
	return after
}
