package testenv

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Patience is how long a test waits for an event before it takes it for a hang. It measures no speed.
const Patience = 5 * time.Minute

// Server is a process in the background. What it says goes to a file of its own.
type Server struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// Serve starts a program in the background that gets no secrets.
func (w *World) Serve(name string, args ...string) (*Server, error) {
	c := w.Command(context.Background(), name, args...)
	c.Env = w.Environment()
	return w.Start(c, "")
}

// Start starts a command in the background that says what it has to say into a file; "" is one of its own.
func (w *World) Start(c *exec.Cmd, file string) (*Server, error) {
	log, err := os.CreateTemp(w.Runtime, filepath.Base(c.Path)+"-*.log")
	if err == nil && file != "" {
		log.Close()
		log, err = os.Create(file)
	}
	if err != nil {
		return nil, err
	}
	defer log.Close()
	c.Stdout, c.Stderr = log, log
	s := &Server{cmd: c, log: log.Name(), ended: make(chan struct{})}
	if err := c.Start(); err != nil {
		return nil, err
	}
	w.add(s)
	go func() {
		_ = c.Wait() // how it ended is in ProcessState
		close(s.ended)
	}()
	return s, nil
}

// Said is everything that the server has said so far.
func (s *Server) Said() string {
	b, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (s *Server) name() string { return filepath.Base(s.cmd.Path) }

// String is the command line of the server and the end of what it said.
func (s *Server) String() string {
	said := s.Said()
	return fmt.Sprintf("%s %s said last:\n%s", s.name(), strings.Join(s.cmd.Args[1:], " "), said[max(0, len(said)-4096):])
}

// Ended reports whether the process has ended.
func (s *Server) Ended() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Killed reports whether the process was ended by SIGKILL, and not by itself a moment before.
func Killed(state *os.ProcessState) bool {
	w, ok := state.Sys().(syscall.WaitStatus)
	return ok && w.Signaled() && w.Signal() == syscall.SIGKILL
}

// Signal sends a signal to the process, if it has not ended.
func (s *Server) Signal(sig os.Signal) error {
	if s.Ended() {
		return nil
	}
	if err := s.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Stop sends a signal, also to a process that is paused, and returns how it ended.
func (s *Server) Stop(sig os.Signal) *os.ProcessState {
	s.Signal(sig)
	s.Signal(syscall.SIGCONT)
	return s.Wait()
}

// Wait waits until the process ends. One that takes as long as a hang is killed.
func (s *Server) Wait() *os.ProcessState {
	kill := time.AfterFunc(Patience, func() { s.Signal(syscall.SIGKILL) })
	defer kill.Stop()
	<-s.ended
	return s.cmd.ProcessState
}

// await waits until ready is nil. It does not wait for a server that has ended.
func (s *Server) await(ready func() error) error {
	err := Await(func() error {
		ended := s.Ended() // before: what it did last counts
		err := ready()
		if err != nil && ended {
			return fmt.Errorf("%w: %s", ErrEnded, s.cmd.ProcessState)
		}
		return err
	})
	if err != nil {
		err = fmt.Errorf("%s does not answer: %w\n%s", s.name(), err, s)
	}
	return err
}

// ErrEnded says that a process has ended that was waited for.
var ErrEnded = errors.New("it has ended")

// Await calls ready until it returns nil, and gives up after [Patience], or where it says that a process
// has ended.
func Await(ready func() error) error {
	const most = 50 * time.Millisecond
	pause := time.Millisecond
	for end := time.Now().Add(Patience); ; time.Sleep(pause) {
		err := ready()
		if err == nil || errors.Is(err, ErrEnded) || time.Now().After(end) {
			return err
		}
		pause = min(2*pause, most)
	}
}

// AwaitText waits until the server has said a text.
func (s *Server) AwaitText(text string) error {
	return s.await(func() error {
		if !strings.Contains(s.Said(), text) {
			return fmt.Errorf("it has not said %q", text)
		}
		return nil
	})
}

// PID is the number of the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }
