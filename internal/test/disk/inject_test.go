//go:build disk && linux && amd64

package disk

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// launchEnv makes this binary a launcher: it puts the filter on itself, hands the listener to its
// parent through descriptor 3, and becomes the program of its arguments.
const launchEnv = "MARKETOPS_TEST_LAUNCH"

func init() { // runs on the thread that is to become the program
	if os.Getenv(launchEnv) == "" {
		return
	}
	fd, err := listen()
	if err == nil {
		err = unix.Sendmsg(3, []byte{0}, unix.UnixRights(fd), nil, 0)
	}
	if err == nil {
		err = errors.Join(unix.Close(3), os.Unsetenv(launchEnv))
	}
	if err == nil {
		err = syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, "launcher:", err)
	os.Exit(125)
}

// calls are what the kernel asks us about; everything else runs as ever.
var calls = map[uint32]call{
	unix.SYS_WRITE: {"write", byFD}, unix.SYS_PWRITE64: {"pwrite", byFD}, unix.SYS_WRITEV: {"writev", byFD}, unix.SYS_PWRITEV: {"pwritev", byFD},
	unix.SYS_FTRUNCATE: {"ftruncate", byFD}, unix.SYS_FALLOCATE: {"fallocate", byFD},
	unix.SYS_FSYNC: {"fsync", byFD}, unix.SYS_FDATASYNC: {"fdatasync", byFD}, unix.SYS_SYNC_FILE_RANGE: {"sync_file_range", byFD},
	unix.SYS_OPEN: {"open", byOpen}, unix.SYS_OPENAT: {"openat", byOpenAt}, unix.SYS_OPENAT2: {"openat2", byOpenAt2}, unix.SYS_CREAT: {"creat", byPath},
	unix.SYS_MKDIR: {"mkdir", byPath}, unix.SYS_MKDIRAT: {"mkdirat", byAt},
	unix.SYS_RENAME: {"rename", byPath}, unix.SYS_RENAMEAT: {"renameat", byAt}, unix.SYS_RENAMEAT2: {"renameat2", byAt},
	unix.SYS_LINK: {"link", byPath}, unix.SYS_LINKAT: {"linkat", byAt},
}

type call struct {
	name string
	how  int // to find its path
}

