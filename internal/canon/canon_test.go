package canon

import (
	"strings"
	"testing"
)

type sample struct {
	A int    `json:"a"`
	B string `json:"b"`
	C *int   `json:"c,omitzero"`
}

func TestDecodeAcceptsOnlyItsOwnForm(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		ok       bool
	}{
		{"canonical", `{"a":1,"b":"x"}`, true},
		{"non-ASCII stays raw", "{\"a\":1,\"b\":\"é\u2028\"}", true},
		{"space", `{"a":1, "b":"x"}`, false},
		{"order", `{"b":"x","a":1}`, false},
		{"duplicate", `{"a":1,"a":1,"b":"x"}`, false},
		{"unknown", `{"a":1,"b":"x","z":1}`, false},
		{"case", `{"A":1,"b":"x"}`, false},
		{"absent", `{"a":1}`, false},
		{"null", `{"a":null,"b":"x"}`, false},
		{"explicit null of an optional member", `{"a":1,"b":"x","c":null}`, false},
		{"trailing", `{"a":1,"b":"x"}{}`, false},
		{"BOM", "\ufeff" + `{"a":1,"b":"x"}`, false},
		{"UTF-8", "{\"a\":1,\"b\":\"\xff\"}", false},
		{"lone surrogate", `{"a":1,"b":"\ud800"}`, false},
		{"escaped letter", `{"a":1,"b":"\u0078"}`, false},
		{"float", `{"a":1.0,"b":"x"}`, false},
		{"exponent", `{"a":1e400,"b":"x"}`, false},
		{"depth", strings.Repeat("[", 10001), false},
		{"size", `{"a":1,"b":"` + strings.Repeat("x", 1<<10) + `"}`, false},
	} {
		var v sample
		if err := Decode([]byte(tc.in), 1<<10, &v); (err == nil) != tc.ok {
			t.Errorf("%s: err = %v, want ok = %v", tc.name, err, tc.ok)
		}
	}
}

func TestEncodeRefusesWhatWouldBeRounded(t *testing.T) {
	if b, err := Encode(sample{A: 9007199254740993}); err == nil {
		t.Errorf("became %s", b)
	}
	if b, err := Encode(sample{A: 999999999999999, B: "12345678901234567890"}); err != nil {
		t.Errorf("control: %s, %v", b, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":"x"}`))
	f.Add([]byte(`{"a":1,"b":"\u0000\t"}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var v sample
		if Decode(in, 1<<10, &v) != nil {
			return
		}
		out, err := Encode(v)
		if err != nil || string(out) != string(in) {
			t.Fatalf("%q came back as %q, %v", in, out, err)
		}
	})
}

// FuzzDecodeLoose: what is read loosely and written is read strictly, and is the same.
func FuzzDecodeLoose(f *testing.F) {
	f.Add([]byte(` {"b":"x","a":1}`))
	f.Add([]byte(`{"a":1,"a":1}`))
	f.Add([]byte(`{"c":null}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var loose, strict sample
		if DecodeLoose(in, 1<<10, &loose) != nil {
			return
		}
		out, err := Encode(loose)
		if err != nil { // a number of more than 15 digits
			return
		}
		if err := Decode(out, 1<<11, &strict); err != nil || strict.A != loose.A || strict.B != loose.B || (strict.C == nil) != (loose.C == nil) {
			t.Fatalf("%q became %q and %+v, %v", in, out, strict, err)
		}
	})
}
