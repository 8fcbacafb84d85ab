package policy

import (
	"bytes"
	"testing"

	"github.com/omega/marketops"
)

// FuzzParseRequest: what is read back is written as it was, but for lists whose order means nothing.
func FuzzParseRequest(f *testing.F) {
	good, err := release().record(marketops.DigestOf([]byte("bundle")))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		facts, bundle, err := ParseRequest(doc)
		if err != nil {
			return
		}
		again, err := facts.record(bundle)
		if err != nil {
			t.Fatal(err)
		}
		if len(facts.RequesterGroups) < 2 && len(facts.Approvers) < 2 && !bytes.Equal(again, doc) {
			t.Fatalf("%s is written %s", doc, again)
		}
	})
}
