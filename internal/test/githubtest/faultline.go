package githubtest

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ParseFault reads a fault from one line:
//
//	METHOD PATH ACTION [TIMES] [skip=N] [status=N] [location=URL] [retry-after=DURATION] [wait=DURATION] [host=api|uploads] [message=WORDS TO THE END]
//
// for example "POST /repos/*/*/git/refs reset-after 1 skip=2" or
// "POST /repos/*/*/git/refs status-before status=422 message=Repository rule violations found".
func ParseFault(line string) (Fault, error) {
	line, message, _ := strings.Cut(line, " message=")
	words := strings.Fields(line)
	if len(words) < 3 {
		return Fault{}, fmt.Errorf("a fault is METHOD PATH ACTION [TIMES] [key=value …], not %q", line)
	}
	f := Fault{Method: words[0], Path: words[1], Action: Action(words[2]), Times: 1, Message: message}
	if !known(f.Action) {
		return Fault{}, fmt.Errorf("no fault action %q: there are %s", words[2], Actions())
	}
	if !strings.HasPrefix(f.Path, "/") {
		return Fault{}, fmt.Errorf("the path pattern %q does not begin with a slash", f.Path)
	}
	for _, word := range words[3:] {
		if err := f.set(word); err != nil {
			return Fault{}, err
		}
	}
	return f, f.check()
}

func (f *Fault) set(word string) (err error) {
	name, value, pair := strings.Cut(word, "=")
	if !pair {
		name, value = "times", word
	}
	switch name {
	case "times":
		f.Times, err = positive(value)
	case "skip":
		f.Skip, err = strconv.Atoi(value)
	case "status":
		f.Status, err = strconv.Atoi(value)
	case "location":
		f.Location = value
	case "host":
		f.Host = Host(value)
	case "retry-after":
		f.RetryAfter, err = time.ParseDuration(value)
	case "wait":
		f.Wait, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("a fault has no %q", name)
	}
	if err != nil {
		return fmt.Errorf("%s of a fault: %w", name, err)
	}
	return nil
}

func positive(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err == nil && n < 1 {
		err = fmt.Errorf("%d is not positive", n)
	}
	return n, err
}

func (f *Fault) check() error {
	switch {
	case f.Action == Redirect && f.Location == "":
		return fmt.Errorf("a redirect needs location=URL")
	case f.Action == Forbid && !isForbidden(f.Message):
		return fmt.Errorf("forbid needs message=NAME: one of %s", forbidNames())
	case f.Host != "" && f.Host != HostAPI && f.Host != HostUploads:
		return fmt.Errorf("faults strike on host=api or host=uploads, not %q", f.Host)
	case f.Status != 0 && http.StatusText(f.Status) == "":
		return fmt.Errorf("%d is not an HTTP status", f.Status)
	}
	return nil
}
