package script

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"github.com/omega/marketops/internal/test/testenv"
	"github.com/rogpeppe/go-internal/testscript"
)

// fronted is an https address before the practice GitHub, of one story.
type fronted struct {
	address string
	seen    atomic.Int64 // requests since it was last raised
	stop    func() error
}

// front puts an https server before the practice GitHub, always at the same address, with a certificate of
// an authority of that name: NAME.pem. It writes ${FRONT} into the story's *.yaml. "front unseen" demands
// that not one request has arrived since then.
func front(ts *testscript.TestScript, neg bool, args []string) {
	f := of(ts).front
	if len(args) == 1 && args[0] == "unseen" {
		if n := f.seen.Load(); (n == 0) == neg {
			ts.Fatalf("%d requests arrived", n)
		}
		return
	}
	if f == nil {
		address, err := testenv.FreeAddress()
		ts.Check(err)
		f = &fronted{address: address}
		of(ts).front = f
	} else {
		ts.Check(f.stop())
	}
	f.raise(ts, args[0])
	ts.Setenv("FRONT", f.address)
	replaceInYAML(ts, "${FRONT}", "https://"+f.address)
}

func (f *fronted) raise(ts *testscript.TestScript, authority string) {
	to, err := url.Parse(ts.Getenv("API"))
	ts.Check(err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		f.seen.Add(1)
		r.SetURL(to)
		r.Out.Header["User-Agent"] = r.In.Header["User-Agent"]
	}}
	cert, pemText := selfSigned(ts)
	ts.Check(os.WriteFile(ts.MkAbs(authority+".pem"), pemText, 0o644))
	var l net.Listener
	// A child that another story is just starting has the closed listener too, until it runs its program.
	ts.Check(testenv.Await(func() (err error) {
		l, err = tls.Listen("tcp", f.address, &tls.Config{Certificates: []tls.Certificate{cert}})
		return err
	}))
	srv := &http.Server{Handler: proxy, ReadHeaderTimeout: testenv.Patience}
	go srv.Serve(l)
	f.stop = srv.Close
	f.seen.Store(0)
	ts.Defer(func() { srv.Close() })
}

// selfSigned is an authority that answers for the loopback address itself.
func selfSigned(ts *testscript.TestScript) (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	what := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, what, what, &key.PublicKey, key)
	ts.Check(err)
	var text bytes.Buffer
	ts.Check(pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text.Bytes()
}
