// Package show is the command config show.
package show

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/config"
	"github.com/spf13/cobra"
)

const defaultConfig = "marketops.yaml"

// Options are what the command line says.
type Options struct {
	Config string // file
}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "show",
		Short: "Show each setting and where it came from",
		Long: `Show each setting and where it came from: flag, environment, file or default. Credentials are shown by
the name of their source, never by value. Mode, GitHub's address and trust never come from the
environment.`,
		Args: cli.Args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return run(e, o) },
	}
	c.Flags().StringVarP(&o.Config, "config", "c", defaultConfig, "what may be published, and where GitHub is")
	return c
}

// load returns nil where the file of the default is not there: every setting is then its default.
func load(path string) (*config.File, error) {
	if _, err := os.Stat(path); path == defaultConfig && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return config.Load(path)
}

type setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

type configView struct {
	Schema   string    `json:"schema"`
	Settings []setting `json:"settings"`
}

func run(e *env.Env, o Options) error {
	file, err := load(o.Config)
	if err != nil {
		return err
	}
	state, err := env.State()
	if err != nil {
		return err
	}
	v := configView{Schema: "marketops.config-show/v1"}
	if v.Settings, err = settings(e, state, o.Config, file); err != nil {
		return err
	}
	rows := [][]string{{"SETTING", "VALUE", "FROM"}}
	for _, s := range v.Settings {
		rows = append(rows, []string{s.Name, s.Value, s.From})
	}
	e.Table(rows)
	return e.Result(v)
}

func settings(e *env.Env, state, path string, file *config.File) ([]setting, error) {
	memory, err := env.Memory()
	if err != nil {
		return nil, err
	}
	core, err := coreSetting(e, state, path, file)
	if err != nil {
		return nil, err
	}
	trust := setting{"trust", e.TrustFlag, "flag --trust"}
	if e.TrustFlag == "" {
		trust = setting{"trust", filepath.Join(state, "trust.json"), "default"}
	}
	out := []setting{
		{"mode", string(marketops.DryRun), "default; --mode prod on publish alone raises it"},
		{"state", state, "nearest " + env.StateName + " upward"}, {"memory", memory, "XDG_STATE_HOME, or the home folder"}, core, trust,
	}
	return append(out, githubSettings(path, file)...), nil
}

func coreSetting(e *env.Env, state, path string, file *config.File) (setting, error) {
	switch {
	case e.CoreFlag != "":
		return setting{"core", e.CoreFlag, "flag --core"}, nil
	case os.Getenv("MARKETOPS_CORE") != "":
		return setting{"core", os.Getenv("MARKETOPS_CORE"), "environment MARKETOPS_CORE"}, nil
	case file != nil && file.Core != "":
		return setting{"core", file.Core, path}, nil
	}
	address, err := e.CoreAddress(state, "")
	return setting{"core", address, "default"}, err
}

func githubSettings(path string, file *config.File) []setting {
	given, from := config.DefaultGitHub(), "default ("+path+" is not there)"
	if file != nil {
		given, from = file.GitHub, path
	}
	usual := config.DefaultGitHub()
	origin := func(value, standard string) string {
		if value == standard {
			return "default"
		}
		return from
	}
	out := []setting{
		{"github.api", given.API, origin(given.API, usual.API)},
		{"github.uploads", given.Uploads, origin(given.Uploads, usual.Uploads)},
	}
	if a := given.App; a != nil {
		out = append(out, setting{"github.app.id", strconv.Itoa(a.ID), from},
			setting{"github.app.installation", strconv.Itoa(a.Installation), from}, setting{"github.app.key", a.Key, from})
	} else {
		out = append(out, setting{"github.token", given.Token, origin(given.Token, usual.Token)})
	}
	ca := setting{"github.ca", given.CA, origin(given.CA, "")}
	if ca.Value == "" {
		ca.Value = "the system's list"
	}
	return append(out, ca, setting{"github.read_token", given.ReadToken, origin(given.ReadToken, usual.ReadToken)})
}
