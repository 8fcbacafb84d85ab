package signer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/term"
)

const promptEnv = "MARKETOPS_TEST_PROMPT"

// TestMain is a program with a prompt when the test starts its own binary again. It catches signals, as the
// commands do.
func TestMain(m *testing.M) {
	if os.Getenv(promptEnv) == "" {
		os.Exit(m.Run())
	}
	signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	text, err := FromEnvironmentOr(os.Stdin, os.Stderr)("the key", false)
	switch {
	case errors.Is(err, context.Canceled):
		os.Exit(130)
	case err != nil:
		os.Exit(10)
	}
	fmt.Fprintf(os.Stderr, "typed %s\n", text)
}

// terminal opens a new one: what a person types goes into master.
func terminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	const unlock, number = 0x40045431, 0x80045430 // TIOCSPTLCK, TIOCGPTN
	var n int32
	for _, request := range []uintptr{unlock, number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(&n))); errno != 0 {
			t.Fatal(errno)
		}
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	return master, slave
}

// TestPromptEnds: at a prompt Ctrl-C and SIGTERM end the program at once, Ctrl-D says that nothing was typed, and the
// terminal shows again what is typed.
func TestPromptEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		do   func(master *os.File, child *os.Process)
		exit int
		said string
	}{
		"typed":             {func(m *os.File, _ *os.Process) { m.WriteString("open sesame\n") }, 0, "typed open sesame"},
		"Ctrl-C":            {func(m *os.File, _ *os.Process) { m.WriteString("\x03") }, 130, ""},
		"Ctrl-C after some": {func(m *os.File, _ *os.Process) { m.WriteString("open\x03") }, 130, ""},
		"SIGTERM":           {func(_ *os.File, p *os.Process) { p.Signal(syscall.SIGTERM) }, 130, ""},
		"Ctrl-D":            {func(m *os.File, _ *os.Process) { m.WriteString("\x04") }, 10, ""},
	} {
		t.Run(name, func(t *testing.T) {
			master, slave := terminal(t)
			before, err := term.GetState(int(slave.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			child := exec.Command(os.Args[0], "-test.run=^$")
			child.Env = []string{promptEnv + "=1"}
			child.Stdin = slave
			child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			stderr, err := child.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			hang := time.AfterFunc(time.Minute, func() { child.Process.Kill() })
			defer hang.Stop()
			out := bufio.NewReader(stderr)
			if _, err := out.ReadString(':'); err != nil {
				t.Fatal(err)
			}
			awaitPrompt(t, slave, before)
			tc.do(master, child.Process)
			rest, _ := io.ReadAll(out)
			if child.Wait(); child.ProcessState.ExitCode() != tc.exit || !strings.Contains(string(rest), tc.said) {
				t.Errorf("exit %d, want %d: %q", child.ProcessState.ExitCode(), tc.exit, rest)
			}
			if after, err := term.GetState(int(slave.Fd())); err != nil || *after != *before {
				t.Errorf("the terminal is not as it was: %v", err)
			}
		})
	}
}

// awaitPrompt waits until the terminal hides what is typed.
func awaitPrompt(t *testing.T, slave *os.File, before *term.State) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if now, err := term.GetState(int(slave.Fd())); err == nil && *now != *before {
			return
		}
	}
	t.Fatal("the program did not begin to read")
}
