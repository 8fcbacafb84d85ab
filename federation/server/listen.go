package server

import (
	"crypto/tls"
	"io/fs"
	"net"
	"os"

	"github.com/omega/marketops"
)

// ListenUnix takes a socket path that the caller holds the state folder for: whatever socket
// lies there is a dead Core's. It is open to this user alone from its first moment on.
func ListenUnix(path string) (net.Listener, error) {
	if i, err := os.Lstat(path); err == nil && i.Mode()&fs.ModeSocket == 0 {
		return nil, marketops.Refuse(marketops.ConfigInvalid, path+" exists and is not a socket")
	} else if err == nil {
		if err := os.Remove(path); err != nil {
			return nil, &marketops.Failure{Code: marketops.CoreAlreadyRunning, What: "cannot remove the old socket", Err: err}
		}
	}
	l, err := listenPrivate(path)
	if err != nil {
		return nil, &marketops.Failure{Code: marketops.ConfigInvalid, What: "cannot listen on " + path, Err: err}
	}
	return l, nil
}

// ListenTLS takes an address with a certificate; there is no TCP without TLS.
func ListenTLS(address, certFile, keyFile string) (net.Listener, error) {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err == nil {
		var l net.Listener
		l, err = tls.Listen("tcp", address, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13})
		if err == nil {
			return l, nil
		}
	}
	return nil, &marketops.Failure{Code: marketops.ConfigInvalid, What: "cannot listen on " + address, Err: err}
}
