package main

import (
	"fmt"

	"github.com/valetkey/valetkey/sas"
)

type sasVerifyCmd struct {
	judgeSettings
	Quiet bool `short:"q" help:"Say nothing; the exit status tells."`
}

// Help is shown by --help.
func (sasVerifyCmd) Help() string {
	return `It takes what explain takes and answers by its exit status: 0 when the SAS works, 1 when it is refused or could not be checked for want of a key or of a known operation, 2 when the command line makes no sense.

  valetkey sas verify "$URL" --method PUT --quiet && echo works

` + variables
}

// Run exits with 0 when the SAS works, and with 1 when it is refused or no key was there to check it.
func (c sasVerifyCmd) Run(std streams) error {
	explanation, err := c.judge(std)
	if err != nil {
		return err
	}
	switch {
	case c.Quiet:
	case c.JSON:
		if err := writeJSON(std.out, explanation); err != nil {
			return err
		}
	case explanation.Verdict == sas.Works:
		fmt.Fprintln(std.out, "works")
	case explanation.Has(sas.CodeOperation) && explanation.Verdict == sas.Unverified:
		for _, f := range explanation.Findings {
			if f.Code == sas.CodeOperation {
				fmt.Fprintf(std.err, "valetkey: not verified: %s %s\n", f.Message, f.Hint)
			}
		}
	case explanation.Verdict == sas.Unverified:
		fmt.Fprintln(std.err, "valetkey: not verified: it takes the key (--account-key, --connection-string or --delegation-key), the account, container and blob where only a SAS is given, and --policy where a stored access policy governs it")
	default:
		for _, f := range explanation.Findings {
			if f.Severity == sas.Failure {
				fmt.Fprintf(std.err, "valetkey: refused: %s: %s\n", f.Code, f.Message)
			}
		}
	}
	if explanation.Verdict != sas.Works {
		return exitCode(1)
	}
	return nil
}
