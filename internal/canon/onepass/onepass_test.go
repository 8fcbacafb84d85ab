package onepass

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops/internal/canon"
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

// TestRawIsNotTakenUnseen: an unread value is canonical only for the
// caller who reads it in turn.
func TestRawIsNotTakenUnseen(t *testing.T) {
	const head = `{"flag":true,"list":[{"n":-1,"p":null,"u":2,"z":{}}],"value":`
	for value, ok := range map[string]bool{`{"a":1,"b":[]}`: true, `{"b":1,"a":2}`: false, `{"a":1,"a":1}`: false, `{"a" :1}`: false, `{]`: false} {
		var v, part parts
		in := []byte(head + value + "}")
		if err := canon.Decode(in, 1<<10, &v); (err == nil) != ok {
			t.Errorf("%s: %v", value, err)
		}
		if !Read(in, &part) {
			t.Errorf("%s: Read does not leave it to the caller", value)
		}
	}
}

type upper string

func (u upper) MarshalText() ([]byte, error) { return bytes.ToUpper([]byte(u)), nil }

func (u *upper) UnmarshalText(b []byte) error {
	*u = upper(bytes.ToLower(b))
	return nil
}

type onlyWrites string

func (onlyWrites) MarshalText() ([]byte, error) { return []byte("text"), nil }

type own struct{ N int64 }

func (own) MarshalJSON() ([]byte, error) { return []byte(`"own"`), nil }

type head struct {
	Nonce string `json:"nonce"`
}

// TestTypes: values of the types that are read here, and of those that are left to package canon.
func TestTypes(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		into any
		here bool
	}{
		"a text of a type's own": {`"UP"`, new(upper), true},
		"in another spelling":    {`"up"`, new(upper), false},
		"an embedded struct":     {`{"nonce":"n"}`, new(struct{ head }), true},
		"a long number":          {`999999999999999`, new(int64), true},
		"too long a number":      {`1000000000000000`, new(int64), false},
		"a map":                  {`{"a":1}`, new(map[string]int), false},
		"a float":                {`1.5`, new(float64), false},
		"bytes":                  {`"eA=="`, new([]byte), false},
		"an interface":           {`"x"`, new(any), false},
		"a duration":             {`"1s"`, new(time.Duration), false},
		"it writes itself":       {`{"N":1}`, new(own), false},
		"it only writes text":    {`"text"`, new(onlyWrites), false},
		"a member twice": {`{"nonce":"n"}`, new(struct {
			head
			Nonce string `json:"nonce"`
		}), false},
	} {
		if got := Read([]byte(c.in), c.into); got != c.here {
			t.Errorf("%s: %v", name, got)
		}
		if !c.here {
			continue
		}
		if out, err := canon.Encode(c.into); err != nil || string(out) != c.in {
			t.Errorf("%s: %s is read, %s would be written, %v", name, c.in, out, err)
		}
	}
}

// FuzzRead holds what is read in one pass to what package canon reads.
func FuzzRead(f *testing.F) {
	for _, s := range []string{`[]`, `[{"n":1,"p":"x","u":2,"z":{}},{"n":-3,"p":null,"u":0,"z":{"a":[],"b":2,"c":{"text":"\u001f\u007f é\"\\\n"},"d":"x"}}]`, `[{"n":1,"p":"x","u":2,"z":{"b":0}}]`, `[{"n":1,"p":"x","u":2,"z":{"d":"x","b":1}}]`, `[{"n":1,"p":"x","u":2,"z":}}]`, `[{"n":1,"p":"x","u":-2}]`, `[{"n":01,"p":"x","u":2,"z":{}}]`, `[{"n":1,"n":1,"p":"x","u":2,"z":{}}]`, `[{"n":1,"p":"\u0041","u":2,"z":{}}] `} {
		f.Add([]byte(s))
	}
	if in := []byte(`[{"n":1,"p":"\n","u":2,"z":{"b":1,"d":"gut geprüft"}}]`); !Read(in, new([]entry)) {
		f.Error("a text is not read in one pass")
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var got, want []entry
		if !Read(in, &got) {
			if got != nil {
				t.Fatalf("%q: what was not plain is still there", in)
			}
			return
		}
		err := canon.Decode(in, len(in), &want)
		out, encodeErr := canon.Encode(want)
		if err != nil || encodeErr != nil || !bytes.Equal(out, in) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %+v, want %+v, %v, %v", in, got, want, err, encodeErr)
		}
	})
}
