package main

import "github.com/spf13/cobra"

func newVerify(g *globals) *cobra.Command { return &cobra.Command{Use: "verify"} }
func newAudit(g *globals) *cobra.Command  { return &cobra.Command{Use: "audit"} }
