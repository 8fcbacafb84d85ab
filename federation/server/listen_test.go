package server_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/federation/server"
	"github.com/omega/marketops/internal/test/world"
)

// TestListenUnix takes over a dead socket and nothing else.
func TestListenUnix(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "mops")
	must(t, err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	first, err := net.Listen("unix", path)
	must(t, err)
	first.(*net.UnixListener).SetUnlinkOnClose(false)
	must(t, first.Close())
	l, err := server.ListenUnix(path)
	must(t, err)
	must(t, l.Close())
	must(t, os.WriteFile(path, []byte("a file"), 0o600))
	_, err = server.ListenUnix(path)
	wantCode(t, err, marketops.ConfigInvalid)
	if b, err := os.ReadFile(path); err != nil || string(b) != "a file" {
		t.Error("the file was touched")
	}
	_, err = server.ListenUnix(filepath.Join(dir, "missing", "s"))
	wantCode(t, err, marketops.ConfigInvalid)
}

// TestFullHouse: idle connections make room for newcomers.
func TestFullHouse(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	held := make([]net.Conn, server.MaxOpen)
	for i := range held {
		c, err := net.Dial("unix", w.Socket)
		must(t, err)
		defer c.Close()
		_, err = io.WriteString(c, "GET /v1/info HTTP/1.1\r\nHost: core\r\n\r\n")
		must(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		must(t, err)
		resp.Body.Close()
		held[i] = c
	}
	info := got(w.Client("bob").Info(context.Background()))(t)
	if info.Core != world.Origin {
		t.Errorf("%+v", info)
	}
}

// certificate writes a self-signed one for 127.0.0.1 and returns its paths and pool.
func certificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	dir := t.TempDir()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	must(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(k)
	must(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	must(t, os.WriteFile(cert, text, 0o600))
	must(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return cert, key, pool
}

// TestListenTLS serves over TCP with TLS, beside the socket, and not in plain text.
func TestListenTLS(t *testing.T) {
	t.Parallel()
	w := world.New(t)
	cert, key, pool := certificate(t)
	l, err := server.ListenTLS("127.0.0.1:0", cert, key)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, w.Handler(), w.Options.Log, l) }()
	c := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}}}
	resp, err := c.Get("https://" + l.Addr().String() + "/v1/info")
	must(t, err)
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("status %d", resp.StatusCode)
	}
	if resp, err := http.Get("http://" + l.Addr().String() + "/v1/info"); err == nil {
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Error("it answers in plain text")
		}
	}
	c.CloseIdleConnections()
	cancel()
	must(t, <-served)
	if _, err := server.ListenTLS("127.0.0.1:0", cert, cert); err == nil {
		t.Error("a certificate without its key")
	}
}
