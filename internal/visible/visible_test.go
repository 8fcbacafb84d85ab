package visible

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// hidden are characters that people do not see, or that change how others look.
const hidden = "\x00\x07\x1b\x7f\u0080\u009b\u00a0\u00ad\u034f\u061c\u115f\u180e\u200b\u200d\u200e\u202e\u2028\u2060\u2066\u2800\u3000\u3164\ue000\ufe0f\ufeff\uffa0\U000e0001\U000e0041\U000e0100\U000fffff"

func TestHidden(t *testing.T) {
	for _, r := range hidden {
		if !Hidden(r) || Text(string(r)) == string(r) || strings.ContainsRune(Lines(string(r)), r) {
			t.Errorf("%U is shown as it is", r)
		}
	}
	for _, r := range "aZ09 .ßÄ山é🎉→’\ufffd" {
		if Hidden(r) || Text(string(r)) != string(r) {
			t.Errorf("%U is not shown", r)
		}
	}
	if got := Lines("a\tb\nc\rd\xff"); got != "a\tb\nc\\x0dd\\xff" {
		t.Errorf("%q", got)
	}
}

// FuzzJSON: the value stays the same, and nothing in the text is hidden.
func FuzzJSON(f *testing.F) {
	f.Add(hidden)
	f.Add("plain")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		b, err := json.Marshal(map[string]string{s: s})
		if err != nil {
			t.Fatal(err)
		}
		out := JSON(b)
		var got map[string]string
		if err := json.Unmarshal(out, &got); err != nil || got[s] != s {
			t.Fatalf("%q: %q, %v", s, out, err)
		}
		for _, r := range string(out) {
			if Hidden(r) && r != '\n' {
				t.Errorf("%q holds %U", out, r)
			}
		}
		if text := Text(s); strings.ContainsFunc(text, Hidden) || !utf8.ValidString(text) {
			t.Errorf("%q", text)
		}
	})
}
