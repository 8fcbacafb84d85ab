package verify

import (
	"reflect"
	"strings"
	"testing"

	"github.com/omega/marketops/internal/cli/auditor"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/verifier"
	"github.com/omega/marketops/verifier/offline"
)

func TestParse(t *testing.T) {
	at := logworld.Start
	for line, want := range map[string]*Options{
		"w.mopack --trust t": {Options: auditor.Options{Trust: "t"}, File: "w.mopack"},
		"--json -quiet w.mopack -require quorum --subject d --checkpoint c --evidence e --min-trust-version 7 --at " + at.String(): {
			Options: auditor.Options{JSON: true, Quiet: true}, File: "w.mopack",
			Judge: offline.Options{Judging: offline.Judging{At: at, Pin: verifier.Pin{MinVersion: 7}}, Require: verifier.Quorum, Subject: "d", Checkpoint: "c", Evidence: "e"}},
	} {
		if got, err := parse(strings.Fields(line)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v %v", line, got, err)
		}
	}
	for _, line := range []string{"", "a b", "a --log l", "a --require most", "a --subject=", "a --at yesterday", "a --trust-digest x"} {
		if got, err := parse(strings.Fields(line)); err == nil {
			t.Errorf("%s: %+v", line, got)
		}
	}
}
