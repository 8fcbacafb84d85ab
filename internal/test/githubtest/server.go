package githubtest

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Server is a running practice GitHub. Its methods may be called from several goroutines.
type Server struct {
	options Options
	routes  []route
	origins map[Host]string // "http://127.0.0.1:P", without a slash

	journal journal
	faults  faults
	limits  limits
	schema  schema
	mint    mint

	// mu is held while one request reads or changes state, so that requests are atomic
	// and their order in the journal of effects is the order of what happened.
	mu      sync.Mutex
	repos   map[string]*Repo // by lower-case "owner/name"; a renamed repository stays under its old name too
	byID    map[int64]*Repo
	nextID  int64
	signing string // what store links of this run are signed with

	servers []*http.Server
	done    sync.WaitGroup
	closing chan struct{}
	once    sync.Once
}

// Host names one of the three origins.
type Host string

// The origins of GitHub: only the first two may ever see a token.
const (
	HostAPI     Host = "api"
	HostUploads Host = "uploads"
	HostStore   Host = "store"
)

// Start opens the three loopback origins and serves until Close.
func Start(o Options) (*Server, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{
		options: o, origins: map[Host]string{}, repos: map[string]*Repo{}, byID: map[int64]*Repo{},
		closing: make(chan struct{}), faults: faults{released: make(chan struct{})}, nextID: 1000, signing: randomHex(16), limits: limits{perHour: o.PrimaryLimit},
	}
	var err error
	if s.routes, err = newRoutes(); err != nil {
		return nil, err
	}
	if err = s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open() error {
	hosts := []struct {
		host    Host
		address string
		handler http.Handler
	}{
		{HostAPI, s.options.Listen.API, s.front(HostAPI)},
		{HostUploads, s.options.Listen.Uploads, s.front(HostUploads)},
		{HostStore, s.options.Listen.Store, http.HandlerFunc(s.serveStore)},
	}
	listeners := make([]net.Listener, 0, len(hosts))
	for _, h := range hosts {
		l, err := listen(h.address)
		if err != nil {
			for _, open := range listeners {
				open.Close()
			}
			return err
		}
		listeners = append(listeners, l)
		s.origins[h.host] = "http://" + l.Addr().String()
	}
	for i, h := range hosts {
		s.serve(listeners[i], h.handler)
	}
	return nil
}

func (s *Server) serve(l net.Listener, h http.Handler) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	s.servers = append(s.servers, server)
	s.done.Go(func() { _ = server.Serve(l) })
}

// Close stops serving, cuts open connections and waits for the listeners to end.
func (s *Server) Close() error {
	s.once.Do(func() { close(s.closing) })
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	s.done.Wait()
	return errors.Join(errs...)
}

// API is the base URL of the API, with a trailing slash.
func (s *Server) API() string { return s.origins[HostAPI] + "/" }

// Uploads is the base URL for asset uploads, with a trailing slash.
func (s *Server) Uploads() string { return s.origins[HostUploads] + "/" }

// Store is the base URL of the object store and the web pages, with a trailing slash.
func (s *Server) Store() string { return s.origins[HostStore] + "/" }

func (s *Server) apiURL(format string, args ...any) string {
	return s.origins[HostAPI] + fmt.Sprintf(format, args...)
}

func (s *Server) webURL(format string, args ...any) string {
	return s.origins[HostStore] + fmt.Sprintf(format, args...)
}

func (s *Server) now() time.Time { return s.options.Now().UTC().Truncate(time.Second) }

func (s *Server) takeID() int64 {
	s.nextID++
	return s.nextID
}

func key(owner, name string) string { return strings.ToLower(owner + "/" + name) }
