package script

import (
	"archive/zip"
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// appKey writes a key as GitHub makes it, and the public half beside it.
func appKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: app FILE")
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	ts.Check(err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	ts.Check(err)
	path := ts.MkAbs(args[0])
	writePEM(ts, path, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key))
	writePEM(ts, path+".pub", "PUBLIC KEY", public)
	of(ts).Flags = []string{"--app", "12345", "--app-installation", "678", "--app-key", path + ".pub"}
	ts.Setenv("APP_KEY_FILE", path)
}

func writePEM(ts *testscript.TestScript, path, kind string, der []byte) {
	ts.Check(os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// secretless looks for every secret of the App in every file, in the entries of packs too: each line
// of its key, the beginning of every JWT that it signs, and the tokens that were minted so far.
func secretless(ts *testscript.TestScript, neg bool, args []string) {
	tokens := lines(list[string](ts, "minted"))
	key := strings.Split(strings.TrimSpace(ts.ReadFile(ts.Getenv("APP_KEY_FILE"))), "\n")
	if len(key) < 10 {
		ts.Fatalf("the story has no App")
	}
	secrets := append(tokens, key[1:len(key)-1]...)
	secrets = append(secrets, base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256"`))[:18])
	for _, t := range tokens {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(t))[:40])
	}
	look := func(b []byte, where string) {
		for _, s := range secrets {
			if bytes.Contains(b, []byte(s)) {
				ts.Fatalf("%s holds %q", where, s)
			}
		}
	}
	for _, path := range args {
		if path == "stdout" || path == "stderr" {
			look([]byte(ts.ReadFile(path)), path)
			continue
		}
		lookBelow(ts, ts.MkAbs(path), look)
	}
}

func lookBelow(ts *testscript.TestScript, root string, look func([]byte, string)) {
	looked := 0
	eachFile(ts, root, func(p string, b []byte) {
		looked++
		look(b, p)
		if z, bad := zip.NewReader(bytes.NewReader(b), int64(len(b))); bad == nil {
			for _, f := range z.File {
				r, err := f.Open()
				ts.Check(err)
				inside, err := io.ReadAll(r)
				ts.Check(err)
				look(inside, p+"!"+f.Name)
			}
		}
	})
	if looked == 0 {
		ts.Fatalf("there was nothing to look into below %s", root)
	}
}
