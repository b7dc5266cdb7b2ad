// Command valetkey hands out shared access signatures, checks what was uploaded with them and, for who has no storage
// account, is the Blob service too. Every subcommand is one file in this folder; this one only dispatches.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build (-ldflags "-X main.version=…").
var version = "dev"

// cli is the command line. Each field is a subcommand, declared in the file that bears its name.
type cli struct {
	Serve            serveCmd            `cmd:"" help:"Run the API, the web app and, without --storage, the embedded Blob service."`
	Storage          storageCmd          `cmd:"" help:"Run the embedded Blob service alone."`
	ConnectionString connectionStringCmd `cmd:"" help:"Print how to reach a data folder's Blob service. Holds the account key."`
	SAS              sasCmd              `cmd:"" name:"sas" help:"Make, explain and verify shared access signatures."`
	Photo            photoCmd            `cmd:"" help:"Check photos with the pipeline that the server publishes through."`
	Import           importCmd           `cmd:"" help:"Publish a folder tree of old photos."`
	Version          versionCmd          `cmd:"" help:"Print the version."`

	profileFlags
}

// streams are the process's standard streams, passed to every subcommand so that tests can hold them.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// ballast is memory that nobody touches, so that it is never resident. It counts for the garbage collector, which waits
// until as much again has been allocated: a server that holds next to nothing would collect twenty times a second for
// nothing, and once more while it starts.
const ballast = 7 << 20

func main() {
	untouched := make([]byte, ballast)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	runtime.KeepAlive(untouched)
	os.Exit(status)
}

// exitCode is an error that has already been told to the user and only carries the process's exit status.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit status %d", int(c)) }

// usageError is an error in what the command line says, found only while it was carried out.
type usageError struct{ error }

// run parses args, runs the subcommand and returns the process's exit status: 0 for success, 1 for a failure, 2 for
// a command line that makes no sense.
func run(ctx context.Context, args []string, std streams) (status int) {
	var c cli
	exited, calm := -1, false
	parser, err := kong.New(&c,
		kong.Name("valetkey"),
		kong.Description("Lets a site's users upload photos straight to Azure Blob Storage without ever seeing its keys."),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.DefaultEnvars("VALETKEY"),
		kong.ExplicitGroups(flagGroups),
		kong.Help(calmHelp(&calm)),
		kong.ValueFormatter(valueHelp(&calm)),
		kong.Writers(std.out, std.err),
		kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
	)
	if err != nil {
		fmt.Fprintln(std.err, "valetkey:", err)
		return 1
	}
	parsed, err := parser.Parse(args)
	if exited >= 0 { // --help was answered
		return exited
	}
	if err != nil {
		fmt.Fprintln(std.err, "valetkey:", redact(err.Error()))
		fmt.Fprintln(std.err, "Run 'valetkey --help' to see what there is.")
		return 2
	}
	stopProfile, err := c.start()
	if err == nil {
		err = errors.Join(parsed.Run(), stopProfile())
	}
	switch {
	case err == nil:
		return 0
	case errors.As(err, new(exitCode)):
		var code exitCode
		errors.As(err, &code)
		return int(code)
	default:
		fmt.Fprintln(std.err, "valetkey:", redact(err.Error()))
		if errors.As(err, new(usageError)) {
			return 2
		}
		return 1
	}
}

// calmHelp prints the help of "valetkey sas" without the variable behind every flag, which says it of all at once. The
// other commands are set up by variables, and name each.
func calmHelp(calm *bool) kong.HelpPrinter {
	return func(options kong.HelpOptions, ctx *kong.Context) error {
		for node := ctx.Selected(); node != nil; node = node.Parent {
			*calm = *calm || node.Name == "sas"
		}
		return kong.DefaultHelpPrinter(options, ctx)
	}
}

func valueHelp(calm *bool) kong.HelpValueFormatter {
	return func(value *kong.Value) string {
		if *calm {
			return value.Help
		}
		return kong.DefaultHelpValueFormatter(value)
	}
}
