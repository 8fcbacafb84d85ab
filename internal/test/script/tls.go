package script

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"

	"github.com/omega/marketops/internal/test/testenv"
	"github.com/rogpeppe/go-internal/testscript"
)

// overTLS has the Core that starts next answer over TCP as well. CORE is its address, and core-ca.pem its
// certificate.
func overTLS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: tls")
	}
	address, err := testenv.FreeAddress()
	ts.Check(err)
	cert, text := selfSigned(ts)
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	ts.Check(err)
	dir := ts.MkAbs(".marketops")
	ts.Check(os.WriteFile(filepath.Join(dir, "tls.pem"), text, 0o644))
	ts.Check(os.WriteFile(filepath.Join(dir, "tls-key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("core-ca.pem"), text, 0o644))
	s := of(ts)
	s.refresh(ts)
	ts.Check(s.EditCore("  unix: \"core.sock\"\n", "  unix: \"core.sock\"\n  tcp: \""+address+"\"\n  cert: \"tls.pem\"\n  key: \"tls-key.pem\"\n"))
	ts.Setenv("CORE", "https://"+address)
}
