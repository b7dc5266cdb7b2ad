package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/valetkey/valetkey/sas"
)

// onTerminal reports whether somebody sits at a terminal to be asked.
func onTerminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// ask fills in what flags did not say. Questions go to stderr, so that stdout holds the SAS alone. Secrets are not asked
// for: they come from the environment.
func (c *sasNewCmd) ask(std streams) error {
	in := bufio.NewReader(std.in)
	question := func(text, fallback string) (string, error) {
		if fallback != "" {
			text += " [" + fallback + "]"
		}
		fmt.Fprint(std.err, text+": ")
		answer, err := in.ReadString('\n')
		if err != nil && answer == "" {
			return "", fmt.Errorf("no answer: %w", err)
		}
		if answer = strings.TrimSpace(answer); answer == "" {
			answer = fallback
		}
		return answer, nil
	}
	var life string
	ofAccount := func() bool { return c.Kind == "account" }
	for _, q := range []struct {
		text, fallback string
		answer         *string
		skip           func() bool
		check          func(answer string) error // asked again until it is nil
	}{
		{"Kind (service, user-delegation, account)", c.Kind, &c.Kind, nil, oneOf("service", "user-delegation", "account")},
		{"Account", c.accountName(), &c.Account, nil, nil},
		{"Container", "", &c.Container, ofAccount, func(answer string) error {
			if answer == "" {
				return fmt.Errorf("a %s SAS needs a container", c.Kind)
			}
			return nil
		}},
		{"Blob (empty for the whole container)", "", &c.Blob, ofAccount, nil},
		{"For which operation, such as Put Block (empty for several)", c.Op, &c.Op, nil, func(answer string) error { _, err := operation(answer); return err }},
		{"Levels: s service, c containers, o blobs (empty for that of the operation, else o)", "", &c.ResourceTypes, func() bool { return !ofAccount() }, func(answer string) (err error) {
			if answer != "" {
				_, err = sas.ParseResourceTypes(answer)
			}
			return err
		}},
		{"Permissions: r read, c create, w write, d delete, l list, … (empty for what the operation needs, else r)", "", &c.Permissions, nil, nil},
		{"Good for how long", c.ExpiresIn.String(), &life, nil, func(answer string) (err error) {
			if c.ExpiresIn, err = time.ParseDuration(answer); err != nil || c.ExpiresIn <= 0 {
				return fmt.Errorf("%q is no length of time such as 90m or 2h", answer)
			}
			return nil
		}},
		{"Over https only, or any", c.Protocol, &c.Protocol, nil, oneOf("https", "any")},
		{"Only from which IPv4 address or range (empty for any)", "", &c.IP, nil, func(answer string) (err error) {
			if answer != "" {
				_, err = sas.ParseIPRange(answer)
			}
			return err
		}},
	} {
		if q.skip != nil && q.skip() {
			continue
		}
		for {
			answer, err := question(q.text, q.fallback)
			if err != nil {
				return err
			}
			if q.check != nil {
				if err := q.check(answer); err != nil {
					fmt.Fprintln(std.err, redact(err.Error()))
					continue
				}
			}
			*q.answer = answer
			break
		}
		if q.answer == &c.Account && c.Kind != "user-delegation" {
			if _, _, err := c.signingKey(); err != nil {
				return err // rather than after all the other questions
			}
		}
	}
	return nil
}

// oneOf takes these answers only.
func oneOf(answers ...string) func(string) error {
	return func(answer string) error {
		if !slices.Contains(answers, answer) {
			return fmt.Errorf("%q is none of %s", answer, strings.Join(answers, ", "))
		}
		return nil
	}
}

// accountName is the account that is known without asking.
func (c *sasNewCmd) accountName() string {
	if c.Account != "" {
		return c.Account
	}
	conn, _, _ := c.connection()
	return conn.Account
}
