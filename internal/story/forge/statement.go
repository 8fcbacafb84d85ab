package main

import (
	"encoding/base64"
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
	var o options
	from, to, err := o.parse("promote", args)
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
	members["enforceable"], members["mode"] = true, "prod"
	if st.Predicate, err = canon.Encode(members); err != nil {
		return err
	}
	st.PredicateType = receipt.PredicatePrefix + "receipt" + receipt.PredicateSuffix
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
