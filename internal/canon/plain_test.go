package canon

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

type parts struct {
	Flag  bool           `json:"flag"`
	List  []entry        `json:"list"`
	Value jsontext.Value `json:"value"`
}

type entry struct {
	N int64   `json:"n"`
	P *string `json:"p"`
	U uint64  `json:"u"`

	Less optional `json:"z"`
}

type optional struct {
	A []string `json:"a,omitzero"`
	B int      `json:"b,omitzero"`
	C *inner   `json:"c,omitzero"`
	D string   `json:"d,omitzero"`
}

type inner struct {
	Text string `json:"text"`
}

// TestRawIsNotTakenUnseen: a value that nobody has looked into is canonical for nobody but the
// caller who reads it in turn.
func TestRawIsNotTakenUnseen(t *testing.T) {
	const head = `{"flag":true,"list":[{"n":-1,"p":null,"u":2,"z":{}}],"value":`
	for value, ok := range map[string]bool{`{"a":1,"b":[]}`: true, `{"b":1,"a":2}`: false, `{"a":1,"a":1}`: false, `{"a" :1}`: false, `{]`: false} {
		var v, part parts
		in := []byte(head + value + "}")
		if err := Decode(in, 1<<10, &v); (err == nil) != ok {
			t.Errorf("%s: %v", value, err)
		}
		if !Plain(in, &part) {
			t.Errorf("%s: Plain does not leave it to the caller", value)
		}
	}
	var v jsontext.Value
	if err := DecodeLoose([]byte(`{"a":1,"a":2}`), 1<<10, &v); err == nil {
		t.Error("a member twice")
	}
}

// FuzzPlain holds what is read in one pass to what the library reads.
func FuzzPlain(f *testing.F) {
	for _, s := range []string{`[]`, `[{"n":1,"p":"x","u":2,"z":{}},{"n":-3,"p":null,"u":0,"z":{"a":[],"b":2,"c":{"text":"\u001f\u007f é\"\\\n"},"d":"x"}}]`, `[{"n":1,"p":"x","u":2,"z":{"b":0}}]`, `[{"n":1,"p":"x","u":2,"z":{"d":"x","b":1}}]`, `[{"n":1,"p":"x","u":2,"z":}}]`, `[{"n":1,"p":"x","u":-2}]`, `[{"n":01,"p":"x","u":2,"z":{}}]`, `[{"n":1,"n":1,"p":"x","u":2,"z":{}}]`, `[{"n":1,"p":"\u0041","u":2,"z":{}}] `} {
		f.Add([]byte(s))
	}
	if in := []byte(`[{"n":1,"p":"\n","u":2,"z":{"b":1,"d":"gut geprüft"}}]`); !whole.read(in, new([]entry)) {
		f.Error("a text is not read in one pass")
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var got, want []entry
		if !whole.read(in, &got) {
			if got != nil {
				t.Fatalf("%q: what was not plain is still there", in)
			}
			return
		}
		err := json.Unmarshal(in, &want, json.RejectUnknownMembers(true))
		out, encodeErr := encode(want)
		if err != nil || encodeErr != nil || !bytes.Equal(out, in) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %+v, want %+v, %v, %v", in, got, want, err, encodeErr)
		}
	})
}
