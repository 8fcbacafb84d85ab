package marketops

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write generated files and goldens anew")

func TestCodesAreOneTable(t *testing.T) {
	seen := map[Code]bool{}
	for _, c := range Codes {
		if seen[c.Code] {
			t.Errorf("%s is there twice", c.Code)
		}
		seen[c.Code] = true
		if c.Group == "" || c.Meaning == "" || c.Cause == "" || c.State == "" || c.Next == "" {
			t.Errorf("%s lacks a part of its explanation", c.Code)
		}
	}
}

func TestErrorsCarryTheirCode(t *testing.T) {
	cause := errors.New("cause")
	for _, err := range []error{
		RefuseErr(Expired, "x", cause), &Failure{Code: Expired, Err: cause}, &Unknown{Code: Expired, Err: cause},
	} {
		if wrapped := fmt.Errorf("more: %w", err); !errors.Is(wrapped, Expired) || !errors.Is(wrapped, cause) || CodeOf(wrapped) != Expired {
			t.Errorf("%v does not carry its code and cause", err)
		}
	}
	if errors.Is(Refuse(Stale, ""), Expired) {
		t.Error("one code passes for another")
	}
}

// TestRefusalsPage keeps docs/refusals.md what [Codes] says; -update writes it.
func TestRefusalsPage(t *testing.T) {
	const path = "docs/refusals.md"
	want := refusalsPage()
	if *update {
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
	for _, c := range Codes {
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(&b, "\n## %s\n", groupTitles[group])
		}
		fmt.Fprintf(&b, "\n### `%s`\n\n%s.\n\n- cause: %s\n- state: %s\n- next: %s\n", c.Code, c.Meaning, c.Cause, c.State, c.Next)
	}
	return b.Bytes()
}
