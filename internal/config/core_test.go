package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/omega/marketops"
)

func TestParseCoreDefaults(t *testing.T) {
	c, err := ParseCore("core.yaml", []byte("version: 1\norigin: log.example.com\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultCore("log.example.com")
	want.Path = "core.yaml"
	if *c != want {
		t.Errorf("got  %+v\nwant %+v", *c, want)
	}
}

func TestCoreYAMLReadsBack(t *testing.T) {
	full := DefaultCore("log.example.com")
	full.Listen = Listen{Unix: "a b/core.sock", TCP: "127.0.0.1:8443", Cert: "tls/cert.pem", Key: "tls/key.pem", Records: RecordsPublic}
	full.Observe, full.ReceiptLifetime, full.Lease = ObserveGitHub, 24*time.Hour, 15*time.Minute
	full.GitHub = CoreGitHub{API: "https://ghe.example.com/api/v3/", ReadToken: "./token", CA: "ca.pem"}
	full.Keys.Checkpoint = "env://CHECKPOINT_KEY"
	for _, want := range []Core{DefaultCore("localhost"), full} {
		c, err := ParseCore("", want.YAML())
		if err != nil || *c != want {
			t.Errorf("got  %+v, %v\nwant %+v", c, err, want)
		}
	}
}

func TestParseCoreRefuses(t *testing.T) {
	control := "version: 1\norigin: log.example.com\n"
	for _, c := range []struct{ text, want string }{
		{"version: 1\n", "origin: want"},
		{"origin: log.example.com\n", "version is 0"},
		{"version: 1\norigin: log.example.com/x\n", ":2: origin: want"},
		{"version: 1\norigin: log.example.com:1\n", ":2: origin: want"},
		{"version: 1\norigin: Log.example.com\n", ":2: origin: want"},
		{"version: 1\norigin: log.example.com - 1\n", ":2: origin: want"},
		{control + "mode: prod\n", `:3: unknown key "mode"`},
		{control + "log: ../log\n", ":3: log: want a path"},
		{control + "github: {ca: ../ca.pem}\n", "github.ca: want a path"},
		{control + "claims: a/../../b\n", ":3: claims: want a path"},
		{control + "trust: \"\"\n", ":3: trust: is empty"},
		{control + "keys: {ledger: keys/authority.pem}\n", "keys.authority and keys.ledger are one key"},
		{control + "keys: {ledger: keys/../keys/authority.pem}\n", "keys.authority and keys.ledger are one key"},
		{control + "keys:\n  ledger: awskms:///alias/x\n", ":4: keys.ledger: want a path or env://NAME"},
		{control + "keys: {private: x}\n", "unknown key"},
		{control + "listen: {tcp: \"127.0.0.1:1\"}\n", ":3: listen: tcp, cert and key go together"},
		{control + "listen: {tcp: \"127.0.0.1\", cert: c, key: k}\n", "listen.tcp: want host:port"},
		{control + "listen: {tcp: \":80\", cert: c, key: k}\n", "listen.tcp: want host:port"},
		{control + "listen: {tcp: \"h:1/x\", cert: c, key: k}\n", "listen.tcp: want host:port"},
		{control + "listen: {unix: \"\"}\n", "listen.unix: is empty"},
		{control + "observe: \"\"\n", ":3: observe: want none or github"},
		{control + "observe: GitHub\n", ":3: observe: want none or github"},
		{control + "github: {api: \"http://ghe.example.com/\"}\n", ":3: github.api: plain http"},
		{control + "github: {token: env://GITHUB_TOKEN}\n", "unknown key"},
		{control + "limits: {max_receipts_per_repository: 0}\n", ":3: limits.max_receipts_per_repository is 0"},
		{control + "limits: {max_operations_per_plan: -1}\n", ":3: limits.max_operations_per_plan: want a whole number"},
		{control + "receipt_lifetime: 24h1s\n", ":3: receipt_lifetime is"},
		{control + "receipt_lifetime: 0s\n", ":3: receipt_lifetime is"},
		{control + "receipt_lifetime: 1m\n", ":3: receipt_lifetime is"},
		{control + "receipt_lifetime: -1h\n", ":3: receipt_lifetime is"},
		{control + "receipt_lifetime: 3600\n", ":3: receipt_lifetime: want text"},
		{control + "receipt_lifetime: soon\n", "core.yaml:"},
		{control + "lease: 1h\n", ":3: lease is"},
		{control + "lease: 90.5s\n", ":3: lease is"},
		{control + "lease: 2m\nreceipt_lifetime: 2m\n", "lease must be shorter"},
	} {
		_, err := ParseCore("core.yaml", []byte(c.text))
		if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := ParseCore("core.yaml", []byte(control)); err != nil {
		t.Errorf("the control is refused: %v", err)
	}
}

func TestLoadCore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "core.yaml")
	if _, err := LoadCore(path); !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), path) {
		t.Errorf("absent: %v", err)
	}
	if err := os.WriteFile(path, DefaultCore("localhost").YAML(), 0o644); err != nil {
		t.Fatal(err)
	}
	if c, err := LoadCore(path); err != nil || c.Path != path || c.Origin != "localhost" || c.GitHub.Host() != "github.com" {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestCoreIn(t *testing.T) {
	c := DefaultCore("log.example.com")
	c.Keys.Ledger, c.Policy = "env://LEDGER", "/etc/marketops/policy"
	got := c.In("/var/lib/m")
	if got.Log != "/var/lib/m/log" || got.Keys.Authority != "/var/lib/m/keys/authority.pem" || got.Listen.Unix != "/var/lib/m/core.sock" {
		t.Errorf("got %+v", got)
	}
	if got.Keys.Ledger != "env://LEDGER" || got.Policy != "/etc/marketops/policy" || got.Listen.Cert != "" || c.Log != "log" {
		t.Errorf("got %+v from %+v", got, c)
	}
}

func TestSocketPath(t *testing.T) {
	if got, err := SocketPath("/run/core.sock", ""); err != nil || got != "/run/core.sock" {
		t.Errorf("got %q, %v", got, err)
	}
	exact := "/" + strings.Repeat("x", MaxSocketPath-1)
	if got, err := SocketPath(exact, ""); err != nil || got != exact {
		t.Errorf("got %q, %v", got, err)
	}
	long := exact + "y"
	a, err := SocketPath(long, "/run/user/7")
	if err != nil || filepath.Dir(a) != "/run/user/7" || !strings.HasPrefix(filepath.Base(a), "marketops-") || len(a) > MaxSocketPath {
		t.Errorf("got %q, %v", a, err)
	}
	if b, _ := SocketPath(long+"z", "/run/user/7"); a == b {
		t.Error("two places have one socket")
	}
	if b, _ := SocketPath(filepath.Dir(long)+"/./"+filepath.Base(long), "/run/user/7"); a != b {
		t.Errorf("one place has two sockets: %q and %q", a, b)
	}
	for _, runtime := range []string{"", "relative", "/" + strings.Repeat("r", MaxSocketPath)} {
		_, err := SocketPath(long, runtime)
		if !errors.Is(err, marketops.ConfigInvalid) || !strings.Contains(err.Error(), long) || !strings.Contains(err.Error(), "100") {
			t.Errorf("%q: got %v", runtime, err)
		}
	}
}
