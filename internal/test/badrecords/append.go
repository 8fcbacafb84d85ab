package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/log/claims"
	"github.com/omega/marketops/log/tessera"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
)

// appendAll opens the log of a stopped Core with the checkpoint key and appends records to it,
// each with its proof afterwards. Every record must open under the trust file's keys. The ledger knows each leaf, as a
// Core demands when it starts, and takes it for a refusal of no run.
func appendAll(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: forge log STATE RECORD…")
	}
	state, ctx := args[0], context.Background()
	text, err := os.ReadFile(filepath.Join(state, "trust.json"))
	if err != nil {
		return err
	}
	trust, err := trust.Parse(text)
	if err != nil {
		return err
	}
	by, err := loadKey(filepath.Join(state, "keys", "checkpoint.pem"))
	if err != nil {
		return err
	}
	o := tessera.Default()
	o.Dir, o.RecordsDir, o.HighWater = filepath.Join(state, "log"), filepath.Join(state, "records"), filepath.Join(state, "checkpoint.mark")
	o.Origin, o.Signer = trust.Log().Logs()[0].Name, by
	w, err := tessera.Open(ctx, o)
	if err != nil {
		return err
	}
	ledger, err := claims.Open(filepath.Join(state, "claims.db"), func() marketops.Time { return marketops.TimeOf(time.Now()) })
	if err != nil {
		return errors.Join(err, w.Close(ctx))
	}
	for _, path := range args[1:] {
		err = errors.Join(err, appendOne(ctx, w, ledger, trust, o.Dir, path))
	}
	return errors.Join(err, w.Close(ctx), ledger.Close())
}

func appendOne(ctx context.Context, w *tessera.Writer, ledger *claims.Ledger, trust *trust.Trust, dir, path string) error {
	envelope, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	rec, err := receipt.Open(envelope, trust.Ring())
	if err != nil {
		return err
	}
	if err := w.Put(envelope, rec.LeafHash()); err != nil {
		return err
	}
	row := claims.Record{Leaf: rec.LeafHash(), Digest: rec.Digest, Kind: string(receipt.KindRefusal), Envelope: envelope}
	if err := ledger.Freeze(ctx, row); err != nil {
		return err
	}
	index, err := w.Append(ctx, rec.Leaf())
	if err != nil {
		return err
	}
	if err := ledger.Indexed(ctx, row.Leaf, index); err != nil {
		return err
	}
	raw, err := w.Published(ctx, index)
	if err != nil {
		return err
	}
	cp, err := trust.Log().Open(raw)
	if err != nil {
		return err
	}
	proof, err := log.NewTree(cp, os.DirFS(dir).(fs.ReadFileFS)).Inclusion(index)
	if err != nil {
		return err
	}
	return os.WriteFile(strings.TrimSuffix(path, ".json")+".tlog-proof", proof.Format(), 0o644)
}
