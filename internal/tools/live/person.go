package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// person is whom this command asks.
type person struct {
	in  *bufio.Reader
	out io.Writer
}

func newPerson(in io.Reader, out io.Writer) *person { return &person{bufio.NewReader(in), out} }

func (p *person) say(format string, args ...any) { fmt.Fprintf(p.out, format+"\n", args...) }

func (p *person) ask(question string) string {
	fmt.Fprint(p.out, question+" ")
	line, _ := p.in.ReadString('\n') // the end of the input is no yes
	fmt.Fprintln(p.out)
	return strings.TrimSpace(line)
}

func (p *person) wantYes(question string) error {
	if a := strings.ToLower(p.ask(question + " [y/N]")); a != "y" && a != "yes" {
		return errNo
	}
	return nil
}

func (p *person) wantName(why, name string) error {
	if p.ask(why+" Type its name to begin:") != name {
		return errNo
	}
	return nil
}