func (c call) opens() bool {
	return c.how == byOpen || c.how == byOpenAt || c.how == byOpenAt2 || strings.HasPrefix(c.name, "mkdir")
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

const (
	byFD = iota
	byPath
	byAt
	byOpen
	byOpenAt
	byOpenAt2
)

// listen puts a filter on this thread that notifies of calls, and returns where the notices arrive.
func listen() (int, error) {
	prog := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // the call's number
	for nr := range calls {
		prog = append(prog, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr, Jf: 1},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	prog = append(prog, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

// fault is what happens to one call, or from one call on.
type fault struct {
	syncs  bool // counts fsync and its like; otherwise everything that needs room on the disk
	at     int  // from 1
	errno  unix.Errno
	kill   bool   // the process dies in place of the call
	always bool   // every later call has the same fate, until the fault is lifted
	then   func() // happens first; without an errno the call itself runs
}

func (f fault) String() string {
	what := map[bool]string{true: "sync", false: "write"}[f.syncs]
	switch {
	case f.kill:
		return fmt.Sprintf("killed at %s %d", what, f.at)
	case f.then != nil:
		return fmt.Sprintf("full from %s %d on", what, f.at)
	}
	return fmt.Sprintf("%s at %s %d", unix.ErrnoName(f.errno), what, f.at)
}

// program is a process whose calls on files under some folders are counted and may fail.
type program struct {
	cmd      *exec.Cmd
	out      bytes.Buffer
	folders  []string
	listener int
	done     chan struct{}

	mu     sync.Mutex
	fault  *fault
	count  int
	struck []string // the calls that failed, with their paths
}

// launch starts a program under the filter. The fault, if there is one, counts from its first call.
func launch(dir string, env, folders []string, f *fault, argv ...string) (*program, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	defer theirs.Close()
	p := &program{cmd: exec.Command(os.Args[0], argv...), folders: folders, done: make(chan struct{}), fault: f}
	p.cmd.Dir, p.cmd.Env = dir, append(env[:len(env):len(env)], launchEnv+"=1")
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = &p.out, &p.out, []*os.File{theirs}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	theirs.Close()
	if p.listener, err = receive(ours); err != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait()
		return nil, fmt.Errorf("no listener from the launcher: %w\n%s", err, p.out.String())
	}
	go p.watch()
	return p, nil
}

func receive(f *os.File) (int, error) {
	c, err := net.FileConn(f)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	b, oob := make([]byte, 1), make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := c.(*net.UnixConn).ReadMsgUnix(b, oob)
	if err != nil {
		return 0, err
	}
	msgs, err := unix.ParseSocketControlMessage(oob[:n])
	if err != nil || len(msgs) != 1 {
		return 0, fmt.Errorf("%d control messages: %w", len(msgs), err)
	}
	fds, err := unix.ParseUnixRights(&msgs[0])
	if err != nil || len(fds) != 1 {
		return 0, fmt.Errorf("%d descriptors: %w", len(fds), err)
	}
	return fds[0], nil
}

// notice and verdict are struct seccomp_notif and struct seccomp_notif_resp of linux/seccomp.h.
type notice struct {
	id         uint64
	pid, flags uint32
	nr, arch   uint32
	ip         uint64
	args       [6]uint64
}

type verdict struct {
	id    uint64
	val   int64
	errno int32
	flags uint32
}

// watch answers for every call until the last process under the filter has ended.
func (p *program) watch() {
	defer close(p.done)
	defer unix.Close(p.listener)
	for {
		fds := []unix.PollFd{{Fd: int32(p.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err == unix.EINTR {
			continue
		}
		if fds[0].Revents&unix.POLLIN == 0 {
			return
		}
		var n notice
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(p.listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			continue // the thread was killed meanwhile
		}
		v := verdict{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if errno := p.judge(&n); errno != 0 {
			v.flags, v.errno = 0, -int32(errno)
		}
		unix.Syscall(unix.SYS_IOCTL, uintptr(p.listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&v)))
	}
}

// judge counts a call and returns the error that it gets; 0 lets it run.
func (p *program) judge(n *notice) unix.Errno {
	path, c := n.path(), calls[n.nr]
	if !p.watched(path) || c.opens() && there(path) { // what is there needs no room
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.fault
	if f == nil || f.syncs != strings.Contains(c.name, "sync") {
		return 0
	}
	if p.count++; p.count < f.at || p.count > f.at && !f.always {
		return 0
	}
	p.struck = append(p.struck, c.name+" "+filepath.Base(path))
	if f.then != nil {
		f.then()
	}
	if f.kill {
		p.cmd.Process.Kill()
		return unix.EINTR // never seen
	}
	return f.errno
}

func (p *program) watched(path string) bool {
	for _, dir := range p.folders {
		if strings.HasPrefix(path, dir+"/") || path == dir {
			return true
		}
	}
	return false
}

// path is the absolute path that a call is about; "" if it makes nothing.
func (n *notice) path() string {
	proc := fmt.Sprintf("/proc/%d/", n.pid)
	at := func(dir string, addr uint64) string {
		name := n.text(addr)
		if !filepath.IsAbs(name) {
			dir, _ = os.Readlink(proc + dir)
			name = filepath.Join(dir, name)
		}
		return name
	}
	from := func(fd uint64) string {
		if int32(fd) == unix.AT_FDCWD {
			return "cwd"
		}
		return fmt.Sprintf("fd/%d", int32(fd))
	}
	switch calls[n.nr].how {
	case byFD:
		path, _ := os.Readlink(proc + from(n.args[0]))
		return path
	case byPath:
		return at("cwd", n.args[0])
	case byOpen:
		if n.args[1]&unix.O_CREAT != 0 {
			return at("cwd", n.args[0])
		}
	case byOpenAt:
		if n.args[2]&unix.O_CREAT != 0 {
			return at(from(n.args[0]), n.args[1])
		}
	case byAt:
		return at(from(n.args[0]), n.args[1])
	case byOpenAt2:
		if b := n.memory(n.args[2], 8); len(b) == 8 && b[0]&unix.O_CREAT != 0 {
			return at(from(n.args[0]), n.args[1])
		}
	}
	return ""
}

func (n *notice) text(addr uint64) string {
	name, _, _ := bytes.Cut(n.memory(addr, unix.PathMax), []byte{0})
	return string(name)
}

func (n *notice) memory(addr uint64, size int) []byte {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", n.pid))
	if err != nil {
		return nil
	}
	defer f.Close()
	b := make([]byte, size)
	got, _ := f.ReadAt(b, int64(addr)) // a text may end before an unmapped page
	return b[:got]
}

// arm begins to count for a fault; nil lifts it.
func (p *program) arm(f *fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.count = f, 0
}

// hits are the calls that the fault struck.
func (p *program) hits() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.struck
}

// end waits for the program and returns its exit code, -1 if it was killed.
func (p *program) end() int {
	p.cmd.Wait()
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}
