package signer

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/omega/marketops"
)

// Passphrase supplies the passphrase of what, a few words for a prompt; with confirm it
// is a new one, to be typed twice. An empty one is a passphrase like any other.
type Passphrase func(what string, confirm bool) ([]byte, error)

// The variables, in the order in which they are asked. Set but empty means: no passphrase.
const (
	OwnVariable    = "MARKETOPS_PASSWORD"
	CosignVariable = "COSIGN_PASSWORD"
)

// FromEnvironmentOr asks the environment first and then the person at the terminal tty, with
// prompts on out. Without either the error is [marketops.PassphraseWrong].
func FromEnvironmentOr(tty *os.File, out io.Writer) Passphrase {
	s := source{lookup: os.LookupEnv, out: out}
	if tty != nil && term.IsTerminal(int(tty.Fd())) {
		s.read = func() ([]byte, error) { return term.ReadPassword(int(tty.Fd())) }
	}
	return s.ask
}

type source struct {
	lookup func(string) (string, bool)
	read   func() ([]byte, error) // nil: nobody is there
	out    io.Writer
}

func (s source) ask(what string, confirm bool) ([]byte, error) {
	for _, name := range []string{OwnVariable, CosignVariable} {
		if text, set := s.lookup(name); set {
			return []byte(text), nil
		}
	}
	if s.read == nil {
		return nil, marketops.Refuse(marketops.PassphraseWrong, "no passphrase for "+what+": there is no terminal, and neither "+OwnVariable+" nor "+CosignVariable+" is set")
	}
	first, err := s.prompt("passphrase for " + what + ": ")
	if err != nil || !confirm {
		return first, err
	}
	again, err := s.prompt("the same again: ")
	defer clear(again)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, again) {
		clear(first)
		return nil, marketops.Refuse(marketops.PassphraseWrong, "the two passphrases differ")
	}
	return first, nil
}

func (s source) prompt(text string) ([]byte, error) {
	fmt.Fprint(s.out, text)
	answer, err := s.read()
	fmt.Fprintln(s.out)
	if err != nil {
		return nil, marketops.Refuse(marketops.PassphraseWrong, "no passphrase was typed")
	}
	if answer == nil {
		answer = []byte{}
	}
	return answer, nil
}
