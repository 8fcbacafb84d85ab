package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/canon"
	"github.com/omega/marketops/receipt"
)

// statement is what an envelope holds, here with nothing verified.
type statement struct {
	Type          string            `json:"_type"`
	PredicateType string            `json:"predicateType"`
	Subject       []receipt.Subject `json:"subject"`
	Predicate     jsontext.Value    `json:"predicate"`
}

func readStatement(path string) (st statement, err error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return st, err
	}
	var envelope struct {
		Payload string `json:"payload"`
	}
	if err := json.Unmarshal(file, &envelope); err != nil {
		return st, err
	}
	payload, err := base64.StdEncoding.DecodeString(envelope.Payload)
	if err != nil {
		return st, err
	}
	return st, json.Unmarshal(payload, &st)
}

// loadKey opens a key file that is plain or has the empty passphrase.
func loadKey(path string) (crypto.Signer, error) {
	if path == "" {
		return nil, errors.New("--key is needed")
	}
	return signer.Load(path, func(string, bool) ([]byte, error) { return []byte{}, nil })
}

func show(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: forge show RECORD")
	}
	st, err := readStatement(args[0])
	if err != nil {
		return err
	}
	_, err = fmt.Printf("%s %s\n", st.PredicateType, st.Predicate)
	return err
}

// promote renames an advisory to a receipt and says that it is enforceable.
func promote(args []string) error {
	return remake("promote", args, func(st *statement, members map[string]any) error {
		members["enforceable"], members["mode"] = true, "prod"
		st.PredicateType = receipt.PredicatePrefix + "receipt" + receipt.PredicateSuffix
		return nil
	})
}

// again makes a second record that says the same.
func again(args []string) error {
	return remake("again", args, func(_ *statement, members map[string]any) error {
		var nonce [16]byte
		_, err := rand.Read(nonce[:])
		members["nonce"] = hex.EncodeToString(nonce[:])
		return err
	})
}

// remake changes members of a record and signs it anew.
func remake(name string, args []string, change func(*statement, map[string]any) error) error {
	var o options
	from, to, err := o.parse(name, args)
	if err != nil {
		return err
	}
	st, err := readStatement(from)
	if err != nil {
		return err
	}
	var members map[string]any
	if err := json.Unmarshal(st.Predicate, &members); err != nil {
		return err
	}
	if err := change(&st, members); err != nil {
		return err
	}
	if st.Predicate, err = canon.Encode(members); err != nil {
		return err
	}
	payload, err := canon.Encode(st)
	if err != nil {
		return err
	}
	by, err := loadKey(o.key)
	if err != nil {
		return err
	}
	envelope, err := crypto.Sign(receipt.PayloadType, payload, by)
	if err != nil {
		return err
	}
	return os.WriteFile(to, envelope, 0o644)
}
