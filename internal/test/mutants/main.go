// Command mutants proves that the safeguards are watched. Each mutant is a build tag that removes
// one safeguard; the test that is named with it must fail then. Each test runs first without the tag:
// one that fails anyway proves nothing.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
)

type mutant struct{ tag, removes, pkg, test string }

var mutants = []mutant{
	// The mistakes that the model of the protocol finds too.
	{"recall", "looking again before sending what has no natural key", "publisher/github", "TestLostDraft"},
	{"wait", "the wait until the intent is public", "publisher", "TestWholeProtocol"},
	{"execute", "asking the ledger for the door before GitHub is called", "publisher", "TestWholeProtocol"},
	{"earlier", "remembering that an earlier attempt may have arrived, when GitHub refuses", "publisher/github", "TestEarlierRefused"},
	{"absent", "calling it unknown when GitHub does not show it", "publisher", "TestReconcileExpired"},
	{"logfirst", "freezing an outcome before it is appended", "federation/server", "TestOutcomeRefused"},
	{"physical", "counting a leaf that was appended twice once", "verifier/audit", "TestOneRecordTwice"},

	{"content", "comparing the file with the one that was authorised", "receipt", "TestGateRefuses"},
	{"claim", "the claim that spends a receipt", "publisher", "TestWholeProtocol"},
	{"door", "opening the door once only", "log/claims", "TestOneDoor"},
	{"epoch", "fencing out an epoch that was overtaken", "log/claims", "TestTakeoverFencesTheOldEpoch"},
	{"expiry", "asking for expiry again before a visible effect", "log/claims", "TestExpiry"},
	{"signature", "verifying signatures", "crypto", "TestKeyIDIsAHint"},
	{"revoked", "refusing revoked keys", "receipt", "TestAdmitWindowAndRevocation"},
	{"audience", "the binding to the publishers who may spend it", "receipt", "TestGateRefuses"},
	{"run", "the binding to a run", "receipt", "TestGateRefuses"},
	{"kind", "the binding to a kind of operation", "receipt", "TestGateRefuses"},
	{"repository", "the binding to a repository by its number", "receipt", "TestGateRefuses"},
	{"duplicates", "counting persons instead of approvals", "receipt", "TestTally"},
	{"inclusion", "proving that the receipt stands in the log", "receipt", "TestGateRefuses"},
	{"consistency", "holding the log to the checkpoint that was seen before", "federation/api", "TestMisbehaviour"},
	{"host", "keeping the credential from other hosts", "publisher/github", "TestBearer"},
}

// side is how many tests run at a time.
const side = 2

func main() {
	broken := 0
	each(controls(), func(m mutant) string { return m.control() }, &broken)
	if broken > 0 {
		os.Exit(1)
	}
	each(mutants, func(m mutant) string { return m.kill() }, &broken)
	if broken > 0 {
		os.Exit(1)
	}
	fmt.Printf("%d mutants, none survived\n", len(mutants))
}

// controls are the distinct tests.
func controls() (out []mutant) {
	seen := map[mutant]bool{}
	for _, m := range mutants {
		c := mutant{pkg: m.pkg, test: m.test}
		if !seen[c] {
			out = append(out, c)
		}
		seen[c] = true
	}
	return out
}

// each prints what do says about each, and counts what does not begin with "ok".
func each(ms []mutant, do func(mutant) string, broken *int) {
	slots, said := make(chan bool, side), make(chan string)
	var all sync.WaitGroup
	for _, m := range ms {
		all.Go(func() {
			slots <- true
			defer func() { <-slots }()
			said <- do(m)
		})
	}
	go func() { all.Wait(); close(said) }()
	for line := range said {
		fmt.Println(line)
		if !strings.HasPrefix(line, "ok") {
			*broken++
		}
	}
}

func (m mutant) control() string {
	if out, err := m.run(); err != nil {
		return fmt.Sprintf("BROKEN control %s %s: %v\n%s", m.pkg, m.test, err, lastLines(out))
	}
	return fmt.Sprintf("ok control: %s passes in ./%s", m.test, m.pkg)
}

// kill builds first, so that a mutant that does not compile is not taken for one that was noticed.
func (m mutant) kill() string {
	tag := "mutant_" + m.tag
	if out, err := exec.Command("go", "test", "-tags", tag, "-vet=off", "-run", "^$", "./"+m.pkg).CombinedOutput(); err != nil {
		return fmt.Sprintf("BROKEN %s does not build: %v\n%s", tag, err, out)
	}
	out, err := m.run()
	var exited *exec.ExitError
	switch {
	case err == nil:
		return fmt.Sprintf("SURVIVED %s: without %s %s in ./%s still passes", tag, m.removes, m.test, m.pkg)
	case !errors.As(err, &exited) || !bytes.Contains(out, []byte("--- FAIL")):
		return fmt.Sprintf("BROKEN %s: %v\n%s", tag, err, lastLines(out))
	}
	return fmt.Sprintf("ok killed %s: without %s %s in ./%s fails", tag, m.removes, m.test, m.pkg)
}

// run runs the test, with the tag if there is one; a test that is not there has not passed.
func (m mutant) run() ([]byte, error) {
	args := []string{"test", "-count=1", "-vet=off", "-timeout=2m", "-v", "-run", "^" + m.test + "$", "./" + m.pkg}
	if m.tag != "" {
		args = append(args, "-tags", "mutant_"+m.tag)
	}
	out, err := exec.Command("go", args...).CombinedOutput()
	if err == nil && !bytes.Contains(out, []byte("--- PASS: "+m.test+" ")) {
		err = errors.New("no such test")
	}
	return out, err
}

func lastLines(b []byte) string {
	const most = 800
	if len(b) > most {
		b = b[len(b)-most:]
	}
	return string(b)
}
