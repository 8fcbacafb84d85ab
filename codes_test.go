package marketops

import (
	"errors"
	"flag"
	"fmt"
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
		if c.Group == "" || c.Meaning == "" || c.Cause == "" || c.State == "" {
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
