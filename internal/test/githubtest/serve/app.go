package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"github.com/omega/marketops/internal/test/githubtest"
)

// appFlags describe the one App of a server.
type appFlags struct {
	id, installation int64
	key              string
	lifetime         time.Duration
}

func (f appFlags) read() (githubtest.App, error) {
	text, err := os.ReadFile(f.key)
	if err != nil {
		return githubtest.App{}, fmt.Errorf("--app-key: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return githubtest.App{}, fmt.Errorf("--app-key %s is not a public key in PEM", f.key)
	}
	found, err := x509.ParsePKIXPublicKey(block.Bytes)
	key, ok := found.(*rsa.PublicKey)
	if err != nil || !ok {
		return githubtest.App{}, fmt.Errorf("--app-key %s is not an RSA key", f.key)
	}
	return githubtest.App{ID: f.id, Slug: "marketops", Key: key, Installation: f.installation, Repos: []string{"*"}, Lifetime: f.lifetime,
		Permissions: map[string]string{"contents": "write", "pull_requests": "write", "workflows": "write", "metadata": "read"}}, nil
}

// secret is one line of the list.
type secret string

// String is the secret itself: these are worth nothing outside of the server that minted them.
func (s secret) String() string { return string(s) }

func mintedCommand(ctx context.Context, args []string, io streams) error {
	_, err := printList(ctx, "minted", "The secrets of the tokens that the App minted, in order.", args, io, func(secret) bool { return true })
	return err
}
