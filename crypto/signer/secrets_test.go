package signer

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/omega/marketops"
)

// canaries are the forms in which key material or a passphrase could show.
func canaries(secret []byte) []string {
	return []string{
		string(secret), hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)),
		base64.StdEncoding.EncodeToString(secret)[:16], strings.Trim(fmt.Sprint(secret), "[]"), fmt.Sprintf("%q", secret),
	}
}

func leaks(t *testing.T, where, text string, secrets ...[]byte) {
	t.Helper()
	for _, s := range secrets {
		for _, c := range canaries(s) {
			if strings.Contains(text, c) {
				t.Errorf("%s shows %q: %s", where, c, text)
			}
		}
	}
}

func TestErrorsShowNoSecret(t *testing.T) {
	plain := fixture(t, "plain.pem")
	der, _ := pem.Decode(plain)
	seed := der.Bytes[len(der.Bytes)-32:]
	body := bytes.Split(plain, []byte("\n"))[1]
	wrong := "c4n4ry-p4ssphr4se"
	t.Setenv("MARKETOPS_TEST_KEY", string(plain[:len(plain)-8]))
	texts := [][]byte{
		plain[:len(plain)-8], append([]byte("x"), plain...), block("PRIVATE KEY", der.Bytes[:40]), block("ENCRYPTED PRIVATE KEY", der.Bytes),
		block("ENCRYPTED SIGSTORE PRIVATE KEY", der.Bytes), block("OPENSSH PRIVATE KEY", der.Bytes), block("UNKNOWN", der.Bytes), append(plain, plain...),
		fixture(t, "pbkdf2.pem"), fixture(t, "scrypt.pem"), fixture(t, "ssh-encrypted.pem"), cosignFile(t),
	}
	for i, text := range texts {
		_, err := LoadPrivate(keyFile(t, text, 0o600), saying(wrong))
		if err == nil {
			t.Fatalf("case %d is accepted", i)
		}
		leaks(t, fmt.Sprint("case ", i), fmt.Sprintf("%v %+v %#v %q", err, err, errors.Unwrap(err), err), seed, body, []byte(wrong))
		_, err = ParsePublicPEM(text)
		leaks(t, fmt.Sprint("public case ", i), fmt.Sprint(err), seed, body)
	}
	_, err := Load("env://MARKETOPS_TEST_KEY", nil)
	leaks(t, "environment", fmt.Sprint(err), seed, body)
}

func TestSignerShowsNoKey(t *testing.T) {
	s, err := Load(keyFile(t, fixture(t, "plain.pem"), 0o600), nil)
	if err != nil {
		t.Fatal(err)
	}
	der, _ := pem.Decode(fixture(t, "plain.pem"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%p"} {
		leaks(t, verb, fmt.Sprintf(verb, s)+fmt.Sprintf(verb, struct{ S any }{s})+fmt.Sprintf(verb, []any{s}), der.Bytes[len(der.Bytes)-32:])
	}
}

func TestPassphraseSources(t *testing.T) {
	env := func(pairs ...string) func(string) (string, bool) {
		return func(name string) (string, bool) {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1], true
				}
			}
			return "", false
		}
	}
	typing := func(lines ...string) func() ([]byte, error) {
		return func() ([]byte, error) {
			if len(lines) == 0 {
				return nil, errors.New("end")
			}
			line := lines[0]
			lines = lines[1:]
			return []byte(line), nil
		}
	}
	for _, c := range []struct {
		name    string
		s       source
		confirm bool
		want    string
		fails   bool
		prompts int
	}{
		{"own", source{lookup: env("MARKETOPS_PASSWORD", "a", "COSIGN_PASSWORD", "b"), read: typing("c")}, false, "a", false, 0},
		{"cosign", source{lookup: env("COSIGN_PASSWORD", "b"), read: typing("c")}, true, "b", false, 0},
		{"own set but empty", source{lookup: env("MARKETOPS_PASSWORD", "", "COSIGN_PASSWORD", "b"), read: typing("c")}, false, "", false, 0},
		{"typed", source{lookup: env(), read: typing("c")}, false, "c", false, 1},
		{"typed twice", source{lookup: env(), read: typing("c", "c")}, true, "c", false, 2},
		{"typed differently", source{lookup: env(), read: typing("c", "d")}, true, "", true, 2},
		{"typed once", source{lookup: env(), read: typing("c")}, true, "", true, 2},
		{"nobody", source{lookup: env()}, false, "", true, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			c.s.out = &out
			got, err := c.s.ask("key alice.pem", c.confirm)
			if (err != nil) != c.fails || string(got) != c.want || err == nil && got == nil {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && !errors.Is(err, marketops.PassphraseWrong) {
				t.Errorf("error without its code: %v", err)
			}
			if n := strings.Count(out.String(), ": \n"); n != c.prompts {
				t.Errorf("%d prompts, want %d: %q", n, c.prompts, out.String())
			}
		})
	}
}

func TestFromEnvironmentWithoutTerminal(t *testing.T) {
	t.Setenv(CosignVariable, "from the environment")
	var out bytes.Buffer
	got, err := FromEnvironmentOr(nil, &out)("key x", false)
	if err != nil || string(got) != "from the environment" || out.Len() != 0 {
		t.Errorf("got %q, %v, printed %q", got, err, out.String())
	}
}

func FuzzParsePrivate(f *testing.F) {
	for _, name := range []string{"plain.pem", "pbkdf2.pem", "ssh.pem", "ssh-encrypted.pem", "rsa8.pem", "ec.pem", "public.pem", "des3.pem"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		k, err := parsePrivate("k", bytes.Clone(text), saying(phrase))
		if (k == nil) == (err == nil) {
			t.Fatalf("key %v with error %v", k, err)
		}
		if err != nil && marketops.CodeOf(err) != marketops.KeyUnreadable && marketops.CodeOf(err) != marketops.PassphraseWrong {
			t.Fatalf("error without its code: %v", err)
		}
		if p, err := parsePublic(text); err == nil && p.IsZero() {
			t.Fatal("a zero public key")
		}
	})
}
