package signer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

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
// prompts on out. Without either the error is [marketops.PassphraseWrong]; it is [context.Canceled] where a signal
// ends the prompt.
func FromEnvironmentOr(tty *os.File, out io.Writer) Passphrase {
	s := source{lookup: os.LookupEnv, out: out}
	if tty != nil && term.IsTerminal(int(tty.Fd())) {
		s.read = func() ([]byte, error) { return readPassword(tty) }
	}
	return s.ask
}

// readPassword reads a line from a terminal without an echo. Ctrl-C, and a signal that asks the program to end, end it
// with [context.Canceled]; Ctrl-D on an empty line ends it with [io.EOF]. The terminal is left as it was.
func readPassword(tty *os.File) ([]byte, error) {
	before, err := term.MakeRaw(int(tty.Fd()))
	if err != nil {
		return nil, err
	}
	defer term.Restore(int(tty.Fd()), before)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	typed := make(chan line, 1)
	go func() { typed <- readLine(tty) }() // it cannot be called back; the program ends, and takes it along
	select {
	case l := <-typed:
		return l.text, l.err
	case <-signals:
		return nil, context.Canceled
	}
}

// line is what a person typed.
type line struct {
	text []byte
	err  error
}

// readLine reads from a raw terminal, where Ctrl-C is a byte like any other.
func readLine(tty io.Reader) line {
	keys := &listener{from: tty}
	text, err := term.NewTerminal(keys, "").ReadPassword("")
	if err != nil && keys.cancelled {
		err = context.Canceled
	}
	return line{[]byte(text), err}
}

// listener notices Ctrl-C on its way to a terminal that does not tell it from Ctrl-D, and shows nothing.
type listener struct {
	from      io.Reader
	cancelled bool
}

func (l *listener) Read(b []byte) (int, error) {
	n, err := l.from.Read(b)
	l.cancelled = l.cancelled || bytes.IndexByte(b[:n], 3) >= 0
	return n, err
}

func (l *listener) Write(b []byte) (int, error) { return len(b), nil }

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
	if errors.Is(err, context.Canceled) {
		return nil, err
	}
	if err != nil {
		return nil, marketops.Refuse(marketops.PassphraseWrong, "no passphrase was typed")
	}
	if answer == nil {
		answer = []byte{}
	}
	return answer, nil
}
