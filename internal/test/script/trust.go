package script

import (
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt/trust"
	"github.com/rogpeppe/go-internal/testscript"
)

func nextTrust(ts *testscript.TestScript, neg bool, args []string) {
	path := ts.MkAbs(".marketops/trust.json")
	now, err := trust.Parse([]byte(ts.ReadFile(path)))
	ts.Check(err)
	f := now.Next(marketops.TimeOf(time.Now()))
	old, changed := "", ""
	if len(args) == 3 && args[0] == "replace" {
		old, changed, args = args[1], args[2], nil
	}
	for _, name := range args {
		host, err := marketops.ParseHost(name)
		ts.Check(err)
		f.Hosts = append(f.Hosts, host)
	}
	b, err := json.Marshal(f, jsontext.WithIndent("  "))
	ts.Check(err)
	text := strings.Replace(string(b), old, changed, 1)
	if old != "" && text == string(b) {
		ts.Fatalf("trust.json does not say %s", old)
	}
	ts.Check(os.WriteFile(path, []byte(text+"\n"), 0o644))
}
