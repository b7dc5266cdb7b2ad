package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/valetkey/valetkey/sas"
)

type sasExplainCmd struct {
	judgeSettings
	StringToSign bool `help:"Show the string-to-sign even when the signature is right."`
}

// Help is shown by --help.
func (sasExplainCmd) Help() string {
	return `It says what the SAS allows, where, and for how much longer; then what is wrong with it, the likeliest cause first. With the key it also says whether the signature is right, and if not, what was signed instead. The signature itself is never shown.

  valetkey sas explain 'https://acct.blob.core.windows.net/images/cat.jpg?sv=…'
  pbpaste | valetkey sas explain - --op 'Put Block'
  valetkey sas explain "$URL" --method PUT --ip 203.0.113.7 --json

Put the URL in quotes: it holds "&", which a shell takes for its own.

` + variables
}

// Run explains a SAS. It succeeds whatever the verdict: verify is the command for scripts.
func (c sasExplainCmd) Run(std streams) error {
	explanation, err := c.judge(std)
	if err != nil {
		return err
	}
	if c.JSON {
		return writeJSON(std.out, explanation)
	}
	if !c.StringToSign && explanation.Signature != sas.SignatureWrong {
		explanation.StringToSign = nil
	}
	_, err = io.WriteString(std.out, explanationText(explanation))
	return err
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

var verdictWords = map[sas.Verdict]string{
	sas.Works:      "It works.",
	sas.Refused:    "It is refused.",
	sas.Unverified: "Nothing speaks against it, but not all could be checked: the signature needs the key, a stored access policy its content.",
}

// explanationText lays an explanation out for people.
func explanationText(e sas.Explanation) string {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-10s %s\n", name, value)
		}
	}
	if e.Kind != "" {
		fmt.Fprintf(&b, "%s%s, version %s\n", strings.ToUpper(e.Kind[:1]), e.Kind[1:], e.Version)
	}
	line("opens", e.Target)
	for i, right := range e.Allows {
		line([]string{"allows", ""}[min(i, 1)], right)
	}
	if e.Start != nil {
		line("from", e.Start.Format(time.RFC3339))
	}
	if e.Expiry != nil {
		line("until", e.Expiry.Format(time.RFC3339)+", "+e.Lasts)
	}
	for i, limit := range e.Limits {
		line([]string{"limits", ""}[min(i, 1)], limit)
	}
	line("judged for", e.Operation)
	line("signature", string(e.Signature))
	fmt.Fprintf(&b, "\n%s\n", verdictWords[e.Verdict])
	for _, f := range e.Findings {
		fmt.Fprintf(&b, "\n%s [%s]: %s\n", f.Severity, f.Code, f.Message)
		if f.Hint != "" {
			fmt.Fprintf(&b, "  %s\n", f.Hint)
		}
	}
	if len(e.StringToSign) > 0 {
		b.WriteString("\nThe string-to-sign, one field a line:\n")
		for _, f := range e.StringToSign {
			fmt.Fprintf(&b, "  %-24s %q\n", f.Name, f.Value)
		}
	}
	return b.String()
}
