package redact

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
)

const canary = "gh" + "p_C4n4ry-c4n4ry/C4n4ry+c4n4ryC4n4ry~4" // in the shape of a token, with what encodings change

func eachByte(s, format string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// between puts a text between every n bytes.
func between(s, sep string, n int) string {
	var parts []string
	for len(s) > n {
		parts, s = append(parts, s[:n]), s[n:]
	}
	return strings.Join(append(parts, s), sep)
}

// spellings are how a server may repeat a secret.
func spellings(s string) map[string]string {
	quoted, _ := json.Marshal(s)
	twice, _ := json.Marshal(string(quoted))
	out := map[string]string{
		"plain": s, "upper": strings.ToUpper(s), "lower": strings.ToLower(s),
		"json": string(quoted), "json twice": string(twice), "json escapes": eachByte(s, `\u%04x`), "JSON escapes": eachByte(s, `\u%04X`),
		"escapes of escapes": strings.ReplaceAll(eachByte(s, `\u%04x`), `\`, `\\`), "go": fmt.Sprintf("%+q", s), "octal": eachByte(s, `\%03o`), "c": eachByte(s, `\x%02x`),
		"query": url.QueryEscape(s), "path": url.PathEscape(s), "percent": eachByte(s, "%%%02X"), "percent, lower": eachByte(s, "%%%02x"), "percent twice": eachByte(s, "%%25%02x"),
		"quoted-printable": between(s, "=\r\n", 9), "quoted-printable bytes": eachByte(s, "=%02X"),
		"html": html.EscapeString(s), "html numbers": eachByte(s, "&#%d;"), "html hex": eachByte(s, "&#x%x;"), "html long": eachByte(s, "&#x%06X;"),
		"hex": hex.EncodeToString([]byte(s)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(s))), "hex with spaces": eachByte(s, "%02x "), "hex with colons": eachByte(s, "%02X:"), "hex of an array": eachByte(s, "0x%02x, "),
		"lines": between(s, "\n", 10), "lines of windows": between(s, "\r\n", 7), "json lines": between(s, `\n`, 5), "continued": between(s, "\\\n", 8), "indented": between(s, "\n\t  ", 6), "spaced": between(s, " ", 1),
		"utf-16": between(s, "\x00", 1), "zero width": between(s, "\u200b", 3), "tags": between(s, "\U000e0041", 4), "bidi": between(s, "\u202e", 5), "escaped zero width": between(s, `\u200b`, 5), "coloured": between(s, "\x1b", 4),
	}
	for before := range 4 {
		raw := []byte(strings.Repeat("x", before) + s + "tail")
		out[fmt.Sprint("base64 ", before)] = base64.StdEncoding.EncodeToString(raw)
		out[fmt.Sprint("base64 of urls ", before)] = base64.RawURLEncoding.EncodeToString(raw)
		out[fmt.Sprint("base64 in lines ", before)] = between(base64.StdEncoding.EncodeToString(raw), "\r\n", 16)
	}
	out["base64 of basic"] = base64.StdEncoding.EncodeToString([]byte("x-access-token:" + s))
	return out
}

// TestSpellings: in each spelling that a server can give the secret, nothing of it is left, and what is around it stays.
func TestSpellings(t *testing.T) {
	var r Redactor
	r.Add(canary)
	for name, spelt := range spellings(canary) {
		got := r.Text(`before {"a":"` + spelt + `"} after`)
		if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, " after") || !strings.Contains(got, Redacted) {
			t.Errorf("%s: %q", name, got)
		}
		// No long part of the spelling is left: of base64 at most what encodes the neighbours.
		for i := 0; i+16 <= len(spelt); i++ {
			if strings.Contains(got, spelt[i:i+16]) && len(spelt) > 24 && !strings.HasPrefix(name, "base64 of basic") {
				t.Errorf("%s: %q is left in %q", name, spelt[i:i+16], got)
				break
			}
		}
	}
}

// TestOthers: a text without the secret stays as it is.
func TestOthers(t *testing.T) {
	var r Redactor
	for _, s := range []string{"a", "short", "0123456789abcdef0123456789abcdef01234567", canary} {
		r.Add(s)
		r.Add(s)
	}
	r.known = r.known[2:] // the short ones would be found anywhere
	for _, s := range []string{"", "on branch main", `{"sha":"3b1f9c2e0d4a5b6c7d8e9f00112233445566778899"}`, "gh" + "p_other", "100% of it", `C:\users\new`, "&amp; & &#x;", `\u00`, "%", "=", "\\", "x=\n"} {
		if got := r.Text(s); got != s {
			t.Errorf("%q became %q", s, got)
		}
	}
	if got := new(Redactor).Text(canary); got != canary {
		t.Error(got)
	}
}

// TestCutOff: what a bound cut in the middle of the secret is gone too.
func TestCutOff(t *testing.T) {
	var r Redactor
	r.Add(canary)
	for n := minEncoded; n < len(canary); n++ {
		if got := r.Text("the token " + canary[:n]); got != "the token "+Redacted {
			t.Errorf("%d: %q", n, got)
		}
	}
	if got := r.Text("the token " + canary[:minEncoded-1]); strings.Contains(got, Redacted) {
		t.Error(got)
	}
}

func TestSeveral(t *testing.T) {
	var r Redactor
	r.Add(canary)
	r.Add("another-secret-value")
	got := r.Text(canary + " and another-secret-value" + canary + ", ANOTHER-secret\n-value.")
	if want := Redacted + " and " + Redacted + Redacted + ", " + Redacted + "."; got != want {
		t.Errorf("%q", got)
	}
}

// FuzzText: around any text and in any spelling the secret is gone.
func FuzzText(f *testing.F) {
	names := []string{}
	all := spellings(canary)
	for name := range all {
		names = append(names, name)
	}
	for i := range names {
		f.Add(`{"message":"`, `"}`, i)
	}
	f.Add(`\`, `\`, 3)
	f.Add("%", "41", 5)
	f.Add("0", "x", 7)
	f.Fuzz(func(t *testing.T, before, after string, which int) {
		if len(before)+len(after) > 1<<12 {
			return
		}
		var r Redactor
		r.Add(canary)
		name := names[(which%len(names)+len(names))%len(names)]
		got := r.Text(before + " " + all[name] + " " + after)
		// A text of the same words in plain letters must not be found again, however deep.
		if again := r.Text(got); again != got {
			t.Errorf("%s: %q, then %q", name, got, again)
		}
		if strings.Contains(squeeze(got), squeeze(canary)) {
			t.Errorf("%s: %q", name, got)
		}
	})
}
