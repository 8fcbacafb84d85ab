package script

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"

	"github.com/rogpeppe/go-internal/testscript"
)

// forge replaces text in the payload of an envelope, as somebody without the key would.
func forge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: forge FILE OLD NEW")
	}
	file, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	var envelope struct{ Payload string }
	ts.Check(json.Unmarshal(file, &envelope))
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	ts.Check(err)
	if !bytes.Contains(payload, []byte(args[1])) {
		ts.Fatalf("%s does not hold %q:\n%s", args[0], args[1], payload)
	}
	payload = bytes.ReplaceAll(payload, []byte(args[1]), []byte(args[2]))
	file = bytes.Replace(file, []byte(envelope.Payload), []byte(base64.StdEncoding.EncodeToString(payload)), 1)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), file, 0o644))
}

func rsaKey(ts *testscript.TestScript, neg bool, args []string) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	ts.Check(err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
}
