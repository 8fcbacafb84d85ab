// Command mutants proves that the safeguards are watched. Each mutant is a build tag that removes
// one safeguard; the demo with a publisher built so, or else the named tests, must fail.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

var mutants = []struct{ tag, removes string }{
	{"mutant_content", "the check that a file is the one that was authorised"},
	{"mutant_claim", "the claim that spends a receipt"},
	{"mutant_wait", "the wait until the intent is public"},
}

func main() {
	survivors := 0
	if out, err := demo(""); err != nil {
		fmt.Printf("control: the demo without a mutant fails, so nothing is proved: %v\n%s", err, out)
		os.Exit(1)
	}
	fmt.Println("control: the demo passes")
	for _, m := range mutants {
		out, err := demo(m.tag)
		var exited *exec.ExitError
		switch {
		case err == nil:
			survivors++
			fmt.Printf("SURVIVED %s: without %s the demo still passes\n", m.tag, m.removes)
		case !errors.As(err, &exited):
			fmt.Println(err)
			os.Exit(1)
		default:
			fmt.Printf("killed   %s: without %s the demo fails:\n%s\n", m.tag, m.removes, lastLines(out))
		}
	}
	if survivors > 0 {
		os.Exit(1)
	}
}

func demo(tag string) ([]byte, error) {
	// Built first, so that a mutant that does not compile is not taken for one that was noticed.
	if out, err := exec.Command("go", "build", "-o", os.DevNull, "-tags", tag, "./cmd/marketops").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("mutant %s does not build: %s", tag, out)
	}
	return exec.Command("go", "run", "./internal/demo", "-publisher-tags", tag).CombinedOutput()
}

func lastLines(b []byte) string {
	const most = 800
	if len(b) > most {
		b = b[len(b)-most:]
	}
	return string(b)
}
