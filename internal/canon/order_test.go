package canon

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzOrder holds the quick way to canonical JSON to the library's: where it gives an answer at
// all, it is the same one.
func FuzzOrder(f *testing.F) {
	for _, s := range []string{
		`{"b":1,"a":[true,false,null,{}],"aa":{"z":"","y":-12},"a b":"x","a!":""}`, `[]`, `{"a":1,"a":2}`, `{"a":01}`, `{"a":-0}`, `{"a":1e3}`, `{"a":1.5}`,
		`{"a":"\u0041"}`, `{"é":1,"z":2}`, ` {}`, `{"a":1 }`, `{"a":[1,]}`, `{"a"}`, `{"a":tru}`, `truefalse`, `{"a":123456789012345,"b":1234567890123456}`, `{"a":1}{}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, rest, plain := order(nil, b, 0)
		if !plain || len(rest) > 0 {
			return
		}
		want := jsontext.Value(bytes.Clone(b))
		if err := want.Canonicalize(); err != nil || longNumber(b) || !bytes.Equal(got, want) {
			t.Errorf("%q: %s, want %s, %v", b, got, want, err)
		}
	})
}
