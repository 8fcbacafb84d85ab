package crypto

import "github.com/omega/marketops/internal/canon"

// Opener is how envelopes, and the records in them, are verified and read. The zero value verifies with
// the standard library and reads with package canon: so does everything that decides whether something
// may happen. Only an audit, which opens a million records, has a quicker one with the same verdicts; a
// test keeps everything else from making one.
type Opener struct {
	// Verify reports what [PublicKey.Verify] reports, which is asked if Verify is nil.
	Verify func(key PublicKey, message, sig []byte) bool
	// Read reads canonical JSON into v, a pointer to a zero value. What it refuses, leaving v zero, and
	// everything if Read is nil, is read by package canon, which says what is wrong.
	Read func(data []byte, v any) bool
}

func (o Opener) verify(key PublicKey, message, sig []byte) bool {
	if o.Verify == nil {
		return key.Verify(message, sig)
	}
	return o.Verify(key, message, sig)
}

// Decode reads JSON into v, a pointer to a zero value, in any order and spacing. It reports whether data
// is known to be canonical by then; if not, the caller must compare.
func (o Opener) Decode(data []byte, limit int, v any) (canonical bool, err error) {
	if o.Read != nil && len(data) <= limit && o.Read(data, v) {
		return true, nil
	}
	return false, canon.DecodeLoose(data, limit, v)
}
