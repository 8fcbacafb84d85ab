package marketops

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	v2 "github.com/go-json-experiment/json"
)

func TestSecretNeverPrints(t *testing.T) {
	const canary = "gh" + "p_c4n4ryc4n4ryc4n4ryc4n4ryc4n4ryc4n4" // in the shape of a token
	s := NewSecret(canary)
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%U", "%10.3s"} {
		fmt.Fprintf(&out, verb, s)
		fmt.Fprintf(&out, verb, &s)
		fmt.Fprintf(&out, verb, struct{ S Secret }{s})
		fmt.Fprintf(&out, verb, struct{ s Secret }{s})
		fmt.Fprintf(&out, verb, []Secret{s})
		fmt.Fprintf(&out, verb, map[string]any{"s": s})
	}
	fmt.Fprintln(&out, errors.New(fmt.Sprint(s)), s.String(), s.GoString())
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, func(v any) ([]byte, error) { return v2.Marshal(v) }} {
		b, err := marshal(map[string]any{"s": s, "p": &s, "t": struct{ S Secret }{s}})
		if err != nil || !bytes.Contains(b, []byte("[secret]")) {
			t.Errorf("JSON is %s, %v", b, err)
		}
		out.Write(b)
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "s", s, "any", struct{ S Secret }{s})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", s, "any", struct{ S Secret }{s})
	hex := fmt.Sprintf("%x", canary)
	if text := out.String(); strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), hex) || strings.Contains(text, canary[4:12]) {
		t.Errorf("the secret was printed: %s", text)
	}
	if s.Reveal() != canary || (Secret{}).Reveal() != "" || !(Secret{}).IsZero() || s.IsZero() {
		t.Error("Reveal does not reveal")
	}
}
