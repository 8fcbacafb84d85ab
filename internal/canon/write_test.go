package canon

import (
	"bytes"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

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

type many struct {
	head
	List []entry `json:"list"`
	Any  any     `json:"any"`
	Up   upper   `json:"up"`
	Yes  bool    `json:"yes"`
}

// TestWrite: values of the types that are written here, and of those that are left to the library.
func TestWrite(t *testing.T) {
	text := "é\u2028\x1f\"\\ok"
	for name, c := range map[string]struct {
		v    any
		here bool
	}{
		"all members":       {many{head{"n"}, []entry{{N: -1, P: &text, U: 2}}, []any{"x", int64(1), nil, &inner{"y"}}, "up", true}, true},
		"nothing in them":   {many{}, true},
		"a pointer":         {&optional{A: []string{}, C: &inner{}}, true},
		"a long number":     {entry{N: 999_999_999_999_999}, true},
		"too long a number": {entry{N: 1_000_000_000_000_000}, false},
		"and a negative":    {entry{N: -1_000_000_000_000_000}, false},
		"and an unsigned":   {entry{U: 1_000_000_000_000_000}, false},
		"not UTF-8":         {inner{"\xff"}, false},
		"a map":             {many{Any: map[string]int{"b": 1, "a": 2}}, false},
		"a float":           {many{Any: 1.5}, false},
		"raw JSON":          {many{Any: jsontext.Value(`{"b":1, "a":2}`)}, false},
		"bytes":             {many{Any: []byte("x")}, false},
		"a duration":        {many{Any: time.Second}, false},
		"it writes itself":  {many{Any: own{}}, false},
		"it writes text":    {many{Any: onlyWrites("x")}, false},
		"nothing":           {nil, false},
		"a member twice": {struct {
			head
			Nonce string `json:"nonce"`
		}{head{"a"}, "b"}, false},
	} {
		quick := whole.write(c.v)
		if (quick != nil) != c.here {
			t.Errorf("%s: %s", name, quick)
		}
		slow, err := encode(c.v)
		if quick != nil && (err != nil || !bytes.Equal(quick, slow)) {
			t.Errorf("%s: %s, the library writes %s, %v", name, quick, slow, err)
		}
		out, gotErr := Encode(c.v)
		if !bytes.Equal(out, slow) || (gotErr == nil) != (err == nil) {
			t.Errorf("%s: %s, want %s; %v, want %v", name, out, slow, gotErr, err)
		}
	}
}

// FuzzWrite holds what is written here to what the library writes.
func FuzzWrite(f *testing.F) {
	f.Add([]byte(`{"nonce":"n","list":[{"n":1,"p":"\u0007","u":2,"z":{"b":3}}],"any":["x",null,true],"up":"a","yes":true}`))
	f.Add([]byte(`{"any":"\ud83d\ude00\u2028\u007f","list":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var v many
		if json.Unmarshal(in, &v, jsontext.AllowInvalidUTF8(true)) != nil {
			return
		}
		quick := whole.write(v)
		slow, err := encode(v)
		if quick != nil && (err != nil || !bytes.Equal(quick, slow)) {
			t.Fatalf("%+v is %s, the library writes %s, %v", v, quick, slow, err)
		}
	})
}
