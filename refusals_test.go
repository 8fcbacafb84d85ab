package marketops_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli/advice"
)

// TestRefusalsPage keeps docs/refusals.md what codes.go and package advice says; -update writes it.
func TestRefusalsPage(t *testing.T) {
	const path = "docs/refusals.md"
	want := refusalsPage()
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%s is not what codes.go says (%v); run: go test -run TestRefusalsPage . -update", path, err)
	}
}

var groupTitles = map[string]string{
	"gate":      "Gate: answered by the publisher and replayed by every verifier, in this order, each once",
	"core":      "Gate: answered by the Core, read-only in a dry run and inside the claim transaction in prod",
	"setup":     "Set-up",
	"infra":     "Infrastructure",
	"plan":      "Plan",
	"authorise": "Authorise",
	"act":       "Act",
	"verify":    "Verify",
}

func refusalsPage() []byte {
	var b bytes.Buffer
	b.WriteString("# Refusals and other codes\n\nGenerated from `codes.go`; do not edit. The text of a code never changes.\n" +
		"Programs find it under `code` in `--json`; people see it in the first line of an error.\n")
	group := ""
	for _, c := range marketops.Codes {
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(&b, "\n## %s\n", groupTitles[group])
		}
		fmt.Fprintf(&b, "\n### `%s`\n\n%s.\n\n- cause: %s\n- state: %s\n- next: %s\n", c.Code, c.Meaning, c.Cause, c.State, advice.Next(c.Code))
	}
	return b.Bytes()
}
