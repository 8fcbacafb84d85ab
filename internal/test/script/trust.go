package script

import (
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
	"github.com/rogpeppe/go-internal/testscript"
)

// nextTrust writes the version that follows .marketops/trust.json in its place. It names further hosts.
func nextTrust(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(".marketops/trust.json")
	now, err := trust.Parse([]byte(ts.ReadFile(path)))
	ts.Check(err)
	f := now.Next(now.File().Effective)
	for _, name := range args {
		host, err := marketops.ParseHost(name)
		ts.Check(err)
		f.Hosts = append(f.Hosts, host)
	}
	b, err := json.Marshal(f, jsontext.WithIndent("  "))
	ts.Check(err)
	ts.Check(os.WriteFile(path, append(b, '\n'), 0o644))
}
